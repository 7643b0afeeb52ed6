"""Tags written by the simulated hall, against the examples that the standard prints."""

from __future__ import annotations

import pytest
from epcpy.utils.parsers import hex_to_tag_encodable
from hypothesis import given
from hypothesis import strategies as st

from firmware_sims.epc import gtin14, sgtin96, sgtin_uri, sscc18, sscc96


def test_a_carton_is_written_as_the_standard_prints_it() -> None:
    """TDS 1.13, E.3: urn:epc:tag:sgtin-96:3.0614141.812345.6789."""
    written = sgtin96("0614141", "812345", 6789, filter_value=3)
    assert written.hex().upper() == "3074257BF7194E4000001A85"


def test_a_pallet_is_written_as_the_standard_prints_it() -> None:
    """TDS 1.13, E.3: urn:epc:tag:sscc-96:3.0614141.1234567890."""
    written = sscc96("0614141", "1234567890", filter_value=3)
    assert written.hex().upper() == "3174257BF4499602D2000000"
    assert sscc18("0614141", "1234567890") == "106141412345678908"


def test_a_trade_item_ends_in_its_check_digit() -> None:
    """GS1 General Specifications, 7.9: weights 3, 1, 3 ... from the right."""
    assert gtin14("0614141", "812345") == "80614141123458"


@given(
    item=st.integers(0, 999_999).map(lambda number: f"{number:06d}"),
    serial=st.integers(0, 2**38 - 1),
)
def test_another_library_reads_the_carton_that_was_meant(item: str, serial: int) -> None:
    """The hall's tags must be right by themselves: the edge is not asked."""
    told = hex_to_tag_encodable(sgtin96("0614141", item, serial).hex().upper())
    assert told.epc_uri == sgtin_uri("0614141", item, serial)


@pytest.mark.parametrize(("item", "serial"), [("81234", 1), ("81234x", 1), ("812345", 2**38)])
def test_what_does_not_fit_is_refused(item: str, serial: int) -> None:
    """A number that is cut silently would be another carton's."""
    with pytest.raises(ValueError, match=r"digits|fit"):
        sgtin96("0614141", item, serial)
