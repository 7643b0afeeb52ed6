"""The hall's own endpoint: /health, /world, POST /drain (standard library, one thread)."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path


class ControlServer:
    """Serves what `look` returns; `drain` is called in the event loop."""

    def __init__(
        self,
        listen: str,
        file: Path,
        loop: asyncio.AbstractEventLoop,
        look: Callable[[str], dict[str, Any] | None],
        drain: Callable[[], None],
    ) -> None:
        host, _, port = listen.rpartition(":")

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                self._answer(_in_loop(loop, lambda: look(self.path)))

            def do_POST(self) -> None:
                if self.path != "/drain":
                    self._answer(None)
                    return
                loop.call_soon_threadsafe(drain)
                self._answer({"draining": True})

            def _answer(self, document: dict[str, Any] | None) -> None:
                body = json.dumps(document or {"problems": [{"message": "unknown path"}]}).encode()
                self.send_response(200 if document is not None else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            @override
            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer((host, int(port)), Handler)
        self._server.daemon_threads = True
        self._file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{host}:{self._server.server_address[1]}\n", encoding="ascii")
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._file.unlink(missing_ok=True)


def _in_loop(
    loop: asyncio.AbstractEventLoop, job: Callable[[], dict[str, Any] | None]
) -> dict[str, Any] | None:
    """Run `job` in the event loop and wait for what it returns."""
    done = threading.Event()
    box: list[dict[str, Any] | None] = []

    def run() -> None:
        try:
            box.append(job())
        finally:
            done.set()

    loop.call_soon_threadsafe(run)
    done.wait(5.0)
    return box[0] if box else None
