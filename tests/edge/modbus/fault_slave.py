"""A slave that plays a bus's faults over a pty, in its own thread; it shares no code with ours.

It frames with pymodbus's CRC, holds register N = N and coil N as last written, and answers each
request by the next act of its script; with none left it answers well.
"""

from __future__ import annotations

import os
import select
import struct
import threading
import time
import tty
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from pymodbus.framer.rtu import FramerRTU

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET_S = 0.004


def sealed(body: bytes) -> bytes:
    """Return a frame with pymodbus's CRC."""
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


@dataclass
class FaultSlave:
    """Units on one pair; `acts` are taken one a request, in order."""

    units: set[int] = field(default_factory=lambda: {1})
    acts: list[Callable[[FaultSlave, bytes], None]] = field(default_factory=list)
    is_echoing: bool = False
    words_max: int = 125
    illegal: set[int] = field(default_factory=set)
    heard: list[bytes] = field(default_factory=list)
    coils: dict[int, bool] = field(default_factory=dict)
    words: dict[int, int] = field(default_factory=dict)
    coil_changes: int = 0

    def __enter__(self) -> Self:
        """Open the pty and serve."""
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join(5)
        os.close(self.master)
        os.close(self._slave)

    def _run(self) -> None:
        data = b""
        while not self._stop.is_set():
            readable, _, _ = select.select([self.master], [], [], QUIET_S)
            if readable:
                data += os.read(self.master, 4096)
            elif data:
                frame, data = data, b""
                self._take(frame)

    def _take(self, frame: bytes) -> None:
        self.heard.append(frame)
        if self.is_echoing:
            self.say(frame)
        if frame != sealed(frame[:-2]) or frame[0] not in self.units:
            return
        act = self.acts.pop(0) if self.acts else FaultSlave.answer
        act(self, frame)

    def say(self, data: bytes) -> None:
        """Put bytes on the pair."""
        os.write(self.master, data)

    def answer(self, frame: bytes) -> None:
        """Answer as a sound device."""
        self.say(sealed(frame[:1] + self.reply(frame)))

    def reply(self, frame: bytes) -> bytes:
        """Return the PDU of a sound answer; a write happens here."""
        function, address, count = struct.unpack(">BHH", frame[1:6])
        if function in (1, 3, 4):
            if count > self.words_max and function != 1:
                return bytes([function | 0x80, 3])
            if self.illegal.intersection(range(address, address + count)):
                return bytes([function | 0x80, 2])
        if function == 1:
            bits = sum(self.coils.get(address + n, False) << n for n in range(count))
            size = -(-count // 8)
            return bytes([1, size]) + bits.to_bytes(size, "little")
        if function in (3, 4):
            held = [self.words.get(at, at) for at in range(address, address + count)]
            return struct.pack(f">BB{count}H", function, 2 * count, *held)
        if function == 5:
            self.coil_changes += 1
            self.coils[address] = count == 0xFF00
        elif function == 6:
            self.words[address] = count
        elif function == 16:
            for n in range(count):
                self.words[address + n] = struct.unpack_from(">H", frame, 7 + 2 * n)[0]
        return frame[1:6]


# --- Acts ---------------------------------------------------------------------------------------


def silent(_: FaultSlave, __: bytes) -> None:
    """Say nothing: dead, or the wire is broken."""


def late(delay_s: float) -> Callable[[FaultSlave, bytes], None]:
    """Answer well, but late: the next requests come meanwhile."""

    def act(slave: FaultSlave, frame: bytes) -> None:
        threading.Timer(delay_s, lambda: slave.answer(frame)).start()

    return act


def slow(delay_s: float) -> Callable[[FaultSlave, bytes], None]:
    """Answer well after a while, deaf meanwhile, as one processor does."""

    def act(slave: FaultSlave, frame: bytes) -> None:
        time.sleep(delay_s)
        slave.answer(frame)

    return act


def lost_answer(slave: FaultSlave, frame: bytes) -> None:
    """Do what was asked and lose the answer."""
    slave.reply(frame)


def other_function(slave: FaultSlave, frame: bytes) -> None:
    """Answer function 4 to 3."""
    reply = bytearray(slave.reply(frame))
    reply[0] = 4 if reply[0] == 3 else 3
    slave.say(sealed(frame[:1] + bytes(reply)))


def other_unit(slave: FaultSlave, frame: bytes) -> None:
    """Answer as unit 9."""
    slave.say(sealed(b"\x09" + slave.reply(frame)))


def short_count(slave: FaultSlave, frame: bytes) -> None:
    """Answer one register to a question for more."""
    slave.say(sealed(frame[:2] + b"\x02\x00\x07"))


def noise_before(noise: bytes) -> Callable[[FaultSlave, bytes], None]:
    """Answer well behind bytes of noise."""
    return lambda slave, frame: slave.say(noise + sealed(frame[:1] + slave.reply(frame)))


def noise_after(noise: bytes) -> Callable[[FaultSlave, bytes], None]:
    """Answer well before bytes of noise."""
    return lambda slave, frame: slave.say(sealed(frame[:1] + slave.reply(frame)) + noise)


def noise_inside(slave: FaultSlave, frame: bytes) -> None:
    """Answer with one bit turned."""
    reply = bytearray(sealed(frame[:1] + slave.reply(frame)))
    reply[3] ^= 0x10
    slave.say(bytes(reply))


def torn(slave: FaultSlave, frame: bytes) -> None:
    """Stop in the middle of the answer."""
    slave.say(sealed(frame[:1] + slave.reply(frame))[:4])


def in_pieces(slave: FaultSlave, frame: bytes) -> None:
    """Answer as a USB adapter hands it over: in pieces, 16 ms apart."""
    reply = sealed(frame[:1] + slave.reply(frame))
    for at in range(0, len(reply), 3):
        slave.say(reply[at : at + 3])
        time.sleep(0.016)


def exception(code: int) -> Callable[[FaultSlave, bytes], None]:
    """Answer with an exception."""
    return lambda slave, frame: slave.say(sealed(bytes([frame[0], frame[1] | 0x80, code])))


def twice(slave: FaultSlave, frame: bytes) -> None:
    """Answer as two devices of one address do, one behind the other."""
    reply = bytearray(slave.reply(frame))
    slave.say(sealed(frame[:1] + bytes(reply)))
    reply[-1] ^= 0x55
    slave.say(sealed(frame[:1] + bytes(reply)))
