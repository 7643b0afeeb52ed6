"""A decoded tag and every way to write what it says (pure).

Source: Tag Data Standard 2.3, chapters 6 (pure identity), 7 (GS1 keys), 12 (tag URI); GS1 Digital
Link: URI Syntax 1.4, canonical form.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from wire.epc.characters import check_digit, link_escaped, urn_escaped
from wire.epc.tables import KEYS, SERIAL_IS_NONE, Shape

LINK_STEM: Final = "https://id.gs1.org"
_SHAPES: Final = {
    name: (key.ai, key.serial_ai, key.lead, key.shape is Shape.FIRST_DIGIT_AHEAD)
    for name, key in KEYS.items()
}


class Forms(NamedTuple):
    """Every way to write a tag's identity."""

    uri: str | None
    """Pure identity: it does not bear the filter; None for a "+" tag."""
    tag_uri: str | None
    """Pure identity with scheme and filter; None for a "+" tag."""
    digital_link: str
    """GS1 Digital Link, canonical."""
    element_string: str
    """GS1 element string with its application identifiers in brackets."""


class Epc(NamedTuple):
    """A decoded tag."""

    hex: str
    """Upper-case hexadecimal digits of whole bytes."""
    scheme: str
    """As the standard names it: sgtin-96, sgtin+."""
    filter: int
    key: str
    """The GS1 key: sgtin, sscc, sgln, grai, giai, gdti, gsrn, gsrnp."""
    company: str | None
    """Company prefix; a "+" tag does not tell how long it is."""
    reference: str
    """What follows the company prefix in a URI; of a "+" tag the whole key with check digit."""
    serial: str | None
    aidc_hex: str | None = None
    """The +AIDC data after the identity, left aligned and as they are; None without."""

    @property
    def uri(self) -> str | None:
        """Pure identity: it does not bear the filter; None for a "+" tag."""
        return None if self.company is None else f"urn:epc:id:{self.key}:{_urn_body(self)}"

    @property
    def tag_uri(self) -> str | None:
        """Pure identity with scheme and filter; None for a "+" tag."""
        return self.forms().tag_uri

    @property
    def digital_link(self) -> str:
        """GS1 Digital Link, canonical."""
        return self.forms().digital_link

    @property
    def element_string(self) -> str:
        """GS1 element string with its application identifiers in brackets."""
        return self.forms().element_string

    def forms(self) -> Forms:
        """Return every form at once: the check digit is reckoned once for them."""
        uri = tag_uri = None
        ai, serial_ai, _, _ = _SHAPES[self.key]
        value, serial = self.reference, self.serial
        if self.company is not None:
            body = _urn_body(self)
            uri = f"urn:epc:id:{self.key}:{body}"
            tag_uri = f"urn:epc:tag:{self.scheme}:{self.filter}.{body}"
            value = key_value(self.key, self.company, value)
        if serial is None or (serial == SERIAL_IS_NONE and self.key == "sgln"):
            link = f"{LINK_STEM}/{ai}/{link_escaped(value)}"
            return Forms(uri, tag_uri, link, f"({ai}){value}")
        escaped = link_escaped(serial)
        if not serial_ai:
            link = f"{LINK_STEM}/{ai}/{value}{escaped}"
            return Forms(uri, tag_uri, link, f"({ai}){value}{serial}")
        link = f"{LINK_STEM}/{ai}/{value}/{serial_ai}/{escaped}"
        return Forms(uri, tag_uri, link, f"({ai}){value}({serial_ai}){serial}")


def _urn_body(epc: Epc) -> str:
    serial = epc.serial
    if serial is None:  # A GIAI's reference may need escapes; others are digits.
        return f"{epc.company}.{urn_escaped(epc.reference)}"
    return f"{epc.company}.{epc.reference}.{urn_escaped(serial)}"


def key_value(name: str, company: str, reference: str) -> str:
    """Return a key's digits with its check digit, from company prefix and reference."""
    _, _, lead, is_first_ahead = _SHAPES[name]
    if is_first_ahead:
        body = f"{reference[0]}{company}{reference[1:]}"
    elif name == "giai":
        return company + reference
    else:
        body = company + reference
    return f"{lead}{body}{check_digit(body)}"


def split_value(name: str, value: str, company_digits: int) -> tuple[str, str]:
    """Return (company prefix, reference) of a key's digits with its check digit."""
    key = KEYS[name]
    if key.shape is Shape.ASSET:
        return value[:company_digits], value[company_digits:]
    body = value[len(key.lead) : -1]
    if key.shape is Shape.FIRST_DIGIT_AHEAD:
        return body[1 : company_digits + 1], body[0] + body[company_digits + 1 :]
    return body[:company_digits], body[company_digits:]
