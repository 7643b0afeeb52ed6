"""Folder cases of device families: bytes, perhaps settings, and what they must be read as.

`tests/edge/devices/<family>/cases/<name>/` holds `input.hex` (hex, `#` begins a remark), where the
settings are not the default ones `site.toml` (keys of the device), and one of `expected.jsonl`, the
lines of `entrepot decode`, and `error.txt`, the reason of each fault when there is nothing else.
`site.toml` may name another family of the folder with `family`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Case:
    """One folder."""

    path: Path
    family: str
    data: bytes
    settings_file: Path | None

    @property
    def name(self) -> str:
        """Return family and folder, as a test's id."""
        return f"{self.path.parent.parent.name}-{self.path.name}"


def all_cases() -> list[Case]:
    """Return the cases of every family."""
    return [_case(path.parent) for path in sorted(HOME.glob("*/cases/*/input.hex"))]


def _case(path: Path) -> Case:
    lines = (path / "input.hex").read_text(encoding="ascii").splitlines()
    settings_file = path / "site.toml"
    settings = {}
    if settings_file.exists():
        settings = tomllib.loads(settings_file.read_text(encoding="utf-8"))
        settings = settings.get("devices", [settings])[0]
    return Case(
        path=path,
        family=settings.get("family", path.parent.parent.name),
        data=bytes.fromhex("".join(line.partition("#")[0] for line in lines)),
        settings_file=settings_file if settings_file.exists() else None,
    )
