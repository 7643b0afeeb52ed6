"""The edge's own endpoint: how it fares, and the plate cameras' way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.http import HttpAnswer, problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Take = Callable[[bytes], Awaitable[HttpAnswer]]


class Endpoint:
    """Routes of the edge."""

    def __init__(
        self, health: Callable[[], Awaitable[dict[str, object]]], cameras: Mapping[str, Take]
    ) -> None:
        self._health = health
        self._cameras = cameras

    async def handle(self, method: str, path: str, body: bytes) -> HttpAnswer:
        """Answer one request."""
        levels = [level for level in path.split("/") if level]
        if levels == ["health"]:
            if method != "GET":
                return problem(405, "", "not_allowed", "GET /health")
            return HttpAnswer(status=200, document=await self._health())
        if len(levels) == 2 and levels[0] == "camera":  # noqa: PLR2004 - /camera/{device}
            if method != "POST":
                return problem(405, "", "not_allowed", "POST /camera/{device}")
            take = self._cameras.get(levels[1])
            if take is None:
                names = sorted(self._cameras)
                message = f"no camera {levels[1][:64]!r}: one of {names}"
                return problem(404, "", "unknown_device", message)
            return await take(body)
        return problem(404, "", "unknown_path", "GET /health or POST /camera/{device}")
