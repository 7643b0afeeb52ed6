"""Small JSON calls to our own processes' endpoints on loopback."""

from __future__ import annotations

import asyncio
import http.client
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

ANSWER_BYTES_MAX: Final = 64_000_000
CALL_S_MAX: Final = 10.0


class NoAnswer(Exception):
    """An endpoint is not there, does not answer, or answers with an error."""


class BadAnswer(NoAnswer):
    """An endpoint answers, but with an error or not with JSON: its process is alive."""


def address_of(data_dir: Path, process: str) -> tuple[str, int]:
    """Return where a process listens, from DATA/run/<process>.http. Raises NoAnswer."""
    path = data_dir / "run" / f"{process}.http"
    try:
        host, _, port = path.read_text(encoding="ascii").strip().rpartition(":")
        return host.strip("[]"), int(port)
    except (OSError, ValueError) as error:
        raise NoAnswer(f"{process} has not said where it listens ({path})") from error


def _why(body: bytes) -> str:
    """Return what an error document of ours says, led by a colon."""
    try:
        return ": " + "; ".join(one["message"] for one in json.loads(body)["problems"])
    except (ValueError, KeyError, TypeError):
        return ""


def call_now(
    data_dir: Path,
    process: str,
    path: str,
    *,
    method: str = "GET",
    body: dict[str, object] | None = None,
) -> Any:  # noqa: ANN401 - JSON
    """Return the decoded JSON answer. Raises NoAnswer."""
    host, port = address_of(data_dir, process)
    connection = http.client.HTTPConnection(host, port, timeout=CALL_S_MAX)
    headers = {"Content-Type": "application/json"} if method == "POST" else {}
    try:
        document = json.dumps(body or {}) if method == "POST" else None
        connection.request(method, path, body=document, headers=headers)
        answer = connection.getresponse()
        told = answer.read(ANSWER_BYTES_MAX)
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            why = _why(told)
            raise BadAnswer(f"{process} answers {answer.status} to {method} {path}{why}")
        return _decoded(told, f"{process} answers no JSON to {method} {path}")
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(f"{process} does not answer {method} {path}: {error}") from error
    finally:
        connection.close()


def _decoded(body: bytes, sentence: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(body)
    except ValueError as error:
        raise BadAnswer(sentence) from error


async def call(data_dir: Path, process: str, path: str, *, method: str = "GET") -> Any:  # noqa: ANN401 - JSON
    """Do the same without holding the loop."""
    return await asyncio.to_thread(call_now, data_dir, process, path, method=method)
