"""Balances that are asked: OHAUS and Sartorius SBI.

Sources: OHAUS Defender 3000 manual 5.2 (fields and their widths); Sartorius Combics 1 manual (22
characters, identifiers, Stat) and Cubis manual (ESC P, ESC U, ESC V).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_sims.devices.weighing import serve_indicator

if TYPE_CHECKING:
    from typing import Never

    from firmware_sims.devices.line import Line
    from firmware_sims.devices.weighing import Platform, Shown


class Ohaus:
    """A Defender: polarity, seven of weight, space, five of unit, mark, legend."""

    def __init__(self, platform: Platform, *, decimals: int) -> None:
        self.platform = platform
        self.period_s: float | None = None
        self._decimals = decimals

    async def serve(self, line: Line) -> Never:
        """Answer for ever."""
        await serve_indicator(self, line)

    def obey(self, keys: bytearray, now_s: float) -> bytes:
        """Answer IP and P, work Z and T, refuse the rest with ES."""
        answers = b""
        while b"\r\n" in keys:
            word, _, rest = bytes(keys).partition(b"\r\n")
            keys[:] = rest
            if word in {b"IP", b"P"}:
                answers += self.frame(self.platform.look(now_s))
            elif word == b"Z":
                self.platform.zero(now_s)
            elif word == b"T":
                self.platform.take_tare(now_s)
            else:
                answers += b"ES\r\n"
        return answers

    def frame(self, shown: Shown) -> bytes:
        """Return one line."""
        if shown.span != "ok":
            return (b"^^^^^^" if shown.span == "over" else b"______") + b"\r\n"
        digits = self.platform.kg(abs(shown.net), decimals=self._decimals)
        sign, mark = "-" if shown.net < 0 else " ", " " if shown.is_at_rest else "?"
        return f"{sign}{digits:>7} kg   {mark}{'NET' if shown.tare else 'G'}\r\n".encode()


class Sbi:
    """A Combics with 22 characters."""

    def __init__(self, platform: Platform, *, decimals: int) -> None:
        self.platform = platform
        self.period_s: float | None = None
        self._decimals = decimals

    async def serve(self, line: Line) -> Never:
        """Answer for ever."""
        await serve_indicator(self, line)

    def obey(self, keys: bytearray, now_s: float) -> bytes:
        """Work each ESC and its letter; line ends are optional and passed over."""
        answers = b""
        while (at := keys.find(b"\x1b")) >= 0 and len(keys) > at + 1:
            letter = keys[at + 1]
            del keys[: at + 2]
            if letter == ord("P"):
                answers += self.frame(self.platform.look(now_s))
            elif letter == ord("U"):
                self.platform.take_tare(now_s)
            elif letter == ord("V"):
                self.platform.zero(now_s)
        return answers

    def frame(self, shown: Shown) -> bytes:
        """Return one line."""
        if shown.span != "ok":
            return f"{'Stat':6}{'':8}{'H' if shown.span == 'over' else 'L':6}\r\n".encode()
        digits = self.platform.kg(abs(shown.net), decimals=self._decimals)
        name, unit = "N" if shown.tare else "G#", "kg" if shown.is_at_rest else ""
        return f"{name:6}{'-' if shown.net < 0 else '+'}{digits:>9} {unit:3}\r\n".encode()
