"""The edge's own endpoint: how it fares, and the plate cameras' way in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from runtime.http import HttpAnswer, problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from edge.ports import Emit


class Camera(Protocol):
    """Takes what a plate camera posts."""

    async def take(self, body: bytes, emit: Emit) -> HttpAnswer:
        """Answer after the event is on disk."""


class Endpoint:
    """Routes of the edge."""

    def __init__(
        self,
        health: Callable[[], Awaitable[dict[str, object]]],
        cameras: Mapping[str, Camera],
        emit: Emit,
    ) -> None:
        self._health = health
        self._cameras = cameras
        self._emit = emit

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
            camera = self._cameras.get(levels[1])
            if camera is None:
                names = sorted(self._cameras)
                message = f"no camera {levels[1][:64]!r}: one of {names}"
                return problem(404, "", "unknown_device", message)
            return await camera.take(body, self._emit)
        return problem(404, "", "unknown_path", "GET /health or POST /camera/{device}")
