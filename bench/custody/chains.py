"""Chains of rfid events, as edges would have sent them."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from wire.chain import ROOT_HASH, CustodyRow, next_row
from wire.topics import edge_topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

What: TypeAlias = Literal["arrived", "departed"]
_START_NS: Final = 1_764_000_000_000_000_000
_STEP_NS: Final = 1_000_000


def chain(edge: str, *, dock: str, what: What, count: int) -> list[CustodyRow]:
    """Return `count` chained rows of tags that nobody has announced.

    At an inbound dock `arrived` makes the ledger look the tag up; `departed` is only journalled.
    """
    rows: list[CustodyRow] = []
    topic = edge_topic(edge, "evt", "rfid", "uhf-1")
    for number in range(1, count + 1):
        t_ns = _START_NS + number * _STEP_NS
        body = {
            "t_ns": t_ns,
            "clock": "synced",
            "quality": "good",
            "read_point": dock,
            "what": what,
            "direction": "unknown",
            "epc_hex": f"3034257BF7194E40{number:08X}",
            "epc_uri": f"urn:epc:id:sgtin:0614141.812345.{number}",
            "reads_count": 14,
            "rssi_dbm": -51.5,
            "first_t_ns": t_ns - _STEP_NS,
            "last_t_ns": t_ns,
        }
        rows.append(
            next_row(
                seq=number,
                prev=rows[-1].hash if rows else ROOT_HASH,
                row_id=secrets.token_hex(16),
                topic=topic,
                body=json.dumps(body, separators=(",", ":")).encode(),
            )
        )
    return rows


def batches(
    chains: Mapping[str, list[CustodyRow]], batch_count: int
) -> Iterator[dict[str, list[CustodyRow]]]:
    """Yield what one read of the session holds: `batch_count` rows, the edges' equal shares."""
    share = max(1, batch_count // len(chains))
    longest = max(len(rows) for rows in chains.values())
    for first in range(0, longest, share):
        yield {edge: rows[first : first + share] for edge, rows in chains.items()}
