"""Indicators of the `ST,` forms: A&D standard, the three fields of OEM makers, CAS with 22 bytes.

Sources: A&D EK-L manual 9-2 (header, sign and eight characters, unit of three); A&D AD-4406 manual
13.2 and 13.3 (GS, NT; MZ, MT, CT are echoed, I when it can't); CAS CI-400 manual, appendix 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_sims.devices.weighing import serve_indicator

if TYPE_CHECKING:
    from typing import Never

    from firmware_sims.devices.line import Line
    from firmware_sims.devices.weighing import Platform, Shown


class AndScale:
    """A scale that streams ten times a second; Z and T are its keys, Q asks."""

    def __init__(self, platform: Platform, *, decimals: int, streams: bool = True) -> None:
        self.platform = platform
        self.period_s: float | None = 0.1 if streams else None
        self._decimals = decimals

    async def serve(self, line: Line) -> Never:
        """Send and answer for ever."""
        await serve_indicator(self, line)

    def obey(self, keys: bytearray, now_s: float) -> bytes:
        """Answer Q, work Z and T without a word, refuse the rest with EC."""
        answers = b""
        while b"\r\n" in keys:
            word, _, rest = bytes(keys).partition(b"\r\n")
            keys[:] = rest
            if word == b"Q":
                answers += self.frame(self.platform.look(now_s))
            elif word == b"Z":
                self.platform.zero(now_s)
            elif word == b"T":
                self.platform.take_tare(now_s)
            else:
                answers += b"EC,E01\r\n"
        return answers

    def frame(self, shown: Shown) -> bytes:
        """Return header, comma, nine of weight, three of unit."""
        if shown.span != "ok":
            return f"OL,{'+' if shown.span == 'over' else '-'}9999999E+19\r\n".encode()
        head = "ST" if shown.is_at_rest else "US"
        kilograms = self.platform.kg(abs(shown.net), decimals=self._decimals)
        sign = "-" if shown.net < 0 else "+"
        return f"{head},{sign}{kilograms:0>8} kg\r\n".encode()


class ThreeField:
    """An OEM indicator; with a device id it is a CAS one."""

    def __init__(self, platform: Platform, *, decimals: int, cas_id: int | None = None) -> None:
        self.platform = platform
        self.period_s: float | None = 0.1
        self._decimals = decimals
        self._cas_id = cas_id

    async def serve(self, line: Line) -> Never:
        """Send and answer for ever."""
        await serve_indicator(self, line)

    def obey(self, keys: bytearray, now_s: float) -> bytes:
        """Echo what was done; I or, from CAS, ! where it can't be."""
        answers = b""
        prefix = b"" if self._cas_id is None else f"{self._cas_id:02d}".encode()
        while b"\r\n" in keys:
            word, _, rest = bytes(keys).partition(b"\r\n")
            keys[:] = rest
            done: bool | None = None
            if word == prefix + b"MZ":
                done = self.platform.zero(now_s)
            elif word == prefix + b"MT":
                done = self.platform.take_tare(now_s)
            elif word == prefix + b"CT":
                self.platform.clear_tare()
                done = True
            refusal = b"I" if self._cas_id is None else b"!"
            answers += (b"?" if done is None else word if done else refusal) + b"\r\n"
        return answers

    def frame(self, shown: Shown) -> bytes:
        """Return one line."""
        state = "OL" if shown.span != "ok" else "ST" if shown.is_at_rest else "US"
        kind = "NT" if shown.tare else "GS"
        sign = "-" if shown.net < 0 else "+"
        kilograms = self.platform.kg(abs(shown.net), decimals=self._decimals)
        if shown.span != "ok":
            kilograms, sign = "", "+" if shown.span == "over" else "-"
        if self._cas_id is None:
            return f"{state},{kind},{sign}{kilograms:>7}kg\r\n".encode()
        lamps = 0xA0 | (0x40 if shown.is_at_rest else 0) | (0x02 if shown.tare else 0x04)
        lamps |= 0x01 if shown.is_zero else 0
        data = f"{sign if sign == '-' else ''}{kilograms}"
        head = f"{state},{kind},".encode() + bytes([0x30 + self._cas_id, lamps])
        return head + f",{data:>8} kg\r\n".encode()
