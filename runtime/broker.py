"""The embedded MQTT broker (iotcore: rumqttd in a wheel) as a process of its own, loopback only.

It keeps nothing: what must not be lost lies in outboxes at both ends. Measured limits: no shared
subscriptions, no Receive Maximum, no session expiry; past its segment bound it drops silently,
so segments are small and many.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, Self

PAYLOAD_BYTES_MAX: Final = 2_097_152
"""The default of 20,480 bytes closes the client's connection."""
INFLIGHT_COUNT_MAX: Final = 500
READY_S_MAX: Final = 15.0

_CONFIG: Final = """\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 1000
max_segment_size = 1048576
max_segment_count = 16

[v5.1]
name = "v5-1"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = {payload_bytes_max}
max_inflight_count = {inflight_count_max}
dynamic_filters = true
"""


def write_config(folder: Path, port: int) -> Path:
    """Write the broker's TOML into `folder` and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "broker.toml"
    text = _CONFIG.format(
        port=port, payload_bytes_max=PAYLOAD_BYTES_MAX, inflight_count_max=INFLIGHT_COUNT_MAX
    )
    path.write_text(text, encoding="ascii")
    return path


def argv_for_broker(port: int, folder: Path) -> list[str]:
    """Return the command line of the broker's process; it ends when its standard input closes."""
    return [sys.executable, "-m", "runtime.broker", "--port", str(port), "--dir", str(folder)]


class EmbeddedBroker:
    """The broker as a child, for tests and tools: `with EmbeddedBroker(port, folder) as url`."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.url = f"mqtt://127.0.0.1:{port}"
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start and wait until it listens. Raises TimeoutError."""
        root = Path(__file__).resolve().parents[1]
        self._child = subprocess.Popen(  # noqa: S603 - our own module
            argv_for_broker(self.port, self._folder),
            stdin=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(root)},
        )
        end_s = time.monotonic() + READY_S_MAX
        while not _is_listening(self.port):
            if time.monotonic() > end_s or self._child.poll() is not None:
                self.stop()
                raise TimeoutError(f"no broker on port {self.port} within {READY_S_MAX} s")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """End it; safe to call twice."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        if child.stdin is not None:
            with contextlib.suppress(OSError):
                child.stdin.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _is_listening(port: int) -> bool:
    import socket  # noqa: PLC0415 - only while waiting

    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
        return True
    return False


def main() -> None:
    """Become the broker: replaced by iotcore's own child program, which watches standard input."""
    parser = argparse.ArgumentParser(prog="python -m runtime.broker")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dir", type=Path, required=True)
    asked = parser.parse_args()
    path = write_config(asked.dir, asked.port)
    options = json.dumps({"config_path": str(path)})
    bootstrap = "from iotcore._serve import main; main()"
    os.execv(sys.executable, [sys.executable, "-c", bootstrap, options])  # noqa: S606


if __name__ == "__main__":
    main()
