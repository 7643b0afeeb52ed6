"""The page's HTTP server: signals stay the daemon's, streams end first, its address is told."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn
from typing_extensions import override

from gateway.errors import StartRefused
from gateway.web.bounds import PatientBodies, PatientProtocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path


class PageServer(uvicorn.Server):
    """A server that leaves signals to the daemon and ends its streams before it waits for them."""

    def __init__(self, config: uvicorn.Config, close_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._close_streams = close_streams

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._close_streams()
        await super().shutdown(sockets)


async def serve(server: PageServer) -> None:
    """Serve until cancelled, then let the server end in its own order instead of mid-wait."""
    serving = asyncio.ensure_future(server.serve())
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving


def address_file(data_dir: Path) -> Path:
    """Return where the page's address is told."""
    return data_dir / "run" / "gateway.http"


async def listen(app: Any, host: str, port: int, data_dir: Path) -> PageServer:  # noqa: ANN401 - ASGI
    """Bind the page's port and say where it is. Raises StartRefused when it is taken."""
    config = uvicorn.Config(
        PatientBodies(app),
        http=PatientProtocol,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=30,
        server_header=False,
        limit_concurrency=500,
    )
    try:
        bound_socket = config.bind_socket()
    except (OSError, SystemExit) as error:
        raise StartRefused(f"{host}:{port} is taken: choose another --http PORT") from error
    bound = bound_socket.getsockname()
    (data_dir / "run").mkdir(parents=True, exist_ok=True)
    name = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    name = f"[{name}]" if ":" in name else name
    address_file(data_dir).write_text(f"{name}:{bound[1]}\n", encoding="ascii")
    server = PageServer(config, app.state.close_streams)
    server.serve = partial(server.serve, sockets=[bound_socket])  # type: ignore[method-assign]
    return server
