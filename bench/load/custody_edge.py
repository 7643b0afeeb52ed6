"""An edge's custody as load: rows in order within the window, moved on by the ledger's heads.

What the real uplink does (contract, section 2): nothing before an answered hello, at most 400 rows
above the head, and again from the head when it stands still for two seconds.
"""

from __future__ import annotations

import json
import secrets
import time
from array import array
from typing import TYPE_CHECKING, Final

from bench.load.link import EdgeLink
from wire.topics import edge_topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtime.mqtt_url import BrokerAddress
    from wire.chain import CustodyRow

WINDOW_COUNT: Final = 400
RESEND_S: Final = 2.0
BEAT_S: Final = 2.0


class CustodyEdge:
    """One edge with a whole chain to send."""

    def __init__(self, name: str, rows: Sequence[CustodyRow], *, ledger: str) -> None:
        self.name = name
        self.rows = rows
        self.ledger = ledger
        self.head_seq = 0
        self.rewinds_count = 0
        self.latencies_s = array("d")
        """From published to covered by a head, of each row's newest sending."""
        self._link: EdgeLink | None = None
        self._boot = secrets.token_hex(4)
        self._nonce = ""
        self._sent_seq = 0
        self._sent_s: list[float] = [0.0] * (len(rows) + 1)
        self._moved_s = 0.0
        self._beat_s = -1e9

    @property
    def is_done(self) -> bool:
        """Whether the ledger's head is the tip."""
        return self.head_seq == len(self.rows)

    @property
    def link(self) -> EdgeLink:
        """The connection, once there is one."""
        assert self._link is not None
        return self._link

    async def connect(self, address: BrokerAddress) -> None:
        """Open the session; nothing is sent yet."""
        filters = [edge_topic(self.name, "head")]
        client_id = f"edge-{self.name}-{self._boot}"
        self._link = await EdgeLink.connect(address, client_id, filters=filters, hear=self._hear)

    def say_hello(self) -> None:
        """Ask where the ledger stands; the answer starts the sending."""
        self._nonce = secrets.token_hex(8)
        tip = self.rows[-1]
        hello = {
            "ledger": self.ledger,
            "nonce": self._nonce,
            "boot": self._boot,
            "tip": {"seq": tip.seq, "hash": tip.hash},
            "sample": [[0, "0" * 64]],
        }
        self.link.publish(edge_topic(self.name, "hello"), json.dumps(hello).encode(), qos=0)

    def go_on(self) -> None:
        """Beat when it is due, and send again from the head when that stands still."""
        now_s = time.monotonic()
        if now_s - self._beat_s >= BEAT_S:
            self._beat_s = now_s
            self._beat()
        if not self._moved_s or self.is_done or now_s - self._moved_s < RESEND_S:
            return
        self.rewinds_count += 1
        self._moved_s = now_s
        self._sent_seq = self.head_seq
        self._send()

    def _beat(self) -> None:
        tip = self.rows[-1]
        body = {
            "boot": self._boot, "mono_ms": round(time.monotonic() * 1000), "t_ns": time.time_ns(),
            "clock": "synced", "tip": {"seq": tip.seq, "hash": tip.hash},
            "outbox": {"custody_rows": len(self.rows) - self.head_seq, "telemetry_rows": 0,
                       "bytes": 0, "oldest_s": 0.0},
        }  # fmt: skip
        self.link.publish(edge_topic(self.name, "beat"), json.dumps(body).encode(), qos=0)

    def _hear(self, topic: str, body: bytes) -> None:
        head = json.loads(body)
        if not topic.endswith("/head") or head["ledger"] != self.ledger:
            return
        if head["nonce"] is not None and head["nonce"] != self._nonce:
            return
        now_s = time.monotonic()
        seq = head["seq"]
        assert seq == 0 or self.rows[seq - 1].hash == head["hash"], f"{self.name}: a fork at {seq}"
        if seq > self.head_seq:
            sent = self._sent_s[self.head_seq + 1 : seq + 1]
            self.latencies_s.extend(now_s - one for one in sent)
            self.head_seq = seq
            self._sent_seq = max(self._sent_seq, seq)
            self._moved_s = now_s
        elif not self._moved_s:
            self._moved_s = now_s  # The first answer.
        if self._moved_s:
            self._send()

    def _send(self) -> None:
        now_s = time.monotonic()
        last = min(len(self.rows), self.head_seq + WINDOW_COUNT)
        for row in self.rows[self._sent_seq : last]:
            self._sent_s[row.seq] = now_s
            self.link.publish(
                row.topic,
                row.body,
                properties=(
                    ("ledger", self.ledger),
                    ("seq", str(row.seq)),
                    ("prev", row.prev),
                    ("id", row.id),
                    ("hash", row.hash),
                ),
            )
        self._sent_seq = max(self._sent_seq, last)
