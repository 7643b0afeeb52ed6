"""`python -m bench.modbus_tcp.slave COUNT`: devices on loopback ports that hold moving registers.

Nothing of ours is in it. Prints the ports as JSON; register N of a device is N plus the seconds.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import time
from typing import Final, cast

from typing_extensions import override

HEADER_BYTES: Final = 7
REQUEST_BYTES: Final = 12


class Device(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._held = b""
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to answer."""
        self._transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        """Answer each whole read."""
        self._held += data
        while len(self._held) >= REQUEST_BYTES:
            head, self._held = self._held[:REQUEST_BYTES], self._held[REQUEST_BYTES:]
            number, _, _, unit, function, first, count = struct.unpack(">HHHBBHH", head)
            shift = int(time.monotonic())
            words = [(at + shift) & 0xFFFF for at in range(first, first + count)]
            body = struct.pack(f">BBB{count}H", unit, function, 2 * count, *words)
            assert self._transport is not None
            self._transport.write(struct.pack(">HHH", number, 0, len(body)) + body)


async def serve(count: int) -> None:
    """Serve for ever."""
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Device, "127.0.0.1", 0) for _ in range(count)]
    print(json.dumps([one.sockets[0].getsockname()[1] for one in servers]), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
