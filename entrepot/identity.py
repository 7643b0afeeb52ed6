"""Whose data a folder holds: DATA/site.json, written at the first start and compared ever after."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from entrepot.processes import StartRefused
from runtime.settings import read_toml

if TYPE_CHECKING:
    from pathlib import Path


def claim(data_dir: Path, site_dir: Path) -> None:
    """Note the site in a new data folder. Raises StartRefused when it holds another one's."""
    wanted = identity_of(read_toml(site_dir / "site.toml"))
    path = data_dir / "site.json"
    if not path.exists():
        _write_new(path, wanted)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        sentence = f"{path} can't be read ({error}): restore it, or remove it if you know the site"
        raise StartRefused("site", sentence) from error
    if found != wanted:
        sentence = (
            f"--data {data_dir} holds the data of {_words(found)},"
            f" but --site {site_dir} is {_words(wanted)}:"
            " name the data folder of this site, or a new one"
        )
        raise StartRefused("site", sentence)


def identity_of(document: dict[str, Any]) -> dict[str, str]:
    """Return what makes a site this one: its enterprise, its name on the wire, its book."""
    ledger = document.get("ledger")
    book = ledger.get("book", "") if isinstance(ledger, dict) else ""
    return {
        "enterprise": str(document.get("enterprise", "")),
        "site": str(document.get("site", "")),
        "book": str(book),
    }


def _words(identity: object) -> str:
    if not isinstance(identity, dict):
        return "something else"
    enterprise, site, book = (identity.get(key, "?") for key in ("enterprise", "site", "book"))
    return f"site {enterprise}/{site}, book {book}"


def _write_new(path: Path, identity: dict[str, str]) -> None:
    """Write the file whole or not at all; who comes second reads what the first has written."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(json.dumps(identity) + "\n", encoding="utf-8")
    try:
        path.hardlink_to(part)
    except FileExistsError:
        return
    finally:
        part.unlink()
