"""UHFReader288 frames: length address command status data CRC (pure).

Source: manual V1.14. Length counts the bytes after it; CRC-16/MCRF4XX over all before it, low byte
first. Statuses 01 to 04 carry tags, FB means none, 26 is statistics, F8 an antenna that is not
connected. In real-time mode the reader speaks unasked (command EE): tags with status 00, heartbeats
with 28. HW-VX network readers push EE frames with two flag bytes and a padded EPC instead, and
every half minute six bytes 56 00 00 00 00 00 that are no frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from edge.packets import IMPOSSIBLE, MORE, PacketCodec, crc_mcrf4xx, is_mcrf4xx
from edge.readings import FrameCorrupt, RoundEnd, TagRead, Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.readings import Reading

Mode = Literal["answer", "push", "hwvx"]

FRAME_BYTES_MIN: Final = 6
ANY_ADDRESS: Final = 0xFF
"""Every reader on the line answers."""
INVENTORY: Final = 0x01
GET_INFO: Final = 0x21
INFO_BYTES: Final = 9
REAL_TIME: Final = 0xEE
RSSI_OFFSET: Final = 129
"""dBm = byte - 129: common for this family, not stated in the manual."""
MORE_FOLLOW: Final = 0x03
STATISTICS: Final = 0x26
HEARTBEAT: Final = 0x28
NO_ANTENNA: Final = 0xF8
NO_TAG: Final = 0xFB
STATUSES: Final = {
    0x02: "scan time over before all tags were read",
    0x04: "the reader's memory is full",
    NO_ANTENNA: "the antenna is not connected",
    0xF9: "execution failed",
    NO_TAG: "no tag",
    0xFD: "wrong length",
    0xFE: "unknown command or wrong CRC",
    0xFF: "wrong parameter",
}
_CODES: Final = frozenset({*range(0x80), REAL_TIME})
"""Commands that an answer may repeat; 00 repeats none."""
_STATUSES: Final = frozenset({*range(0x30), *range(0xEE, 0x100)})
"""What the manual lists as statuses, and what it leaves free between them."""
_WITH_TAGS: Final = frozenset({0x01, 0x02, 0x03, 0x04})
_LENGTH_BITS: Final = 0x7F
_WITH_TID: Final = 0x80
TID_BYTES: Final = 12
EPC_BYTES: Final = 12
"""What an HW-VX pads an EPC to or beyond."""
_FLAG_BYTES: Final = 2
_HEARTBEAT_DATA_BYTES: Final = 16
_STATISTICS_DATA_BYTES: Final = 7
_VX_HEARTBEAT: Final = bytes.fromhex("560000000000")


def command(address: int, code: int, data: bytes = b"") -> bytes:
    """Return a command frame."""
    body = bytes([len(data) + 4, address, code]) + data
    return body + crc_mcrf4xx(body)


def inventory(
    antenna: int, *, address: int = 0, scan_100ms: int = 3, has_fast_id: bool = False
) -> bytes:
    """Return the command of one round on an antenna (1-based): no mask, session 0, Q 4."""
    how = 0x24 if has_fast_id else 0x04
    data = bytes([how, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x80 + antenna - 1, scan_100ms])
    return command(address, INVENTORY, data)


def codec(mode: Mode = "answer") -> PacketCodec:
    """Return a codec of one line."""
    is_vx = mode == "hwvx"
    return PacketCodec(
        size=_size_vx if is_vx else _size,
        check=_check,
        decode=lambda frame: _decode(frame, is_vx=is_vx),
    )


def _size(pending: bytes, at: int) -> int:
    if len(pending) < at + 4:
        return MORE
    size = pending[at] + 1
    # Most noise is seen by these three bytes, without a look at the rest.
    is_answer = pending[at + 2] in _CODES and pending[at + 3] in _STATUSES
    return size if is_answer and size >= FRAME_BYTES_MIN else IMPOSSIBLE


def _size_vx(pending: bytes, at: int) -> int:
    begin = pending[at : at + len(_VX_HEARTBEAT)]
    if _VX_HEARTBEAT.startswith(begin):
        return len(_VX_HEARTBEAT) if len(begin) == len(_VX_HEARTBEAT) else MORE
    return _size(pending, at)


def _check(frame: bytes) -> str:
    if is_mcrf4xx(frame) or frame == _VX_HEARTBEAT:
        return ""
    return "CRC"


def _decode(frame: bytes, *, is_vx: bool) -> Sequence[Reading]:
    frame_hex = frame.hex().upper()
    if frame == _VX_HEARTBEAT:
        return [RoundEnd(status=HEARTBEAT, text="heartbeat", frame_hex=frame_hex)]
    code, status, data = frame[2], frame[3], frame[4:-2]
    if code == REAL_TIME:
        return _pushed(status, data, frame_hex, is_vx=is_vx)
    if status == 0xFE or (code == INVENTORY and status not in _WITH_TAGS | {STATISTICS}):  # noqa: PLR2004
        return [RoundEnd(status=status, text=STATUSES.get(status, ""), frame_hex=frame_hex)]
    if code == GET_INFO and status == 0 and len(data) < INFO_BYTES:
        # The families 18 and 288 share the question: the answer's length tells them apart.
        return [FrameCorrupt(reason="information of another family", frame_hex=frame_hex)]
    if code != INVENTORY:
        head = f"{code:02X}{status:02X}"
        return [Told(head=head, text=data.hex().upper(), frame_hex=frame_hex)]
    if status == STATISTICS:
        return [_statistics(data, frame_hex)]
    return _tags(status, data, frame_hex)


def _statistics(data: bytes, frame_hex: str) -> Reading:
    if len(data) != _STATISTICS_DATA_BYTES:
        return FrameCorrupt(reason="statistics of a wrong length", frame_hex=frame_hex)
    rate, count = int.from_bytes(data[1:3], "big"), int.from_bytes(data[3:7], "big")
    antennas = ", ".join(map(str, _antennas(data[0])))
    text = f"antenna {antennas}: {rate} reads/s, {count} reads"
    return Told(head=f"{INVENTORY:02X}{STATISTICS:02X}", text=text, frame_hex=frame_hex)


def _pushed(status: int, data: bytes, frame_hex: str, *, is_vx: bool) -> Sequence[Reading]:
    if status == HEARTBEAT and len(data) == _HEARTBEAT_DATA_BYTES:
        number, total = int.from_bytes(data[:4], "big"), int.from_bytes(data[12:], "big")
        text = f"heartbeat {number}, antennas {data[4:12].hex().upper()}, {total} reads"
        return [RoundEnd(status=status, text=text, frame_hex=frame_hex)]
    if status != 0:
        return [RoundEnd(status=status, text=STATUSES.get(status, ""), frame_hex=frame_hex)]
    if is_vx:
        return [_vx_tag(data, frame_hex)]
    if len(data) < 3 or not data[0] or data[1] == 0 or data[1] + 3 != len(data):  # noqa: PLR2004
        return [FrameCorrupt(reason="pushed tag", frame_hex=frame_hex)]
    return [
        TagRead(
            epc=data[2:-1], rssi_dbm=data[-1] - RSSI_OFFSET, antenna=antenna, frame_hex=frame_hex
        )
        for antenna in _antennas(data[0])
    ]


def _vx_tag(data: bytes, frame_hex: str) -> Reading:
    epc = data[_FLAG_BYTES:]
    if not any(epc):
        return FrameCorrupt(reason="pushed tag without an EPC", frame_hex=frame_hex)
    # An EPC may end in zeros itself: only what lies beyond 96 bits can be told to be padding.
    if not any(epc[EPC_BYTES:]):
        epc = epc[:EPC_BYTES]
    return TagRead(epc=epc, rssi_dbm=None, antenna=1, frame_hex=frame_hex)


def _antennas(mask: int) -> list[int]:
    return [bit + 1 for bit in range(8) if mask >> bit & 1]


def _tags(status: int, data: bytes, frame_hex: str) -> Sequence[Reading]:
    corrupt = FrameCorrupt(reason="tag list", frame_hex=frame_hex)
    if len(data) < 2 or not data[0]:  # noqa: PLR2004 - antenna mask and count
        return [corrupt]
    antennas, count, at = _antennas(data[0]), data[1], 2
    readings: list[Reading] = []
    for _ in range(count):
        if at >= len(data):
            return [corrupt]
        size, has_tid = data[at] & _LENGTH_BITS, data[at] & _WITH_TID
        tid_size = TID_BYTES if has_tid else 0
        if size <= tid_size or at + 1 + size >= len(data):
            return [corrupt]
        told = data[at + 1 : at + 1 + size]
        rssi_dbm = data[at + 1 + size] - RSSI_OFFSET
        readings += [
            TagRead(
                epc=told[: size - tid_size],
                rssi_dbm=rssi_dbm,
                antenna=antenna,
                tid=told[size - tid_size :],
                frame_hex=frame_hex,
            )
            for antenna in antennas
        ]
        at += size + 2
    if at != len(data):
        return [corrupt]
    if status == MORE_FOLLOW:
        return readings
    return [*readings, RoundEnd(status=status, text=STATUSES.get(status, ""), frame_hex=frame_hex)]
