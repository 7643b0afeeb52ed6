"""Modbus request and reply bodies for register sensors and coils (application protocol V1.1b3).

Pure. A PDU is the function code and its data; addresses are 0-based; words are big endian.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Registers = Callable[[], dict[int, int]]
    """The words that a unit has now, by 0-based address."""

ILLEGAL_FUNCTION: Final = 1
ILLEGAL_ADDRESS: Final = 2
ILLEGAL_VALUE: Final = 3
GATEWAY_TARGET_FAILED: Final = 0x0B
REGISTERS_COUNT_MAX: Final = 125
BITS_READ_COUNT_MAX: Final = 2000
BITS_WRITE_COUNT_MAX: Final = 1968
READ_PDU_BYTES: Final = 5
"""Function code, address (2), count (2): reads and the single write alike."""
COIL_ON: Final = 0xFF00
READ_BITS: Final = frozenset({1, 2})
WRITE_COIL: Final = 5
WRITE_COILS: Final = 15


class Refused(Exception):
    """The unit answers with an exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


def exception(function: int, code: int) -> bytes:
    """Return the PDU of an exception reply."""
    return bytes([function | 0x80, code])


def read_registers(pdu: bytes, tables: dict[int, Registers]) -> bytes:
    """Return the reply to a register read; `tables` has the words of each function served."""
    function = pdu[0]
    try:
        table = tables.get(function)
        if table is None:
            raise Refused(ILLEGAL_FUNCTION)  # noqa: TRY301  One place turns it into a reply.
        address, count = _span(pdu, count_max=REGISTERS_COUNT_MAX)
        words = table()
        span = range(address, address + count)
        if any(at not in words for at in span):
            raise Refused(ILLEGAL_ADDRESS)  # noqa: TRY301
    except Refused as refused:
        return exception(function, refused.code)
    data = b"".join(words[at].to_bytes(2, "big") for at in span)
    return bytes([function, len(data)]) + data


def _span(pdu: bytes, *, count_max: int) -> tuple[int, int]:
    if len(pdu) != READ_PDU_BYTES:
        raise Refused(ILLEGAL_VALUE)
    address, count = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
    if not 1 <= count <= count_max:
        raise Refused(ILLEGAL_VALUE)
    return address, count


class BitUnit:
    """Discrete inputs that are sensed and coils that are driven (functions 1, 2, 5, 15)."""

    def __init__(
        self,
        inputs: Sequence[Callable[[], bool]],
        coils: Sequence[Callable[[bool], None]],
    ) -> None:
        self._inputs = inputs
        self._drive = coils
        self._coils = [False] * len(coils)

    def answer(self, pdu: bytes) -> bytes:
        """Return the reply to one request; coils read back what was last written."""
        function = pdu[0]
        try:
            if function in READ_BITS:
                return self._read(pdu)
            if function == WRITE_COIL:
                return self._write_one(pdu)
            if function == WRITE_COILS:
                return self._write_many(pdu)
        except Refused as refused:
            return exception(function, refused.code)
        return exception(function, ILLEGAL_FUNCTION)

    def _read(self, pdu: bytes) -> bytes:
        address, count = _span(pdu, count_max=BITS_READ_COUNT_MAX)
        is_coils = pdu[0] == 1
        if address + count > len(self._coils if is_coils else self._inputs):
            raise Refused(ILLEGAL_ADDRESS)
        span = range(address, address + count)
        bits = [self._coils[at] if is_coils else self._inputs[at]() for at in span]
        # The first bit is the lowest of the first byte.
        packed = sum(1 << place for place, bit in enumerate(bits) if bit)
        size = -(-count // 8)
        return bytes([pdu[0], size]) + packed.to_bytes(size, "little")

    def _write_one(self, pdu: bytes) -> bytes:
        if len(pdu) != READ_PDU_BYTES:
            raise Refused(ILLEGAL_VALUE)
        address, value = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        if value not in {0, COIL_ON}:
            raise Refused(ILLEGAL_VALUE)
        self._set(address, [value == COIL_ON])
        return pdu

    def _write_many(self, pdu: bytes) -> bytes:
        address, count = _span(pdu[:READ_PDU_BYTES], count_max=BITS_WRITE_COUNT_MAX)
        data = pdu[READ_PDU_BYTES + 1 :]
        size = -(-count // 8)
        if pdu[READ_PDU_BYTES : READ_PDU_BYTES + 1] != bytes([size]) or len(data) != size:
            raise Refused(ILLEGAL_VALUE)
        packed = int.from_bytes(data, "little")
        self._set(address, [bool(packed >> place & 1) for place in range(count)])
        return pdu[:READ_PDU_BYTES]

    def _set(self, address: int, values: list[bool]) -> None:
        if address + len(values) > len(self._coils):
            raise Refused(ILLEGAL_ADDRESS)
        for at, value in enumerate(values, start=address):
            self._coils[at] = value
            self._drive[at](value)
