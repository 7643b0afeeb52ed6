"""The family llrp."""

from __future__ import annotations

from typing import Final

from edge.devices.llrp.codec import codec
from edge.devices.llrp.driver import LlrpDriver
from edge.devices.llrp.settings import Llrp
from edge.families import ReaderFamily

FAMILIES: Final = (
    ReaderFamily(
        settings=Llrp,
        model="LLRP reader",
        codec=lambda _: codec(),
        driver=lambda settings, line: LlrpDriver(line, settings),
    ),
)
