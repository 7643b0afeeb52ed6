"""The "+" schemes of Tag Data Standard 2: elements of GS1 keys as they stand on labels (pure).

Header 8, +AIDC toggle 1, filter 3, then the key: its digits, four bits each, and its serial as
encoding indicator 3, length 5 and characters; a GIAI begins with digits and goes on, after the
delimiter 1110, as such a serial, or ends with 1111. Zeros fill the last word.

Source: Tag Data Standard 2.3, sections 14.5.4 to 14.5.6, 14.6 and 15.3; examples of annex E.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wire.epc.characters import DECODERS, WIDTHS, check_characters, check_digit, is_checked, packed
from wire.epc.errors import EpcError
from wire.epc.identity import Epc
from wire.epc.tables import PLUS_KEYS, Shape

if TYPE_CHECKING:
    from wire.epc.tables import Key

_HEAD_BITS: Final = 12
_INDICATOR_BITS: Final = 3
_LENGTH_BITS: Final = 5
_HEAD_DIGITS: Final = 3
_DIGITS: Final = "0123456789"
_DELIMITER: Final = "E"
_TERMINATOR: Final = "F"
_PADDING_BITS_MAX: Final = 15
ASSET_DIGITS_MIN: Final = 4
"""A GIAI begins with its company prefix: at least so many digits."""
_REMEDY: Final = "write the tag again"


def decode_plus(data: bytes) -> Epc:
    """Return what the bytes of a tag with a header of PLUS_KEYS say. Raises EpcError."""
    key = PLUS_KEYS[data[0]]
    text = data.hex().upper()
    total = 8 * len(data)
    bits = int.from_bytes(data, "big")
    if total < _HEAD_BITS:
        raise _short(text, key)
    if key.shape is Shape.ASSET:
        value, at = _asset(text, bits, total, key)
        serial = None
    else:
        digits = key.whole_digits
        value, at = text[_HEAD_DIGITS : _HEAD_DIGITS + digits], _HEAD_BITS + 4 * digits
        if total < at:
            raise _short(text, key)
        check_value(key, value)
        serial = None
        if key.has_serial:
            serial, at = _characters(text, bits, total, at, key)
            check_characters("serial", serial, key.serial_count_max)
    rest = bits & (1 << total - at) - 1
    has_aidc = bool(data[1] >> 7)
    if not has_aidc and (rest or total - at > _PADDING_BITS_MAX):
        why = f"{total} bits, {key.name}+ ends after {at} and its +AIDC toggle is 0"
        raise EpcError("padding", f"{rest:X}", why, "fill up the last word with zeros only")
    aidc = f"{rest << (at - total) % 4:0{-(-(total - at) // 4)}X}" if has_aidc else None
    return Epc(text, f"{key.name}+", data[1] >> 4 & 7, key.name, None, value, serial, aidc)


def _short(text: str, key: Key) -> EpcError:
    why = f"{4 * len(text)} bits, {key.name}+ ends later"
    return EpcError("EPC", text, why, "let the reader give the whole EPC bank")


def _characters(text: str, bits: int, total: int, at: int, key: Key) -> tuple[str, int]:
    """Return (characters, where they end) of the indicator, length and characters at bit `at`."""
    at += _INDICATOR_BITS + _LENGTH_BITS
    if total < at:
        raise _short(text, key)
    head = bits >> total - at & 0xFF
    indicator, count = head >> _LENGTH_BITS, head & 0b11111
    if indicator >= len(DECODERS):
        raise EpcError("encoding indicator", indicator, "only 0 to 5 are defined", _REMEDY)
    if not count:
        raise EpcError("serial", "", "its length is 0", _REMEDY)
    width = WIDTHS[indicator][count]
    if total < at + width:
        raise _short(text, key)
    chunk = bits >> total - at - width & (1 << width) - 1
    return DECODERS[indicator](chunk, count), at + width


def _asset(text: str, bits: int, total: int, key: Key) -> tuple[str, int]:
    """Return (asset identifier, where it ends)."""
    body = text[_HEAD_DIGITS:]
    rest = body.lstrip(_DIGITS)
    if not rest:
        raise _short(text, key)
    value = body[: len(body) - len(rest)]
    end = _HEAD_BITS + 4 * len(value) + 4
    if rest[0] == _DELIMITER:
        tail, end = _characters(text, bits, total, end, key)
        value += tail
    elif rest[0] != _TERMINATOR:
        why = f"the half byte {rest[0]} is neither digit nor delimiter"
        raise EpcError("asset identifier", value, why, _REMEDY)
    check_value(key, value)
    return value, end


def check_value(key: Key, value: str) -> None:
    """Raise EpcError unless a key's digits are digits, as many as it has, and its check holds."""
    if key.shape is Shape.ASSET:
        check_characters("asset identifier", value, key.digits)
        start = value[:ASSET_DIGITS_MIN]
        if len(value) <= ASSET_DIGITS_MIN or not start.isdigit():
            why = "it begins with a company prefix of at least 4 digits, and more follows"
            raise EpcError("asset identifier", value, why, "give prefix and reference")
        return
    if (
        len(value) == key.whole_digits
        and value.isascii()
        and value.isdigit()
        and value.startswith(key.lead)
        and is_checked(value)
    ):
        return
    name = f"({key.ai}) {key.name}"
    if not (value.isascii() and value.isdigit()):
        raise EpcError(name, value, "has other characters than digits", "give digits only")
    if len(value) != key.whole_digits:
        why = f"{len(value)} digits, it has {key.whole_digits}"
        raise EpcError(name, value, why, "give all of them")
    if not value.startswith(key.lead):
        raise EpcError(name, value, f"begins with {key.lead}", "put it ahead")
    right = check_digit(value[len(key.lead) : -1])
    raise EpcError(name, value, f"its check digit is not {value[-1]}", f"{right} would be right")


def encode_plus(header: int, *, filter_value: int, value: str, serial: str | None) -> str:
    """Return the hexadecimal digits, whole words, of a key with its serial. Raises EpcError."""
    key = PLUS_KEYS[header]
    check_value(key, value)
    bits, count = header << 4 | filter_value, _HEAD_BITS
    tail = serial
    head = value
    if key.shape is Shape.ASSET:
        head = value[: len(value) - len(value.lstrip(_DIGITS))]
        tail = value[len(head) :]
    for digit in head:
        bits = bits << 4 | int(digit)
    count += 4 * len(head)
    if key.shape is Shape.ASSET:
        bits, count = bits << 4 | int(_DELIMITER if tail else _TERMINATOR, 16), count + 4
    elif key.has_serial:
        check_characters("serial", tail or "", key.serial_count_max)
    if tail:
        indicator, characters, width = packed(tail)
        bits = ((bits << _INDICATOR_BITS | indicator) << _LENGTH_BITS | len(tail)) << width
        bits |= characters
        count += _INDICATOR_BITS + _LENGTH_BITS + width
    words = -(-count // 16)
    return f"{bits << 16 * words - count:0{4 * words}X}"
