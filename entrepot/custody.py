"""`entrepot custody`: where each edge's chain stands, and what a person decides about it."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from entrepot.http import NoAnswer, call_now
from entrepot.processes import StartRefused

if TYPE_CHECKING:
    import argparse

VERBS: Final = {
    "status": "show heads, boxes and what may be decided",
    "adopt": "the box is right: chain its rows anew on the ledger's head",
    "stop": "the box is a copy, or its history wrong: it sends nothing any more",
    "settle": "the rows kept aside are no events of this edge: go on without them",
}


def custody(asked: argparse.Namespace) -> list[str]:
    """Return the lines to print. Raises StartRefused with one sentence."""
    try:
        if asked.verb == "status":
            edges = call_now(asked.data, "gateway", "/api/custody")["edges"]
            return _status([one for one in edges if asked.edge in (None, one["edge"])])
        if asked.edge is None:
            raise StartRefused("custody", f"name the edge: entrepot custody {asked.verb} EDGE")
        if not asked.reason:
            raise StartRefused("custody", "give a reason: it is journalled with --reason TEXT")
        by = asked.by or getpass.getuser()
        path = f"/api/edges/{quote(asked.edge, safe='')}/custody"
        body = {"verb": asked.verb, "boot": asked.boot, "by": by, "reason": asked.reason}
        call_now(asked.data, "gateway", path, method="POST", body=body)
    except NoAnswer as error:
        raise StartRefused("custody", str(error)) from error
    return [f"ordered: {asked.verb} {asked.edge}, by {by}; see entrepot custody status"]


def _status(edges: list[dict[str, Any]]) -> list[str]:
    lines = []
    for one in edges:
        marks = [name for name in ("forked", "cloned") if one[f"is_{name}"]]
        counts = ", ".join(
            f"{one[f'{name}_count']} {name}"
            for name in ("pending", "aside", "repeated", "dead", "void")
            if one[f"{name}_count"]
        )
        lines.append(
            f"{one['edge']}: the ledger has row {one['head_seq']} {one['head_hash'][:12]}"
            + (f" ({counts})" if counts else "")
            + (f" {' '.join(marks).upper()}" if marks else "")
        )
        lines += [
            f"  box {box['boot']}: {box['mode']}, captured {box['tip_seq']}, "
            f"{box['custody_rows']} waiting, heard {box['beat_age_s']} s ago"
            for box in one["boxes"]
        ]
        if one["decide"]:
            lines.append(f"  decide: {', '.join(one['decide'])}")
    return lines or ["no edge is known"]
