"""An HTTP stub of InfluxDB's write endpoint that answers badly by schedule, before a recorder.

Source: InfluxDB 2 documentation, POST /api/v2/write: 204 written; 400 a line is malformed, nothing
is written; 413 too large; 422 some lines are refused, the others are written; 429 and 503 with
Retry-After.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    import random

MANY_LINES: Final = 40
"""The stub calls more than these too large, when it is so minded."""
BAD: Final = re.compile(r"voltage_v=-1\.0")
NUMBER: Final = re.compile(r"energy_kwh=([0-9.]+)")


class Mood(StrEnum):
    """How a request is answered."""

    WELL = "204"
    AWAY = "503"
    BUSY = "429"
    LOST = "time-out"
    """Written, but the answer never comes."""
    MUTE = "time-out before"
    """Not written, and no answer."""
    REFUSED = "refused"
    """The connection is reset."""
    SLOW = "slow"
    LARGE = "413"
    PARTIAL = "422"


class Stub:
    """`async with Stub(rng)`; a bad line (voltage -1) is refused in every mood."""

    def __init__(self, rng: random.Random, *, mute_s: float) -> None:
        self._rng = rng
        self._mute_s = mute_s
        self._server: asyncio.Server | None = None
        self._waiting: list[Mood] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self.is_moody = True
        self.port = 0
        self.written: set[int] = set()
        self.answers: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        while self._writers:  # noqa: ASYNC110 - each takes itself out at its end
            await asyncio.sleep(0.01)

    @property
    def url(self) -> str:
        """Return what the gateway is given."""
        return f"http://127.0.0.1:{self.port}/?org=o&bucket=b"

    def _mood(self) -> Mood:
        """Return the next mood: every one in turn, shuffled, good ones between each two."""
        if not self.is_moody:
            return Mood.WELL
        if not self._waiting:
            moods = list(Mood)
            self._rng.shuffle(moods)
            self._waiting = [one for mood in moods for one in (mood, Mood.WELL, Mood.WELL)]
        return self._waiting.pop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                found = re.search(r"content-length: (\d+)", head)
                body = await reader.readexactly(int(found[1]) if found else 0)
                mood = self._mood()
                status, delay_s = self._take(mood, body.decode().splitlines())
                if mood is Mood.REFUSED:
                    writer.transport.abort()
                    break
                await asyncio.sleep(delay_s)
                if status is None:
                    break
                writer.write(
                    f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n".encode()
                )
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        self._writers.discard(writer)

    def _take(self, mood: Mood, lines: list[str]) -> tuple[int | None, float]:
        """Return (status, delay) of a request; note what is written."""
        self.answers[mood.value] += 1
        has_bad = any(BAD.search(line) for line in lines)
        if mood in {Mood.AWAY, Mood.BUSY}:
            return int(mood.value), 0.0
        if mood is Mood.MUTE:
            return None, self._mute_s
        if mood is Mood.REFUSED:
            return None, 0.0
        if mood is Mood.LARGE and len(lines) > MANY_LINES:
            return 413, 0.0
        if mood is Mood.PARTIAL and has_bad:
            self._write(lines)
            return 422, 0.0
        if has_bad:
            return 400, 0.0
        self._write(lines)
        if mood is Mood.LOST:
            return None, self._mute_s
        return 204, 0.5 if mood is Mood.SLOW else 0.0

    def _write(self, lines: list[str]) -> None:
        for line in lines:
            found = NUMBER.search(line)
            assert found is not None, line
            if not BAD.search(line):
                self.written.add(round(float(found[1])))
