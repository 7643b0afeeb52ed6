"""Telemetry: readings that may be thinned, one point each in the time-series store (pure).

Source: the project's contract on the wire, sections 1 and 3.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, NotRequired, get_args

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict

from wire.base import Count, Reading, Word


class Environment(Reading):
    """Climate of a zone; a value that is not known is absent."""

    zone: Word
    temperature_c: float | None = None
    humidity_percent: float | None = None
    dew_point_c: float | None = None
    co2_ppm: float | None = None
    pressure_hpa: float | None = None


class Power(Reading):
    """An electricity meter; with three phases, voltages and currents are told of each."""

    voltage_v: float | None = None
    current_a: float | None = None
    power_w: float | None = None
    energy_kwh: float | None = None
    frequency_hz: float | None = None
    voltage_l1_v: float | None = None
    voltage_l2_v: float | None = None
    voltage_l3_v: float | None = None
    current_l1_a: float | None = None
    current_l2_a: float | None = None
    current_l3_a: float | None = None
    energy_export_kwh: float | None = None
    power_factor_ratio: float | None = None


RESERVED_NAMES: Final = frozenset({"t_ns", "clock", "quality", "reason", "zone", "values"})
"""Fields of every reading: no signal has such a name."""
SignalName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
SIGNALS_COUNT_MAX: Final = 500


def _own_names(values: dict[str, float]) -> dict[str, float]:
    """Return signals whose names are their own. Raises ValueError."""
    if taken := RESERVED_NAMES.intersection(values):
        raise ValueError(f"{sorted(taken)} are fields of every reading: take other names")
    return values


class Signals(Reading):
    """What a device says that is of no other kind; names bear their units. A bool is 0 or 1.

    In the store each is a field, so none may have the name of a field that every reading has.
    """

    zone: Word | None = None
    values: Annotated[
        dict[SignalName, float], Field(max_length=SIGNALS_COUNT_MAX), AfterValidator(_own_names)
    ]


class Bus(Reading):
    """How a field bus fares; counts since the process started."""

    requests_count: Count
    timeouts_count: Count
    errors_count: Count
    cycle_ms: float
    """One round of all units, as the line was busy with it."""
    utilisation_ratio: float
    planned_ratio: float | None = None
    """What the polls need of the line's time by its speed; absent where a line has none."""


TELEMETRY_KINDS: Final[dict[str, type[Reading]]] = {
    "environment": Environment,
    "power": Power,
    "bus": Bus,
    "signals": Signals,
}

Fields = dict[str, Any]
"""A reading's fields as sent, validated; what was not sent is not there."""


def _reader_of(model: type[Reading]) -> Any:  # noqa: ANN401 - pydantic's own validator
    """Return a validator of the same fields that makes no model: it takes half the time."""
    wanted: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if field.metadata:
            kind = Annotated[(kind, *field.metadata)]
        wanted[name] = kind if field.is_required() else NotRequired[kind]
    make: Any = TypedDict
    fields = make(f"{model.__name__}Fields", wanted)
    known = model.model_config
    fields.__pydantic_config__ = ConfigDict(
        extra=known.get("extra"), strict=True, allow_inf_nan=known.get("allow_inf_nan", False)
    )
    return TypeAdapter(fields).validator


def _digit_free(model: type[Reading]) -> frozenset[str]:
    plain = (float, float | None)
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if (field.annotation in plain and not field.metadata)
        or (field.annotation is int and list(field.metadata) == _COUNT_RULES)
    )


_COUNT_RULES: Final = list(get_args(Count)[1].metadata)
DIGIT_FREE: Final = {kind: _digit_free(model) for kind, model in TELEMETRY_KINDS.items()}
"""By kind the fields whose rules hold whatever the digits are, as long as a double or 2^62 is."""

_READERS: Final = {kind: _reader_of(model) for kind, model in TELEMETRY_KINDS.items()}


def read_fields(kind: str, body: bytes) -> Fields:
    """Return the fields of a reading of a known kind, signals among them by their own names.

    Raises pydantic's ValidationError.
    """
    fields: Fields = _READERS[kind].validate_json(body)
    if kind == "signals":
        fields.update(fields.pop("values"))
    return fields
