"""EPC tables: the standard's printed examples, and everything that it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wire.epc import EpcError, decode, encode, hex_from_uri, sscc18_from_uri, uri_from_hex

CASES = Path(__file__).parent / "epc_cases"


def rows(name: str) -> list[dict[str, Any]]:
    """Return one file of cases."""
    return [json.loads(line) for line in (CASES / name).read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", rows("printed.jsonl"), ids=lambda case: case["hex"])
def test_the_standards_examples_decode_and_encode(case: dict[str, Any]) -> None:
    """Source: TDS 1.13 and 2.3, annex E.3; a tag that we write must be read by everybody."""
    epc = decode(case["hex"])
    told = epc.forms()._asdict() | {"scheme": epc.scheme, "filter": epc.filter}
    assert {name: told.get(name) for name in case if name != "hex"} == {
        name: value for name, value in case.items() if name != "hex"
    }
    company_digits = len(epc.company) if epc.company else None
    for form in (told["tag_uri"], told["element_string"], told["digital_link"]):
        if form is None:
            continue
        written = encode(
            form, filter_value=epc.filter, company_digits=company_digits, scheme=epc.scheme
        )
        # What we write fills whole words; the standard prints "+" schemes without the last zeros.
        assert written.rstrip("0") == case["hex"].rstrip("0")
        assert decode(written)[1:] == epc[1:]


@pytest.mark.parametrize("case", rows("refused_tags.jsonl"), ids=lambda case: case["hex"][:40])
def test_bits_that_are_no_epc_are_refused_with_their_reason(case: dict[str, str]) -> None:
    """A reader also reads pallets' plastic tags, new tags and noise; none may become a carton."""
    with pytest.raises(EpcError, match=case["error"]) as refused:
        decode(case["hex"])
    assert refused.value.field
    assert refused.value.remedy


@pytest.mark.parametrize("case", rows("refused_texts.jsonl"), ids=lambda case: case["text"][:60])
def test_text_that_no_tag_can_bear_is_refused_with_its_reason(case: dict[str, str]) -> None:
    """Who prints labels learns which field is wrong, and what to do, before the tag is written."""
    with pytest.raises(EpcError, match=case["error"]) as refused:
        encode(case["text"])
    assert refused.value.field
    assert refused.value.remedy


def test_the_shortest_scheme_that_holds_the_serial_is_chosen() -> None:
    """A 96-bit tag is the cheap one; letters and leading zeros need the long one."""
    assert hex_from_uri("urn:epc:id:sgtin:0614141.812345.6789").startswith("30")
    assert hex_from_uri("urn:epc:id:sgtin:0614141.812345.06789").startswith("36")
    assert hex_from_uri("urn:epc:id:sgtin:0614141.812345.A1").startswith("36")
    assert hex_from_uri("urn:epc:id:giai:0614141.A1").startswith("38")
    assert hex_from_uri("urn:epc:id:sgln:0614141.12345.274877906944").startswith("32")


def test_links_become_plus_tags_unless_the_prefix_is_told() -> None:
    """A link does not say where the company prefix ends, and a guess would name another firm."""
    link = "https://example.com/some/path/01/79521141123453/21/5"
    assert encode(link).startswith("F7")
    assert uri_from_hex(encode(link, company_digits=7)) == "urn:epc:id:sgtin:9521141.712345.5"
    with pytest.raises(EpcError, match="how long its company prefix is"):
        encode(link, scheme="sgtin-96")
    with pytest.raises(EpcError, match="a prefix has 6"):
        encode(link, company_digits=5)
    with pytest.raises(EpcError, match="does not hold a sgtin"):
        encode(link, scheme="sscc+")
    with pytest.raises(EpcError, match="filter 8"):
        encode(link, filter_value=8)


def test_a_location_without_extension_stays_without() -> None:
    """Extension 0 is the location itself: the label bears (414) alone."""
    epc = decode(encode("(414)9521141123454", company_digits=7))
    assert epc.uri == "urn:epc:id:sgln:9521141.12345.0"
    assert epc.element_string == "(414)9521141123454"
    assert decode(encode("(414)9521141123454")).digital_link.endswith("/414/9521141123454")


def test_aidc_data_after_the_identity_are_kept_as_they_are() -> None:
    """A tag with batch and date behind its identity is the same carton."""
    # Toggle 1, then (17) 261231 after the serial's 111 bits: header 17, then 16 bits of date.
    plain = int("F7B795211411234538566CB0AFC4", 16) >> 1
    bits = plain << 24 | 0x17 << 16 | 26 << 9 | 12 << 5 | 31
    epc = decode(f"{bits << 9:036X}")
    assert epc.element_string == "(01)79521141123453(21)32a/b"
    assert epc.aidc_hex is not None
    assert epc.aidc_hex.startswith("17")


def test_the_label_shows_the_sscc_with_its_check_digit() -> None:
    """Source: TDS annex E.3, (00)106141412345678908; a "+" tag says it by its link."""
    assert sscc18_from_uri("urn:epc:id:sscc:0614141.1234567890") == "106141412345678908"
    assert sscc18_from_uri(uri_from_hex("F90095201234567891235")) == "095201234567891235"
    with pytest.raises(EpcError, match="no SSCC"):
        sscc18_from_uri("urn:epc:id:sgtin:0614141.812345.6789")
