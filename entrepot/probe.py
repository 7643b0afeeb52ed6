"""`entrepot probe`: one device or bus at work: raw frames with their times, and what they say."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edge.catalogue import build, join, recipes
from edge.catalogue.edge_settings import EdgeSettings
from edge.catalogue.families import FAMILIES
from edge.links.frames import watching
from entrepot.decode import told
from entrepot.processes import StartRefused
from runtime.clock import SystemClock
from runtime.settings import read_toml, settings_from

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from edge.catalogue import Recipe
    from edge.families import Codec
    from edge.links.frames import Way
    from edge.ports import Outgoing

CAPTURE_FRAMES_MAX = 1_000_000


@dataclass(kw_only=True)
class Watch:
    """What is printed while a device works."""

    tell: Callable[[str], None]
    is_json: bool
    codec: Codec | None
    capture: list[dict[str, object]] | None = None
    began_s: float = field(default_factory=time.monotonic)
    last_s: float = field(default_factory=time.monotonic)
    frames_count: int = 0
    readings_count: int = 0

    def frame(self, way: Way, data: bytes) -> None:
        """Take bytes as they pass."""
        now_s = time.monotonic()
        row: dict[str, object] = {
            "at_ms": round((now_s - self.began_s) * 1000, 1),
            "gap_ms": round((now_s - self.last_s) * 1000, 1),
            "way": way,
            "frame_hex": data.hex().upper(),
        }
        self.last_s = now_s
        self.frames_count += 1
        if self.capture is not None and len(self.capture) < CAPTURE_FRAMES_MAX:
            self.capture.append(row)
        if self.is_json:
            self.tell(json.dumps(row))
        else:
            arrow = ">" if way == "out" else "<"
            self.tell(
                f"{row['at_ms']:>10} ms {row['gap_ms']:>+9.1f}  {arrow} {data.hex(' ').upper()}"
            )
        if way == "in" and self.codec is not None:
            for reading in self.codec.feed(data):
                self.reading(told(reading))

    def reading(self, document: Mapping[str, object]) -> None:
        """Tell a decoded value or a fault."""
        self.readings_count += "error" not in document
        text = json.dumps(document, ensure_ascii=False)
        self.tell(text if self.is_json else f"{'':>24}= {text}")

    async def emit(self, outgoing: Outgoing) -> int | None:
        """Tell what the edge would publish."""
        self.readings_count += 1
        self.reading({"kind": outgoing.kind, "device": outgoing.device, **outgoing.body})
        return self.readings_count if outgoing.is_custody else None


def settings_of(path: Path, device: str | None) -> Recipe:
    """Return what one entry of a file runs: an edge's file, or a sample's [[devices]].

    Raises SettingsRefused, and StartRefused where the file has several and none is named.
    """
    document: dict[str, Any] = {"edge": "probe", **read_toml(path)}
    found = recipes(settings_from(path, document, EdgeSettings))
    names = {one.id: name for name, recipe in found.items() for one in recipe.devices}
    names |= {name: name for name in found}
    if device is None and len(found) == 1:
        return next(iter(found.values()))
    if device is None or device not in names:
        known = ", ".join(sorted(names))
        what = f"no device {device!r}" if device else f"{len(found)} devices"
        raise StartRefused("probe", f"{path} has {what}: name one of {known}")
    return found[names[device]]


async def probe(asked: argparse.Namespace, *, tell: Callable[[str], None]) -> int:
    """Run the device for a while; return 0 when it told anything."""
    recipe = settings_of(asked.file, asked.device)
    one = recipe.devices[0]
    make = getattr(FAMILIES[one.family], "codec", None)
    watch = Watch(
        tell=tell,
        is_json=asked.json,
        codec=make(one) if make is not None and recipe.bus is None else None,
        capture=[] if asked.capture else None,
    )
    with watching(watch.frame):
        runner = build(recipe, data_dir=asked.data, clock=SystemClock())
    join([runner])
    task = asyncio.create_task(runner.run(watch.emit), name=runner.name)
    await asyncio.wait([task], timeout=asked.for_s)
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
    if asked.capture and watch.capture is not None:
        lines = (json.dumps(row) + "\n" for row in watch.capture)
        asked.capture.write_text("".join(lines), encoding="ascii")
    for driver in runner.drivers:
        birth = driver.birth()
        state = {"device": driver.device, "status": birth.status, "reason": birth.status_reason}
        watch.tell(json.dumps({**state, "model": birth.model, "serial": birth.serial}))
    return 0 if watch.readings_count else 1
