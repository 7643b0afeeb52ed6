"""American indicators: Rice Lake STR-1, NCI, Cardinal SB-400.

Sources: Rice Lake 480 manual, figure 9-1 (STR-1) and its EDP key commands; NCI 7800 and 6702
manuals (W, S, Z; status bytes); Cardinal 200 manual, continuous output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_sims.devices.weighing import serve_indicator

if TYPE_CHECKING:
    from typing import Never

    from firmware_sims.devices.line import Line
    from firmware_sims.devices.weighing import Platform, Shown


class RiceLake:
    """A 480 that streams on its port and takes EDP commands there."""

    def __init__(self, platform: Platform, *, decimals: int) -> None:
        self.platform = platform
        self.period_s: float | None = 0.1
        self._decimals = decimals

    async def serve(self, line: Line) -> Never:
        """Send and answer for ever."""
        await serve_indicator(self, line)

    def obey(self, keys: bytearray, now_s: float) -> bytes:
        """Press the key that a command names."""
        answers = b""
        while b"\r" in keys:
            word, _, rest = bytes(keys).partition(b"\r")
            keys[:] = rest
            if word.strip() == b"KZERO":
                self.platform.zero(now_s)
                answers += b"OK\r\n"
            elif word.strip() == b"KTARE":
                self.platform.take_tare(now_s)
                answers += b"OK\r\n"
            else:
                answers += b"??\r\n"
        return answers

    def frame(self, shown: Shown) -> bytes:
        """Return STX, polarity, seven of weight, K, G or N, the status."""
        weight = self.platform.kg(abs(shown.net), decimals=self._decimals)
        status = "O" if shown.span != "ok" else " " if shown.is_at_rest else "M"
        is_negative = shown.net < 0 or shown.span == "under"
        mode = "N" if shown.tare else "G"
        return f"\x02{'-' if is_negative else ' '}{weight:>7}K{mode}{status}\r\n".encode()


class Nci:
    """A bench scale that answers W, S, Z and T."""

    def __init__(self, platform: Platform, *, decimals: int) -> None:
        self.platform = platform
        self.period_s: float | None = None
        self._decimals = decimals

    async def serve(self, line: Line) -> Never:
        """Answer for ever."""
        await serve_indicator(self, line)

    def obey(self, keys: bytearray, now_s: float) -> bytes:
        """Answer each letter."""
        answers = b""
        while b"\r" in keys:
            word, _, rest = bytes(keys).partition(b"\r")
            keys[:] = rest
            if word == b"Z":
                self.platform.zero(now_s)
            elif word == b"T":
                self.platform.take_tare(now_s)
            shown = self.platform.look(now_s)
            if word == b"W":
                answers += self.frame(shown)
            elif word in {b"S", b"Z", b"T"}:
                answers += b"\n" + self._status(shown) + b"\r\x03"
            else:
                answers += b"\n?\r\x03"
        return answers

    def frame(self, shown: Shown) -> bytes:
        """Return the answer to W."""
        sign = "-" if shown.net < 0 else ""
        digits = f"{sign}{self.platform.kg(abs(shown.net), decimals=self._decimals):0>7}"
        if shown.span != "ok":
            digits = ("^" if shown.span == "over" else "_") * 7
        return f"\n{digits}kg\r\n".encode() + self._status(shown) + b"\r\x03"

    def _status(self, shown: Shown) -> bytes:
        first = 0x30 | (0 if shown.is_at_rest else 0x01) | (0x02 if shown.is_zero else 0)
        second = 0x70 | {"ok": 0, "under": 0x01, "over": 0x02}[shown.span]
        return bytes([first, second, 0x30 | (0x04 if shown.tare else 0)])


class Cardinal:
    """A 200 whose scoreboard output has no commands."""

    def __init__(self, platform: Platform, *, decimals: int) -> None:
        self.platform = platform
        self.period_s: float | None = 0.1
        self._decimals = decimals

    async def serve(self, line: Line) -> Never:
        """Send for ever."""
        await serve_indicator(self, line)

    def obey(self, keys: bytearray, now_s: float) -> bytes:  # noqa: ARG002 - it has no commands
        """Hear nothing."""
        keys.clear()
        return b""

    def frame(self, shown: Shown) -> bytes:
        """Return sign, six digits, point, unit, mode, status."""
        digits = self.platform.kg(abs(shown.net), decimals=self._decimals)
        width = 7 if self._decimals else 6
        status = "OC" if shown.span == "over" else "  " if shown.is_at_rest else "MO"
        status = "BZ" if shown.net < 0 else status
        sign = "-" if shown.net < 0 else " "
        return f"{sign}{digits:>{width}}kg{'N' if shown.tare else 'G'}{status}\r".encode()
