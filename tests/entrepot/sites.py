"""A copy of the demo site that a test may spoil."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from entrepot.options import DEFAULT_SITE

if TYPE_CHECKING:
    from pathlib import Path


def spoilt(folder: Path, file: str, *changes: tuple[str, str]) -> Path:
    """Return a copy of the demo site with texts of one file changed once each."""
    site = folder / "site"
    if not site.exists():
        shutil.copytree(DEFAULT_SITE, site)
    path = site / file
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return site
