"""How many of a line's frames are spoilt: heard of before reads go missing (pure)."""

from __future__ import annotations

from typing import Final

WINDOW_S: Final = 30.0
CORRUPT_COUNT_MIN: Final = 5
CORRUPT_RATIO_MIN: Final = 0.02
"""A sound line has none; one in fifty is a bad plug, a missing ground or a wrong setting."""


class LineQuality:
    """Counts frames in windows; `complaint` is the last whole window's."""

    def __init__(self) -> None:
        self.complaint = ""
        self._began_s: float | None = None
        self._good_count = 0
        self._corrupt_before = 0

    def note(self, *, good_count: int, corrupt_count: int, now_s: float) -> None:
        """Take the good frames since the last call, and all corrupt ones there ever were."""
        if self._began_s is None:
            self._began_s, self._corrupt_before = now_s, corrupt_count
        self._good_count += good_count
        if now_s - self._began_s < WINDOW_S:
            return
        corrupt = corrupt_count - self._corrupt_before
        whole = corrupt + self._good_count
        is_bad = corrupt >= CORRUPT_COUNT_MIN and corrupt > CORRUPT_RATIO_MIN * whole
        self.complaint = (
            f"{corrupt} of {whole} frames in {WINDOW_S:.0f} s were corrupt: "
            "check cable, ground and line settings"
            if is_bad
            else ""
        )
        self._began_s, self._good_count, self._corrupt_before = now_s, 0, corrupt_count
