"""Slow clients are let go, and others are served meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from gateway.web import bounds

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the length of the body, or not at all when the client is gone."""
    if scope["type"] != "http":
        return
    size, is_more = 0, True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message.get("body", b""))
        is_more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"size {size}".encode()})


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n",
    ],
)
def test_a_stalled_client_is_let_go(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """No head, half a head, half a body, half a second head."""
    monkeypatch.setattr(bounds, "HEAD_S_MAX", 0.3)
    monkeypatch.setattr(bounds, "BODY_S_MAX", 0.3)

    async def run() -> None:
        config = uvicorn.Config(
            bounds.PatientBodies(app),
            http=bounds.PatientProtocol,
            port=0,
            log_config=None,
            timeout_keep_alive=1,
        )
        socket = config.bind_socket()
        server: Any = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[socket]))
        port = socket.getsockname()[1]
        while not server.started:  # noqa: ASYNC110 - it tells in no other way
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        async with asyncio.timeout(5):
            await reader.read()  # Ends: the server closed it.
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        async with asyncio.timeout(5):
            assert (await reader.readuntil(b"size 3")).startswith(b"HTTP/1.1 200")
        writer.close()
        server.should_exit = True
        await serving
        socket.close()

    asyncio.run(run())
