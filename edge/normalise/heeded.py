"""Which reads count at a read point: strong, of a wanted header, no tag of the place (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from edge.settings import ReaderSettings

WhyNot = Literal["weak", "foreign", "ignored"]


class Heeded:
    """What a reader's settings say of it; reads of now and of long ago are asked the same."""

    def __init__(self, settings: ReaderSettings) -> None:
        self._floor_dbm = settings.rssi_floor_dbm
        self._headers = frozenset(int(one, 16) for one in settings.smoothing.headers)
        self._ignored = frozenset(bytes.fromhex(one) for one in settings.smoothing.ignored_epcs)

    def why_not(self, epc: bytes, rssi_dbm: int | None) -> WhyNot | None:
        """Return why a read does not count; None: it does."""
        if rssi_dbm is not None and rssi_dbm < self._floor_dbm:
            return "weak"
        if self._headers and epc[:1] and epc[0] not in self._headers:
            return "foreign"
        return "ignored" if epc in self._ignored else None
