"""`python -m bench.bus.slave`: units on a pty that take the time a wire takes, and keep a log.

Nothing of ours is in it. A request that comes at once is taken to last its bytes at the line's
speed; 5 ms later the answer goes out byte by byte. A request that comes before 3.5 characters of
silence are over is a violation. Lines on standard input: `kill N`, `report`.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import struct
import sys
import threading
import time
import tty
from dataclasses import dataclass, field
from typing import Final

from pymodbus.framer.rtu import FramerRTU

BITS: Final = 10
TURNAROUND_S: Final = 0.005
SPIN_S: Final = 0.000_15
"""Sleeping is exact to this much; the rest is waited for in a loop."""
REQUEST_BYTES: Final = 8


@dataclass
class Log:
    """What a master did."""

    dead: set[int] = field(default_factory=set)
    exchanges: list[tuple[int, float, float]] = field(default_factory=list)
    """(unit, when its request came, when the wire fell silent)."""
    silences_s: list[float] = field(default_factory=list)


def until(end_s: float) -> None:
    """Wait exactly."""
    while (rest_s := end_s - time.monotonic()) > 0:
        if rest_s > SPIN_S:
            time.sleep(rest_s - SPIN_S)


def serve(master: int, log: Log, *, baud: int) -> None:
    """Answer for ever."""
    character_s = BITS / baud
    silent_from_s = time.monotonic() - 1
    data = b""
    while True:
        select.select([master], [], [])
        came_s = time.monotonic()
        data += os.read(master, 4096)
        if len(data) < REQUEST_BYTES:
            continue
        frame, data = data[:REQUEST_BYTES], b""
        unit, function, _, count = struct.unpack(">BBHH", frame[:6])
        log.silences_s.append(came_s - silent_from_s)
        end_s = came_s + REQUEST_BYTES * character_s
        sound = FramerRTU.compute_CRC(frame[:-2]).to_bytes(2, "big") == frame[-2:]
        if unit in log.dead or not sound:
            silent_from_s = end_s
            log.exchanges.append((unit, came_s, end_s))
            continue
        body = struct.pack(f">BBB{count}H", unit, function, 2 * count, *range(count))
        reply = body + FramerRTU.compute_CRC(body).to_bytes(2, "big")
        begin_s = end_s + TURNAROUND_S
        for at, byte in enumerate(reply, start=1):
            until(begin_s + at * character_s)
            # The wire is silent from here on: no master can have seen the last byte before.
            silent_from_s = time.monotonic()
            os.write(master, bytes([byte]))
        log.exchanges.append((unit, came_s, silent_from_s))


def main() -> None:
    """Serve, and answer what standard input asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--baud", type=int, default=9600)
    asked = parser.parse_args()
    master, slave = os.openpty()
    tty.setraw(slave)
    log = Log()
    print(os.ttyname(slave), flush=True)
    threading.Thread(
        target=serve, args=(master, log), kwargs={"baud": asked.baud}, daemon=True
    ).start()
    for line in sys.stdin:
        words = line.split()
        if words[0] == "kill":
            log.dead.add(int(words[1]))
        elif words[0] == "report":
            print(
                json.dumps({"exchanges": log.exchanges, "silences_s": log.silences_s}), flush=True
            )
            log.exchanges, log.silences_s = [], []


if __name__ == "__main__":
    main()
