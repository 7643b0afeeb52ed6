"""Where the hall finds what it posts to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Address:
    """One process's "host:port"; `fixed` where it runs on another machine than the hall."""

    file: Path
    fixed: str | None = None

    def read(self) -> str:
        """Return it as it stands now. Raises OSError while the process has not written it."""
        return self.fixed or self.file.read_text(encoding="ascii").strip()


def address_of(settings: Mapping[str, Any], data_dir: Path, process: str) -> Address:
    """Return where `process` listens: by hall.toml's `addresses`, else DATA/run/<process>.http."""
    fixed = settings.get("addresses", {}).get(process)
    return Address(data_dir / "run" / f"{process}.http", fixed)
