"""Tables of the ledger database (SQLAlchemy Core; nothing here is SQLite-only).

`journal` is the truth. Tables marked *view* are folds of the journal and can be rebuilt from it;
tables marked *work* are queues and memories of delivery. Instants are RFC 3339 UTC texts with
milliseconds; masses are grams, lengths millimetres, money the currency's minor unit.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from gateway.ledger.schema_work import (
    METADATA,
    AnyRow,
    Serial,
    custody_row,
    dead_letter,
    edge_head,
    fork_row,
    gap,
    ledger_identity,
    letter_settled,
    outward,
    pending_row,
    receipt,
    request_seen,
)

__all__ = [
    "METADATA",
    "AnyRow",
    "alarm",
    "book_line",
    "command",
    "custody_row",
    "dead_letter",
    "decision",
    "declaration",
    "edge_head",
    "foreign_tag",
    "fork_row",
    "gap",
    "goods",
    "guarantee",
    "hold",
    "journal",
    "ledger_identity",
    "letter_settled",
    "notice",
    "outward",
    "pallet",
    "passport",
    "payment",
    "pending_row",
    "receipt",
    "request_seen",
    "sale",
    "task",
    "truck",
    "unit",
    "waybill",
]

journal = Table(
    "journal",
    METADATA,
    Column("n", Serial, primary_key=True, autoincrement=False),  # counts from 1 without gaps
    Column("at", String(32), nullable=False),
    Column("kind", String(64), nullable=False),
    Column(
        "cause", String(200), nullable=False
    ),  # custody:dock-1/17, request:ID, person:NAME, rule:NAME
    Column("body", Text, nullable=False),  # canonical JSON
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("journal_kind", "kind"),
)

# ---- view: goods and documents ---------------------------------------------------------------
goods = Table(
    "goods",
    METADATA,
    Column("goods_id", String(64), primary_key=True),
    Column("gtin", String(14), nullable=False),
    Column("name_en", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("hs_code", String(10), nullable=False),
    Column("book_line", String(64), nullable=False),
    Column("carton_mass_g", Integer, nullable=False),
    Column("mass_tolerance_ratio", Float, nullable=False),
    Column("length_mm", Integer, nullable=False),
    Column("width_mm", Integer, nullable=False),
    Column("height_mm", Integer, nullable=False),
    Column("zone", String(16), nullable=False),
    Column("dangerous_goods_class", String(16)),
    Column("duty_ratio", Float, nullable=False),
)

notice = Table(
    "notice",
    METADATA,
    Column("notice_id", String(64), primary_key=True),
    Column("owner_id", String(64), nullable=False),
    Column("book", String(64), nullable=False),
    Column("plate", String(16), nullable=False),
    Column("expected_at", String(32), nullable=False),
    Column("at", String(32), nullable=False),
)

pallet = Table(
    "pallet",
    METADATA,
    Column("sscc", String(18), primary_key=True),
    Column("notice_id", String(64), nullable=False),
    Column("gross_mass_g", Integer, nullable=False),  # as noticed
    Column("weighed_mass_g", Integer),  # as the floor scale said
    Column("place", String(80), nullable=False),
    Column("state", String(16), nullable=False),  # expected | arrived | checked | stored | empty
    Column("changed_at", String(32), nullable=False),
)

unit = Table(  # a carton
    "unit",
    METADATA,
    Column("unit", String(128), primary_key=True),  # pure identity URI
    Column("epc_hex", String(124), nullable=False),
    Column("goods_id", String(64), nullable=False),
    Column("sscc", String(18), nullable=False),  # the pallet it came on
    Column("owner_id", String(64), nullable=False),
    Column("lot", String(40), nullable=False),
    Column("expires_on", String(10)),
    Column("value", BigInteger, nullable=False),
    Column("duty", BigInteger, nullable=False),  # at risk while in bond
    Column("status", String(20), nullable=False),
    Column("is_released", Boolean, nullable=False, default=False),  # has reached receipt 800
    Column("place", String(80), nullable=False),
    # expected | dock:D | location:L | vehicle:V | staging:S | truck:T | gone
    Column("place_at", String(32), nullable=False),
    Column("place_evidence", String(200), nullable=False),
    Column("order_id", String(64)),
    Column("declaration_id", String(64)),
    Column("passport_id", String(64)),
    Column("holds_count", Integer, nullable=False, default=0),
    Column("seen_at_dock", Boolean, nullable=False, default=False),
    Column("was_stored", Boolean, nullable=False, default=False),  # has stood in a location
    Index("unit_by_sscc", "sscc"),
    Index("unit_by_order", "order_id"),
    Index("unit_by_place", "place"),
)

hold = Table(
    "hold",
    METADATA,
    Column("hold_id", String(64), primary_key=True),
    Column("unit", String(128), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", String(200), nullable=False),
    Column("since", String(32), nullable=False),
    Column("placed_by", String(64), nullable=False),
    Column("lifted_at", String(32)),
    Column("lifted_by", String(64)),
    Column("lift_reason", Text),
)

book_line = Table(  # counts are cartons
    "book_line",
    METADATA,
    Column("book_line", String(64), primary_key=True),
    Column("opening_count", Integer, nullable=False),
    Column("in_count", Integer, nullable=False),
    Column("out_count", Integer, nullable=False),
    Column("adjusted_count", Integer, nullable=False),
    Column("prededucted_count", Integer, nullable=False),
)

guarantee = Table(
    "guarantee",
    METADATA,
    Column("book", String(64), primary_key=True),
    Column("ceiling", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
)

sale = Table(  # an order; `order` is a reserved word
    "sale",
    METADATA,
    Column("order_id", String(64), primary_key=True),
    Column("merchant_id", String(64), nullable=False),
    Column("buyer_key", String(64), nullable=False),
    Column("lines", Text, nullable=False),  # JSON [{goods_id, cartons_count}]
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("ordered_at", String(32), nullable=False),
    Column("cutoff_at", String(32), nullable=False),
    Column("carrier_id", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    # open | allocated | matched | declared | released | picking | staged | loading | loaded | gone
    # | closed | cancelled | refused
    Column("blocked_by", Text, nullable=False, default=""),  # JSON [{what, who}]
    Column("declaration_id", String(64)),
    Column("truck_id", String(64)),
    Column("changed_at", String(32), nullable=False),
)

payment = Table(
    "payment",
    METADATA,
    Column("payment_id", String(64), primary_key=True),
    Column("order_id", String(64), nullable=False, index=True),
    Column("payer_key", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
)

waybill = Table(
    "waybill",
    METADATA,
    Column("waybill_id", String(64), primary_key=True),
    Column("order_id", String(64), nullable=False, index=True),
    Column("carrier_id", String(64), nullable=False),
    Column("receiver_key", String(64), nullable=False),
    Column("packages_count", Integer, nullable=False),
    Column("gross_mass_g", Integer, nullable=False),
)

declaration = Table(
    "declaration",
    METADATA,
    Column("declaration_id", String(64), primary_key=True),
    Column("order_id", String(64), nullable=False, index=True),
    Column("code", Integer),  # the last receipt's
    Column("is_released", Boolean, nullable=False, default=False),
    Column("is_closed", Boolean, nullable=False, default=False),
    Column("issued_at", String(32)),  # of the newest receipt obeyed
    Column("changed_at", String(32), nullable=False),
)

passport = Table(
    "passport",
    METADATA,
    Column("passport_id", String(64), primary_key=True),
    Column("truck_id", String(64), nullable=False, index=True),
    Column("plate", String(16), nullable=False),
    Column("state", String(16), nullable=False),  # applied | approved | passed | deleted | void
    Column("total_mass_g", BigInteger, nullable=False),  # truck and cartons
    Column("units", Text, nullable=False),  # JSON list of pure identity URIs
    Column("issued_at", String(32)),  # of the newest receipt obeyed
    Column("changed_at", String(32), nullable=False),
)

truck = Table(
    "truck",
    METADATA,
    Column("truck_id", String(64), primary_key=True),
    Column("plate", String(16), nullable=False, index=True),
    Column("purpose", String(16), nullable=False),
    Column("dock", String(64), nullable=False),
    Column("tare_g", BigInteger, nullable=False),
    Column("arrives_at", String(32), nullable=False),
    Column("carrier_id", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    # expected | docked | loading | loaded | refused | unloading | opening | gone
    Column("seen_plate", String(16)),  # what the camera read at the dock
    Column("weighed_mass_g", BigInteger),  # the newest stable weighbridge weight
    Column("weighed_seq", BigInteger),
    Column("passed_seq", BigInteger),  # the newest portal row counted for this truck
    Column("refusal", Text, nullable=False, default=""),  # JSON [{rule, unit, why, who}]
    Column("changed_at", String(32), nullable=False),
)

foreign_tag = Table(  # a tag on a truck that is no carton we may load: unknown, or thought gone
    "foreign_tag",
    METADATA,
    Column("tag", String(128), primary_key=True),  # pure identity URI, or hex without one
    Column("truck_id", String(64), nullable=False, index=True),
    Column("at", String(32), nullable=False),
)

task = Table(  # one VDA 5050 order
    "task",
    METADATA,
    Column("task_id", String(64), primary_key=True),
    Column("what", String(16), nullable=False),  # putaway | pick | load | unload | return
    Column("carries", String(16), nullable=False),  # pallet | carton
    Column("subject", String(128), nullable=False),  # SSCC or unit
    Column("source", String(80), nullable=False),
    Column("target", String(80), nullable=False),
    Column("vehicle", String(64)),
    Column("state", String(16), nullable=False),  # planned | sent | picked | finished | failed
    Column("order_id", String(64)),
    Column("truck_id", String(64)),
    Column("why", Text, nullable=False, default=""),
    Column("created_at", String(32), nullable=False),
    Column("changed_at", String(32), nullable=False),
    Index("task_by_state", "state"),
)

decision = Table(  # putaway
    "decision",
    METADATA,
    Column("decision_id", String(64), primary_key=True),
    Column("sscc", String(18), nullable=False, index=True),
    Column("location", String(64)),
    Column("score", Float),
    Column("terms", Text, nullable=False),  # JSON {term: number}
    Column("rejected", Text, nullable=False),  # JSON [{location, why}]
    Column("at", String(32), nullable=False),
)

command = Table(
    "command",
    METADATA,
    Column("command_id", String(64), primary_key=True),
    Column("edge", String(64), nullable=False),
    Column("device", String(64), nullable=False),
    Column("verb", String(64), nullable=False),
    Column("args", Text, nullable=False),
    Column("truck_id", String(64)),
    Column("outcome", String(16), nullable=False),  # pending | done | failed | refused | unknown
    Column("reason", Text, nullable=False, default=""),
    Column("at", String(32), nullable=False),
)

alarm = Table(
    "alarm",
    METADATA,
    Column("alarm_id", String(64), primary_key=True),
    Column("definition", String(64), nullable=False),
    Column("severity", String(16), nullable=False),  # critical | high | warning
    Column("subject", String(128), nullable=False),
    Column("what", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("consequence", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("since", String(32), nullable=False),
    Column("acknowledged_by", String(64)),
    Column("acknowledged_at", String(32)),
    Column("cleared_at", String(32)),
)

VIEWS: Final = (
    goods, notice, pallet, unit, hold, book_line, guarantee, sale, payment, waybill, declaration,
    passport, truck, foreign_tag, task, decision, command, alarm,
)  # fmt: skip
"""Tables that a fold of the journal makes anew."""
