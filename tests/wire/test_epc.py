"""EPC decoding against the printed examples of the Tag Data Standard and an independent library."""

from __future__ import annotations

import pytest
from epcpy.utils.parsers import hex_to_tag_encodable
from hypothesis import given
from hypothesis import strategies as st

from firmware_sims import epc as theirs
from wire.epc import EpcError, decode, hex_from_uri, sscc18_from_uri, uri_from_hex


@pytest.mark.parametrize(
    ("text", "uri", "filter_value"),
    [
        ("3074257BF7194E4000001A85", "urn:epc:id:sgtin:0614141.812345.6789", 3),
        ("3174257BF4499602D2000000", "urn:epc:id:sscc:0614141.1234567890", 3),
    ],
)
def test_the_standards_examples_decode_and_encode(text: str, uri: str, filter_value: int) -> None:
    """Source: TDS annex E.3."""
    epc = decode(text)
    assert (epc.uri, epc.filter) == (uri, filter_value)
    assert hex_from_uri(uri, filter_value=filter_value) == text


def test_the_label_shows_the_sscc_with_its_check_digit() -> None:
    """Source: TDS annex E.3, (00)106141412345678908."""
    assert sscc18_from_uri("urn:epc:id:sscc:0614141.1234567890") == "106141412345678908"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("E2003411B802011383258566", "TID"),
        ("000000000000000000000000", "unprogrammed"),
        ("3274257BF46072000000162E", "not supported"),
        ("30FC257BF7194E4000001A85", "partition 7"),
        ("3074257BF7194E40", "96"),
        ("zz", "hexadecimal"),
        ("", "no bits"),
        ("3174257BF4499602D2000001", "not zero"),
        ("3063FFFFFFFFFFFFC0000001", "digits"),
    ],
)
def test_what_is_no_epc_is_refused_with_its_reason(text: str, reason: str) -> None:
    """A reader also reads pallets' plastic tags, new tags and noise."""
    with pytest.raises(EpcError, match=reason):
        decode(text)


@given(
    partition=st.integers(0, 6),
    company=st.integers(0, 10**12 - 1),
    item=st.integers(0, 10**7 - 1),
    serial=st.integers(0, 2**38 - 1),
    filter_value=st.integers(0, 7),
)
def test_an_sgtin_survives_the_round_trip_and_an_independent_library_agrees(
    partition: int, company: int, item: int, serial: int, filter_value: int
) -> None:
    """The oracle shares no code with us."""
    digits = 12 - partition
    uri = (
        f"urn:epc:id:sgtin:{company % 10**digits:0{digits}d}"
        f".{item % 10 ** (partition + 1):0{partition + 1}d}.{serial}"
    )
    text = hex_from_uri(uri, filter_value=filter_value)
    assert decode(text).uri == uri
    assert hex_to_tag_encodable(text).epc_uri == uri


@given(reference=st.integers(0, 10**10 - 1), item=st.integers(0, 10**6 - 1), serial=st.integers(0))
def test_the_simulators_encoder_and_our_decoder_agree(
    reference: int, item: int, serial: int
) -> None:
    """Both were written from the standard, apart from each other."""
    pallet = theirs.sscc96("0614141", f"{reference:010d}").hex()
    assert sscc18_from_uri(uri_from_hex(pallet)) == theirs.sscc18("0614141", f"{reference:010d}")
    carton = theirs.sgtin96("0614141", f"{item:06d}", serial % 2**38).hex()
    assert uri_from_hex(carton) == theirs.sgtin_uri("0614141", f"{item:06d}", serial % 2**38)
