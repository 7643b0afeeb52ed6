"""M100 / YRM100 reader module, "BB .. 7E" frames (vendor document V2.1).

Frame: BB, type (00 command, 01 reply, 02 notice), command, length (2), parameters, checksum, 7E.
The checksum is the low byte of the sum from type to the last parameter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Never

from firmware_sims.devices.checks import crc16_tag

if TYPE_CHECKING:
    import random

    from firmware_sims.devices.line import Line
    from firmware_sims.field import Field, TagInField

HEAD: Final = 0xBB
END: Final = 0x7E
REPLY: Final = 0x01
NOTICE: Final = 0x02
ERROR: Final = 0xFF
ERROR_NO_TAG: Final = 0x15
ERROR_BAD_COMMAND: Final = 0x17
OVERHEAD_BYTES: Final = 7
PARAMETER_BYTES_MAX: Final = 64
"""No command of the module is longer; a longer length byte is noise."""
ROUND_S: Final = 0.05
VERSIONS: Final = {0: b"M100 26dBm V1.0", 1: b"V2.3.5", 2: b"MagicRF"}
RSSI_JITTER_DB: Final = 1.5


def frame(kind: int, command: int, parameters: bytes) -> bytes:
    """Return a whole frame."""
    body = bytes([kind, command, *len(parameters).to_bytes(2, "big")]) + parameters
    return bytes([HEAD]) + body + bytes([sum(body) & 0xFF, END])


def notice(epc: bytes, rssi_dbm: int) -> bytes:
    """Return the notice of one tag: RSSI, PC, EPC, CRC of the tag."""
    if len(epc) % 2:
        epc += b"\0"  # The PC counts words.
    answer = (len(epc) // 2 << 11).to_bytes(2, "big") + epc
    rssi = max(-128, min(127, rssi_dbm)) & 0xFF
    return frame(NOTICE, 0x22, bytes([rssi]) + answer + crc16_tag(answer).to_bytes(2, "big"))


class M100:
    """The module's state: its framing buffer, region, power and rounds still to run."""

    def __init__(self, field: Field, read_point: str, rng: random.Random) -> None:
        self._field = field
        self._read_point = read_point
        self._rng = rng
        self._pending = bytearray()
        self._rounds_left = 0
        self._region = 0x01
        self._power = (2600).to_bytes(2, "big")

    async def serve(self, line: Line) -> Never:
        """Answer commands and run rounds for ever."""
        while True:
            data = await line.read(ROUND_S if self._rounds_left else None)
            for reply in self.feed(data):
                await line.send(reply)
            # A round runs when its time came without a command in between.
            if self._rounds_left and not data:
                self._rounds_left -= 1
                await line.send(b"".join(self.round()))

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes from the host; return the replies to every frame that they complete."""
        self._pending += data
        replies: list[bytes] = []
        while (start := self._pending.find(HEAD)) >= 0:
            del self._pending[:start]
            if len(self._pending) < OVERHEAD_BYTES:
                return replies
            size = int.from_bytes(self._pending[3:5], "big")
            if size > PARAMETER_BYTES_MAX:
                del self._pending[0]
                continue
            if len(self._pending) < size + OVERHEAD_BYTES:
                return replies
            whole = bytes(self._pending[: size + OVERHEAD_BYTES])
            if whole[-1] != END:
                del self._pending[0]
                continue
            del self._pending[: len(whole)]
            replies.append(self._answer(whole))
        self._pending.clear()
        return [reply for reply in replies if reply]

    def _answer(self, whole: bytes) -> bytes:
        """Return the reply to one frame; b"" where the answer is the round itself."""
        kind, command, parameters = whole[1], whole[2], whole[5:-2]
        if kind != 0 or whole[-2] != sum(whole[1:-2]) & 0xFF:
            return frame(REPLY, ERROR, bytes([ERROR_BAD_COMMAND]))
        match command, parameters:
            case 0x03, which if len(which) == 1 and which[0] in VERSIONS:
                return frame(REPLY, command, which + VERSIONS[which[0]])
            case 0x07, region if len(region) == 1 and region[0] in {1, 2, 3, 4, 6}:
                self._region = region[0]
                return frame(REPLY, command, b"\0")
            case 0x08, b"":
                return frame(REPLY, command, bytes([self._region]))
            case 0xB6, power if len(power) == 2:
                self._power = power
                return frame(REPLY, command, b"\0")
            case 0xB7, b"":
                return frame(REPLY, command, self._power)
            case 0x22, b"":
                self._rounds_left = 1
                return b""
            case 0x27, more if len(more) == 3 and more[0] == 0x22:
                self._rounds_left = int.from_bytes(more[1:], "big")
                return b""
            case 0x28, b"":
                self._rounds_left = 0
                return frame(REPLY, command, b"\0")
            case _:
                return frame(REPLY, ERROR, bytes([ERROR_BAD_COMMAND]))

    def round(self) -> list[bytes]:
        """Return the frames of one inventory round: notices, or one "no tag"."""
        notices = [
            notice(tag.epc, self._heard_dbm(tag))
            for tag in self._field.tags(self._read_point)
            if self._rng.random() < tag.read_ratio
        ]
        return notices or [frame(REPLY, ERROR, bytes([ERROR_NO_TAG]))]

    def _heard_dbm(self, tag: TagInField) -> int:
        return round(self._rng.gauss(tag.rssi_dbm, RSSI_JITTER_DB))
