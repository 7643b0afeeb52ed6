"""EPC properties: an independent library agrees, nothing is lost on the way, no cut is believed."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from epcpy.epc_schemes.gdti import GDTI
from epcpy.epc_schemes.giai import GIAI
from epcpy.epc_schemes.grai import GRAI
from epcpy.epc_schemes.gsrn import GSRN
from epcpy.epc_schemes.gsrnp import GSRNP
from epcpy.epc_schemes.sgln import SGLN
from epcpy.epc_schemes.sgtin import SGTIN
from epcpy.epc_schemes.sscc import SSCC
from epcpy.utils.parsers import hex_to_tag_encodable
from hypothesis import assume, example, given
from hypothesis import strategies as st

from firmware_sims import epc as theirs
from wire.epc import EpcError, check_digit, decode, encode, sscc18_from_uri, uri_from_hex

CHARACTERS = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
ESCAPES = {ord(one): f"%{ord(one):02X}" for one in '"%&/<>?'}
SHORT_SERIALS = {"sgtin": 38, "sgln": 41, "grai": 38, "gdti": 41}
LONG_SCHEMES = {"sgtin": "198", "sgln": "195", "grai": "170", "gdti": "174", "giai": "202"}
CHARACTERS_MAX = {"sgtin": 20, "sgln": 20, "grai": 16, "gdti": 17}
REFERENCE_DIGITS = {"sgtin": 13, "sscc": 17, "sgln": 12, "grai": 12, "gdti": 12, "gsrn": 17}
"""Digits of company prefix and reference together."""
ASSET_BITS = (42, 45, 48, 52, 55, 58, 62)
PLAIN = "".join(one for one in CHARACTERS if one not in ':/<>?%&"')
"""The library cuts a GIAI at a colon, and counts or misreads escapes."""
CLASSES: dict[str, Any] = {
    "sgtin": SGTIN, "sscc": SSCC, "sgln": SGLN, "grai": GRAI, "giai": GIAI, "gdti": GDTI,
    "gsrn": GSRN, "gsrnp": GSRNP,
}  # fmt: skip


def digits(count: int) -> st.SearchStrategy[str]:
    """Return numbers of so many digits."""
    return st.integers(0, 10**count - 1).map(lambda one: f"{one:0{count}d}" if count else "")


@st.composite
def identities(draw: st.DrawFn, alphabet: str = CHARACTERS) -> tuple[str, str]:
    """Draw (scheme, pure identity URI), every classic scheme and partition among them."""
    key = draw(st.sampled_from(sorted(CLASSES)))
    partition = draw(st.integers(0, 6))
    company = draw(digits(12 - partition))
    texts = st.text(st.sampled_from(alphabet), min_size=1, max_size=CHARACTERS_MAX.get(key, 18))
    is_long = draw(st.booleans()) and key in LONG_SCHEMES
    if key == "giai":
        number = st.integers(0, 2 ** ASSET_BITS[partition] - 1).map(str)
        reference = draw(texts if is_long else number)
        body = f"{company}.{reference.translate(ESCAPES)}"
    else:
        total = REFERENCE_DIGITS["gsrn" if key == "gsrnp" else key]
        body = f"{company}.{draw(digits(total - len(company)))}"
        if key in CHARACTERS_MAX:
            number = st.integers(0, 2 ** SHORT_SERIALS[key] - 1).map(str)
            serial = draw(texts if is_long else number)
            body = f"{body}.{serial.translate(ESCAPES)}"
    return f"{key}-{LONG_SCHEMES[key] if is_long else 96}", f"urn:epc:id:{key}:{body}"


@given(identity=identities(PLAIN), filter_value=st.integers(0, 7))
@example(identity=("sgln-96", "urn:epc:id:sgln:952114112345..2199023255551"), filter_value=7)
@example(identity=("sgtin-96", "urn:epc:id:sgtin:999999999999.9.274877906943"), filter_value=7)
@example(identity=("giai-96", "urn:epc:id:giai:999999.4611686018427387903"), filter_value=0)
def test_an_independent_library_reads_what_we_write_and_the_other_way(
    identity: tuple[str, str], filter_value: int
) -> None:
    """The oracle shares no code with us: other firms' readers will read our tags."""
    scheme, uri = identity
    text = encode(uri, scheme=scheme, filter_value=filter_value)
    theirs_of = CLASSES[scheme.partition("-")[0]]
    coding = theirs_of.BinaryCodingScheme(scheme)
    names = {one.value: one for one in filter_enum(theirs_of)}
    oracle = theirs_of(uri)
    binary = oracle.binary(binary_coding_scheme=coding, filter_value=names[str(filter_value)])
    assert text == f"{int(binary.ljust(len(text) * 4, '0'), 2):0{len(text)}X}"
    epc = decode(text)
    assert (epc.uri, epc.scheme, epc.filter) == (uri, scheme, filter_value)
    assert epc.tag_uri == oracle.tag_uri(
        binary_coding_scheme=coding, filter_value=names[str(filter_value)]
    )
    if not (scheme.startswith("sgln") and uri.endswith(".0")):  # 0: the location itself.
        assert epc.element_string == oracle.gs1_element_string()
    assert hex_to_tag_encodable(text).epc_uri == uri


def filter_enum(scheme: Any) -> Any:  # noqa: ANN401 - the library bears no types
    """Return the enumeration of a scheme's filter values."""
    module = __import__(scheme.__module__, fromlist=["x"])
    return getattr(module, f"{scheme.__name__}FilterValue")


@given(identity=identities(), filter_value=st.integers(0, 7))
@example(identity=("giai-202", "urn:epc:id:giai:999999.A(8004)"), filter_value=1)
@example(identity=("sgtin-198", "urn:epc:id:sgtin:0614141.812345.(21)%2F%25"), filter_value=1)
def test_every_form_leads_back_to_the_same_tag(
    identity: tuple[str, str], filter_value: int
) -> None:
    """A link on the label, a URI in the notice and the tag must name one carton."""
    scheme, uri = identity
    epc = decode(encode(uri, scheme=scheme, filter_value=filter_value))
    company = uri.split(":")[4].partition(".")[0]
    for form in (epc.element_string, epc.digital_link):
        again = encode(form, scheme=scheme, filter_value=filter_value, company_digits=len(company))
        assert again == epc.hex
    plus = decode(encode(epc.digital_link, filter_value=filter_value))
    assert plus.scheme.endswith("+")
    assert (plus.element_string, plus.filter) == (epc.element_string, filter_value)


@given(serial=st.one_of(*(
    st.text(st.sampled_from(alphabet), min_size=1, max_size=20)
    for alphabet in ("0123456789", "0123456789ABCDEF", "089abf", "ABXYZ-.:019", "azAZ09-_",
                     CHARACTERS)
)))  # fmt: skip
@example(serial="0" * 20)
@example(serial="AB:")
@example(serial="AB:C")
def test_each_encoding_of_a_plus_serial_keeps_every_character(serial: str) -> None:
    """Leading zeros and case are part of a serial: 007 and 7 are two cartons."""
    epc = decode(encode(f"(01)79521141123453(21){serial}"))
    assert epc.serial == serial


@given(identity=identities(), data=st.data())
def test_no_truncated_tag_is_believed(identity: tuple[str, str], data: st.DataObject) -> None:
    """A reader that cuts a long EPC at 96 bits would name one carton for many."""
    scheme, uri = identity
    text = encode(uri, scheme=scheme)
    link = decode(text).digital_link
    plus = encode(link)
    needed = len(plus.rstrip("0")) // 2  # Zeros at the end may be the padding that nobody misses.
    for whole, bytes_min in ((text, len(text) // 2), (plus, needed)):
        cut = data.draw(st.integers(0, max(0, bytes_min - 1)))
        if scheme.endswith(("198", "195", "170", "174", "202")) and whole is text:
            assume(cut != len(text) // 2 - 1)  # Whole bytes instead of whole words.
        with pytest.raises(EpcError):
            decode(whole[: 2 * cut])


@given(data=st.binary(max_size=40), header=st.sampled_from(
    [0x2C, 0x2D, 0x2E, 0x30, 0x31, 0x32, 0x33, 0x34, 0x36, 0x37, 0x38, 0x39, 0x3E,
     0xF1, 0xF2, 0xF4, 0xF5, 0xF6, 0xF7, 0xF9, 0xFA, 0x00, 0xE2, 0xFB]))  # fmt: skip
def test_any_bits_are_refused_or_written_back_exactly(data: bytes, header: int) -> None:
    """Noise is refused with a reason, or it is a tag and nothing else than that tag."""
    text = bytes([header, *data]).hex().upper()
    try:
        epc = decode(text)
    except EpcError:
        return
    if epc.aidc_hex is not None:
        return
    forms = epc.forms()
    again = encode(
        forms.tag_uri or forms.element_string, filter_value=epc.filter, scheme=epc.scheme
    )
    if epc.company is not None:
        assert again[: len(text)].ljust(len(text), "0") == text
    else:  # The writer of the tag may have chosen a wider encoding of the serial.
        assert decode(again)[1:] == epc[1:]


@given(text=st.text(max_size=60))
@example(text="urn:epc:id:sgtin:٠٦١٤١٤١.812345.1")
@example(text="(01)٧٩٥٢١١٤١١٢٣٤٥٣(21)1")
@example(text="(8004)٧٩٥٢١")
def test_any_text_is_refused_or_understood(text: str) -> None:
    """What people paste must not end the command; digits of other scripts are no digits here."""
    for head in ("", "urn:epc:id:sgtin:", "https://id.gs1.org/", "("):
        with contextlib.suppress(EpcError):
            decode(encode(head + text))


@given(body=st.text("0123456789", min_size=1, max_size=17))
def test_a_check_digit_makes_the_weighted_sum_a_multiple_of_ten(body: str) -> None:
    """Source: GS1 General Specifications, section 7.9."""
    whole = (body + check_digit(body))[::-1]
    assert sum(int(one) * (3 if at % 2 else 1) for at, one in enumerate(whole)) % 10 == 0


@given(reference=st.integers(0, 10**10 - 1), item=st.integers(0, 10**6 - 1), serial=st.integers(0))
def test_the_simulators_encoder_and_our_decoder_agree(
    reference: int, item: int, serial: int
) -> None:
    """Both were written from the standard, apart from each other."""
    pallet = theirs.sscc96("0614141", f"{reference:010d}").hex()
    assert sscc18_from_uri(uri_from_hex(pallet)) == theirs.sscc18("0614141", f"{reference:010d}")
