"""Who may ask for what: Host and Origin, read-only away from loopback, bounded bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from fastapi import Request  # noqa: TC002 - FastAPI reads the annotation
from fastapi.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import Response

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})
BODY_BYTES_MAX: Final = 65_536
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none';"
    " base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_SAFE: Final = frozenset({"GET", "HEAD"})


def problem(status: int, field: str, code: str, message: str) -> JSONResponse:
    """Return an error in the shape that every endpoint of ours uses."""
    document = {"problems": [{"field": field, "code": code, "message": message}]}
    return JSONResponse(document, status_code=status)


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


class Guard:
    """A middleware: refuses before anything is read."""

    def __init__(self, *, is_writable: bool) -> None:
        self._is_writable = is_writable

    async def __call__(
        self, request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Check a request, pass it on, and set the headers of the answer."""
        refusal = self._refusal(request)
        answer: Any = refusal if refusal is not None else await call_next(request)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer  # type: ignore[no-any-return]

    def _refusal(self, request: Request) -> JSONResponse | None:
        host = request.headers.get("host", "")
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        # A page elsewhere that rebinds its name to this address is told by its Host.
        if self._is_writable and name not in LOOPBACK:
            return problem(421, "/host", "not_allowed", f"Host {host[:80]!r} is not this machine")
        if request.method in _SAFE:
            return None
        if not self._is_writable:
            message = "read-only: this page listens beyond loopback; act on the machine itself"
            return problem(403, "", "not_allowed", message)
        origin = request.headers.get("origin")
        if origin is not None and _netloc(origin) != host:
            return problem(403, "/origin", "not_allowed", f"Origin {origin[:80]!r} is elsewhere")
        if request.method != "POST":
            return None  # No route takes it: the answer is 405.
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "application/json":
            return problem(415, "", "malformed", "send application/json")
        size = request.headers.get("content-length", "")
        if not (size.isascii() and size.isdigit()):
            return problem(411, "", "malformed", "send Content-Length")
        if int(size) > BODY_BYTES_MAX:
            return problem(413, "", "too_large", f"{size} bytes, at most {BODY_BYTES_MAX}")
        return None
