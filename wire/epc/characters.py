"""Characters of serials: sets, escapes, and the encodings of the Tag Data Standard (pure).

Source: Tag Data Standard 2.3, table A-1 (characters and their escapes in URIs), 14.5.6 (the six
encodings of the "+" schemes), table 14-8 (URN Code 40); RFC 3986 for GS1 Digital Link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wire.epc.errors import EpcError

if TYPE_CHECKING:
    from collections.abc import Callable

GS1_82: Final = (
    "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
)
_GS1_82_BYTES: Final = GS1_82.encode()
_SET_82: Final = frozenset(GS1_82)
URI_ESCAPED: Final = '"%&/<>?'
_URI_SPECIAL: Final = frozenset(URI_ESCAPED)
_LINK_SPECIAL: Final = frozenset(one for one in GS1_82 if not one.isalnum() and one not in "-._")
"""All but what RFC 3986 calls unreserved."""
BASE64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
UPPER_HEX: Final = "0123456789ABCDEF"
LOWER_HEX: Final = "0123456789abcdef"
CODE_40: Final = "\0ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789"
_CODE_40_PAIR: Final = 40
_CODE_40_TRIPLE: Final = 1600
_CODE_40_MAX: Final = 64_000
_PAIRS: Final = tuple(bytes(divmod(one, 128)) for one in range(1 << 14))
"""Two 7-bit characters by their 14 bits: a serial is cut in half as many steps."""


_DIGITS: Final = "0123456789"
_THRICE_FIRST: Final = tuple(48 * (3 * -(-count // 2) + count // 2) for count in range(41))
_THRICE_SECOND: Final = tuple(48 * (3 * (count // 2) + -(-count // 2)) for count in range(41))
"""By count of digits: what their characters' codes (48 and its like) add to a weighted sum."""


def check_digit(body: str) -> str:
    """Return the GS1 check digit of the digits before it."""
    digits = body.encode()
    # From the right every other digit counts thrice.
    total = 3 * sum(digits[::-2]) + sum(digits[-2::-2]) - _THRICE_FIRST[len(digits)]
    return _DIGITS[-total % 10]


def is_checked(digits: str) -> bool:
    """Tell whether the last of these digits is the check digit of those before it."""
    codes = digits.encode()
    return not (sum(codes[::-2]) + 3 * sum(codes[-2::-2]) - _THRICE_SECOND[len(codes)]) % 10


def urn_escaped(serial: str) -> str:
    """Return a serial as it stands in a pure identity or tag URI."""
    return serial if serial.isalnum() else _escaped(serial, _URI_SPECIAL)


def link_escaped(serial: str) -> str:
    """Return a serial as it stands in the path of a GS1 Digital Link."""
    return serial if serial.isalnum() else _escaped(serial, _LINK_SPECIAL)


def _escaped(text: str, special: frozenset[str]) -> str:
    found = special.intersection(text)
    if "%" in found:  # First: every escape brings a % of its own.
        text = text.replace("%", "%25")
        found = found - {"%"}
    for one in found:
        text = text.replace(one, f"%{ord(one):02X}")
    return text


def check_characters(field: str, text: str, count_max: int) -> None:
    """Raise EpcError unless `text` is 1 to `count_max` characters of the GS1 set of 82."""
    if not text:
        raise EpcError(field, text, "is empty", "give at least one character")
    if len(text) > count_max:
        why = f"{len(text)} characters, at most {count_max} fit"
        raise EpcError(field, text, why, "give a shorter one")
    if not _SET_82.issuperset(text):
        wrong = next(one for one in text if one not in _SET_82)
        why = f"{wrong!r} is not among the 82 characters that GS1 allows"
        raise EpcError(field, text, why, "give letters, digits and !\"%&'()*+,-./:;<=>?_ only")


def string_from_bits(field: str, bits: int, width: int, count_max: int) -> str:
    """Return the characters of a 7-bit string that fills `width` bits, zeros after its last.

    Raises EpcError for an empty one, bits after its end, or characters that GS1 does not allow.
    """
    spare_bits = width % 7
    if not bits:
        check_characters(field, "", count_max)
    # Most strings are short: only what stands ahead of the padding is cut into characters.
    empty_count = ((bits & -bits).bit_length() - 1 - spare_bits) // 7
    count = width // 7 - max(0, empty_count)
    codes = _characters(bits >> width - 7 * count, count)
    if 0 < count <= count_max and empty_count >= 0 and not codes.translate(None, _GS1_82_BYTES):
        return codes.decode("ascii")
    text = codes.rstrip(b"\0")
    if empty_count < 0 or b"\0" in text:
        why = "the bits after the last character are not zero"
        raise EpcError(field, codes.hex().upper(), why, "write the tag again, padded with zeros")
    check_characters(field, text.decode("ascii"), count_max)
    raise AssertionError("one of the three reasons holds")


def _characters(bits: int, count: int) -> bytes:
    """Return so many 7-bit characters, one a byte."""
    if count % 2:
        bits, count = bits << 7, count + 1
        pairs = [_PAIRS[bits >> shift & 0x3FFF] for shift in range(7 * count - 14, -1, -14)]
        return b"".join(pairs)[:-1]
    return b"".join([_PAIRS[bits >> shift & 0x3FFF] for shift in range(7 * count - 14, -1, -14)])


def bits_from_string(text: str, width: int) -> int:
    """Return a string as 7-bit characters, padded with zeros to `width` bits."""
    bits = 0
    for one in text:
        bits = bits << 7 | ord(one)
    return bits << (width - 7 * len(text))


def integer_bits(count: int) -> int:
    """Return the bits of a number of so many digits (table B)."""
    return (int(10**count) - 1).bit_length()


INTEGER_BITS: Final = tuple(integer_bits(count) for count in range(33))


def _digits(bits: int, count: int) -> str:
    text = f"{bits:0{count}d}"
    if len(text) > count:
        why = f"the number has more than the {count} digits that its length tells"
        raise EpcError("serial", text, why, "write the tag again")
    return text


def _by_width(alphabet: str, width: int) -> Callable[[int, int], str]:
    mask = (1 << width) - 1

    def decode(bits: int, count: int) -> str:
        shifts = range(width * (count - 1), -1, -width)
        return "".join([alphabet[bits >> shift & mask] for shift in shifts])

    return decode


def _ascii(bits: int, count: int) -> str:
    codes = _characters(bits, count)
    if codes.translate(None, _GS1_82_BYTES):
        check_characters("serial", codes.decode("ascii"), count)
    return codes.decode("ascii")


def _code_40(bits: int, count: int) -> str:
    groups = -(-count // 3)
    text = ""
    for group in range(groups - 1, -1, -1):
        number = (bits >> 16 * group & 0xFFFF) - 1
        if not 0 <= number < _CODE_40_MAX:
            raise EpcError("serial", f"{number + 1:04X}", "no group of URN Code 40", "write again")
        text += CODE_40[number // _CODE_40_TRIPLE]
        text += CODE_40[number // _CODE_40_PAIR % _CODE_40_PAIR] + CODE_40[number % _CODE_40_PAIR]
    if "\0" in text[:count] or text[count:].strip("\0"):
        why = f"URN Code 40 does not hold the {count} characters that its length tells"
        raise EpcError("serial", text.replace("\0", ""), why, "write the tag again")
    return text[:count]


WIDTHS: Final = (
    INTEGER_BITS,
    *(tuple(width * count for count in range(33)) for width in (4, 4, 6, 7)),
    tuple(16 * -(-count // 3) for count in range(33)),
)
"""By encoding indicator: bits of so many characters (table B)."""
DECODERS: Final[tuple[Callable[[int, int], str], ...]] = (
    _digits,
    _by_width(UPPER_HEX, 4),
    _by_width(LOWER_HEX, 4),
    _by_width(BASE64, 6),
    _ascii,
    _code_40,
)
"""By encoding indicator: from so many bits and a count to characters."""

_ALPHABETS: Final = (
    frozenset("0123456789"),
    frozenset(UPPER_HEX),
    frozenset(LOWER_HEX),
    frozenset(BASE64),
    _SET_82,
    frozenset(CODE_40[1:]),
)


def packed(text: str) -> tuple[int, int, int]:
    """Return (encoding indicator, bits, their count) of the encoding that takes fewest bits."""
    fit = [at for at, alphabet in enumerate(_ALPHABETS) if alphabet.issuperset(text)]
    indicator = min(fit, key=lambda at: WIDTHS[at][len(text)])
    return indicator, _ENCODERS[indicator](text), WIDTHS[indicator][len(text)]


def _pack(alphabet: str, width: int) -> Callable[[str], int]:
    def encode(text: str) -> int:
        bits = 0
        for one in text:
            bits = bits << width | alphabet.index(one)
        return bits

    return encode


def _pack_40(text: str) -> int:
    bits = 0
    for at in range(0, len(text), 3):
        first, second, third = (CODE_40.index(one) for one in text[at : at + 3].ljust(3, "\0"))
        bits = bits << 16 | (_CODE_40_TRIPLE * first + _CODE_40_PAIR * second + third + 1)
    return bits


_ENCODERS: Final[tuple[Callable[[str], int], ...]] = (
    int,
    _pack(UPPER_HEX, 4),
    _pack(LOWER_HEX, 4),
    _pack(BASE64, 6),
    lambda text: bits_from_string(text, 7 * len(text)),
    _pack_40,
)
