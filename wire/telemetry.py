"""Telemetry: readings that may be thinned, one point each in the time-series store (pure).

Source: the project's contract on the wire, sections 1 and 3.
"""

from __future__ import annotations

from typing import Final

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
    """An electricity meter."""

    voltage_v: float | None = None
    current_a: float | None = None
    power_w: float | None = None
    energy_kwh: float | None = None
    frequency_hz: float | None = None


class Bus(Reading):
    """How a field bus fares; counts since the process started."""

    requests_count: Count
    timeouts_count: Count
    errors_count: Count
    cycle_ms: float
    utilisation_ratio: float


TELEMETRY_KINDS: Final[dict[str, type[Reading]]] = {
    "environment": Environment,
    "power": Power,
    "bus": Bus,
}
