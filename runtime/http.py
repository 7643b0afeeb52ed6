"""A small JSON endpoint for daemons: bounded requests, one a connection (HTTP/1.1)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from runtime.addresses import host_and_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

log = logging.getLogger(__name__)

HEAD_BYTES_MAX: Final = 16_384
BODY_BYTES_MAX: Final = 65_536
REQUEST_S_MAX: Final = 10.0
_PHRASES: Final = {
    200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 411: "Length Required", 413: "Content Too Large",
    422: "Unprocessable Content", 500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """A status and a JSON document."""

    status: int
    document: object


def problem(status: int, field: str, code: str, message: str) -> HttpAnswer:
    """Return an error in the shape that every endpoint of ours uses."""
    return HttpAnswer(
        status=status,
        document={"problems": [{"field": field, "code": code, "message": message}]},
    )


class _Refused(Exception):
    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(str(answer.status))
        self.answer = answer


@contextlib.asynccontextmanager
async def endpoint(
    listen: str,
    address_file: Path,
    handle: Callable[[str, str, bytes], Awaitable[HttpAnswer]],
) -> AsyncIterator[str]:
    """Serve `handle(method, path, body)`; writes HOST:PORT into `address_file` once it listens.

    Raises OSError when the port is taken.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_S_MAX):
                answer = await _answer(reader, handle)
                await _send(writer, answer)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    host, port = host_and_port(listen)
    server = await asyncio.start_server(serve, host, port, limit=HEAD_BYTES_MAX, backlog=64)
    bound = server.sockets[0].getsockname()
    name = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound
    name = f"[{name}]" if ":" in name else name
    _write_address(address_file, f"{name}:{bound[1]}")
    try:
        yield f"{name}:{bound[1]}"
    finally:
        server.close()
        _forget_address(address_file)


def _write_address(file: Path, address: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(address + "\n", encoding="ascii")


def _forget_address(file: Path) -> None:
    file.unlink(missing_ok=True)


async def _answer(
    reader: asyncio.StreamReader,
    handle: Callable[[str, str, bytes], Awaitable[HttpAnswer]],
) -> HttpAnswer:
    try:
        method, path, body = await _read(reader)
        return await handle(method, path, body)
    except _Refused as refused:
        return refused.answer
    except Exception:  # A bug in a handler answers 500 and leaves the daemon alone.
        log.exception("http_failed")
        return problem(500, "", "internal", "the request failed; the log says why")


async def _read(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise _Refused(problem(413, "", "too_large", "the head is too large")) from error
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):  # noqa: PLR2004 - a request line
        raise _Refused(problem(400, "", "malformed", "no HTTP request line"))
    headers = {
        key.strip().lower(): value.strip()
        for key, _, value in (line.partition(":") for line in lines[1:] if line)
    }
    if "origin" in headers:  # Cameras and probes send none: this is a page in a browser.
        raise _Refused(problem(403, "/origin", "not_allowed", "not for pages in a browser"))
    if "transfer-encoding" in headers:
        raise _Refused(problem(411, "", "malformed", "send the body with Content-Length"))
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise _Refused(problem(400, "", "malformed", f"Content-Length {text[:20]!r}"))
    size = int(text)
    if size > BODY_BYTES_MAX:
        message = f"{size} bytes, at most {BODY_BYTES_MAX}"
        raise _Refused(problem(413, "", "too_large", message))
    return words[0], words[1].split("?")[0], await reader.readexactly(size)


async def _send(writer: asyncio.StreamWriter, answer: HttpAnswer) -> None:
    body = json.dumps(answer.document, ensure_ascii=False, default=str).encode()
    phrase = _PHRASES.get(answer.status, "")
    head = (
        f"HTTP/1.1 {answer.status} {phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode("latin-1") + body)
    await writer.drain()
