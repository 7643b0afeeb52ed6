"""Requests of the logistics platform and the answers to them (pure).

Source: the project's contract on the wire, section 6. Money is an integer in the currency's minor
unit. Instants are RFC 3339 texts in UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from wire.base import Message, Word

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
Text = Annotated[str, Field(max_length=1_000)]
Grams = Annotated[int, Field(gt=0, le=100_000_000)]
Minor = Annotated[int, Field(ge=0, le=10**12)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


def _as_text(value: object) -> object:
    if isinstance(value, str):
        return value
    raise PydanticCustomError("datetime_type", "an instant is a text of RFC 3339")


def _in_this_century(value: datetime) -> datetime:
    if FIRST_YEAR <= value.year <= LAST_YEAR:
        return value
    raise PydanticCustomError(
        "datetime_range", f"an instant lies between {FIRST_YEAR} and {LAST_YEAR}"
    )


FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100
Instant = Annotated[
    AwareDatetime,
    Field(strict=False),
    BeforeValidator(_as_text),
    AfterValidator(_in_this_century),
]
Sscc = Annotated[str, Field(pattern=r"^[0-9]{18}$")]


def _is_date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise PydanticCustomError("date_range", "there is no such day") from error
    return text


Day = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$"), AfterValidator(_is_date)]
Plate = Annotated[str, Field(min_length=1, max_length=16, pattern=r"[^\s.·-]")]

ProblemCode = Literal[
    "malformed", "too_large", "unknown_kind", "missing", "wrong_type", "out_of_range",
    "unknown_goods", "unknown_order", "unknown_document", "over_limit", "conflict", "not_allowed",
]  # fmt: skip


class Problem(Message):
    """One reason why a request was refused; `field` is a JSON pointer, empty for the whole."""

    field: str
    code: ProblemCode
    message: str


class Answer(Message):
    """The reply to a request."""

    request_id: str
    accepted: bool
    problems: list[Problem] = Field(default_factory=list)
    result: dict[str, object] = Field(default_factory=dict)


class Request(Message):
    """Fields of every request."""

    request_id: Id
    sent_at: Instant


class CartonKind(Message):
    """Mass and size of one carton of a goods."""

    mass_g: Grams
    tolerance_ratio: Annotated[float, Field(ge=0, le=1)]
    length_mm: Annotated[int, Field(gt=0, le=10_000)]
    width_mm: Annotated[int, Field(gt=0, le=10_000)]
    height_mm: Annotated[int, Field(gt=0, le=10_000)]


class GoodsName(Message):
    """The name in both languages."""

    en: Text
    zh: Text


class Goods(Request):
    """A goods of the account book."""

    goods_id: Id
    gtin: Annotated[str, Field(pattern=r"^[0-9]{14}$")]
    name: GoodsName
    hs_code: Annotated[str, Field(pattern=r"^[0-9]{6,10}$")]
    book_line: Id
    carton: CartonKind
    zone: Literal["ambient", "cool", "frozen"]
    dangerous_goods_class: Annotated[str, Field(pattern=r"^[0-9A-Za-z.]{1,8}$")] | None = None
    duty_ratio: Annotated[float, Field(ge=0, le=10)]


class NoticedCarton(Message):
    """A carton that will come; `epc` is 24 hex digits or a pure identity URI."""

    epc: Annotated[str, Field(min_length=8, max_length=128)]
    goods_id: Id
    lot: Annotated[str, Field(max_length=40)]
    expires_on: Day | None = None
    value: Minor


class NoticedPallet(Message):
    """A pallet that will come."""

    sscc: Sscc
    gross_mass_g: Grams
    cartons: Annotated[list[NoticedCarton], Field(min_length=1, max_length=500)]


class InboundNotice(Request):
    """Goods on their way into bond."""

    notice_id: Id
    owner_id: Id
    book: Id
    plate: Plate
    expected_at: Instant
    pallets: Annotated[list[NoticedPallet], Field(min_length=1, max_length=100)]


class OrderLine(Message):
    """Whole cartons of one goods."""

    goods_id: Id
    cartons_count: Annotated[int, Field(gt=0, le=1_000)]


class Order(Request):
    """A buyer's order."""

    order_id: Id
    merchant_id: Id
    buyer_key: Id
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=100)]
    amount: Annotated[int, Field(gt=0, le=10**12)]
    currency: Currency
    ordered_at: Instant
    cutoff_at: Instant
    carrier_id: Id


class Payment(Request):
    """The payment document of an order."""

    payment_id: Id
    order_id: Id
    payer_key: Id
    amount: Minor
    currency: Currency
    paid_at: Instant


class Waybill(Request):
    """The waybill document of an order."""

    waybill_id: Id
    order_id: Id
    carrier_id: Id
    receiver_key: Id
    packages_count: Annotated[int, Field(gt=0, le=10_000)]
    gross_mass_g: Grams


class CustomsReceipt(Request):
    """What customs says of a document; `code` by document: declaration 100..899, passport 0..6."""

    receipt_id: Id
    document: Literal["declaration", "passport"]
    document_id: Id
    code: Annotated[int, Field(ge=0, le=999)]
    issued_at: Instant
    note: Text = ""


class Truck(Request):
    """A truck that will come."""

    truck_id: Id
    plate: Plate
    purpose: Literal["inbound", "outbound"]
    dock: Word
    tare_g: Grams
    arrives_at: Instant
    carrier_id: Id


class Subject(Message):
    """Exactly one of them is given; `unit` is an EPC (hex or URI)."""

    unit: str | None = None
    pallet: str | None = None
    lot: str | None = None


class Hold(Request):
    """Put goods on hold."""

    subject: Subject
    kind: Literal["discrepancy", "quality", "customs", "security", "fork"]
    reason: Annotated[str, Field(min_length=1, max_length=1_000)]
    authority: Annotated[str, Field(min_length=1, max_length=64)]


class ReleaseHold(Hold):
    """Lift the holds of that kind from the subject."""


class CancelOrder(Request):
    """Take an order back."""

    order_id: Id
    reason: Annotated[str, Field(min_length=1, max_length=1_000)]


REQUEST_KINDS: Final[dict[str, type[Request]]] = {
    "goods": Goods,
    "inbound-notice": InboundNotice,
    "order": Order,
    "payment": Payment,
    "waybill": Waybill,
    "customs-receipt": CustomsReceipt,
    "truck": Truck,
    "hold": Hold,
    "release-hold": ReleaseHold,
    "cancel-order": CancelOrder,
}
