"""What site.toml must keep beyond the form of each value: names, rules, zones (pure but tzdata)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, Field

from runtime.settings_words import probably

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.settings import Site

RULES_NEEDED: Final = ("match_amount_tolerance", "order_amount_max", "person_year_amount_max")
"""Asked for every order: without one that holds, no order could be judged."""
RULES_OPTIONAL: Final = ("gate_weight_tolerance_g", "truck_cartons_max")
"""The code has a value of its own where the site names none."""


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        remedy = probably(text, sorted(available_timezones())) if text else ""
        if not remedy.startswith("Did"):
            remedy = "give a name of the IANA list, as Asia/Shanghai or UTC"
        raise ValueError(f"is no time zone: {remedy.rstrip('.')}") from error
    return text


def _date(text: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ValueError('is no day of the calendar: write it as "2019-01-01"') from error


Timezone = Annotated[str, AfterValidator(_timezone)]
"""A name of the IANA list."""
Date = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$"), AfterValidator(_date)]


def site_faults(site: Site, today: str) -> Iterator[tuple[str, str, str]]:
    """Yield (key, message, remedy) of each fault; rules must hold on `today` (YYYY-MM-DD)."""
    for key, ids in {
        "zones": [zone.id for zone in site.zones],
        "docks": [dock.id for dock in site.docks],
        "stagings": [staging.id for staging in site.stagings],
        "racks": [rack.id for rack in site.racks],
        "vehicles": [vehicle.serial for vehicle in site.vehicles],
    }.items():
        for double in sorted({one for one in ids if ids.count(one) > 1}):
            yield f"{key}.{double}", f"the id {double!r} stands twice", "Give each its own id."
    zones = sorted(zone.id for zone in site.zones)
    for rack in site.racks:
        if rack.zone not in zones:
            yield f"racks.{rack.id}.zone", f"unknown zone {rack.zone!r}", probably(rack.zone, zones)
    for zone in site.zones:
        if zone.temperature_c.low >= zone.temperature_c.high:
            key = f"zones.{zone.id}.temperature_c"
            yield key, "low is not below high", "Swap or widen the band."
    for dock in site.docks:
        if dock.purpose == "outbound" and dock.gate is None:
            key = f"docks.{dock.id}.gate"
            yield key, "an outbound dock has no gate", "Name the gate's device."
    yield from _rule_faults(site, today)


def _rule_faults(site: Site, today: str) -> Iterator[tuple[str, str, str]]:
    known = sorted((*RULES_NEEDED, *RULES_OPTIONAL))
    seen: set[tuple[str, str]] = set()
    for rule in site.rules:
        key = f"rules.{rule.name}"
        if rule.name not in known:
            yield key, f"no rule is named {rule.name!r}", probably(rule.name, known)
        if (rule.name, rule.since) in seen:
            message = f"two rows hold from {rule.since}"
            yield key, message, "Keep one: which of them holds nobody could say."
        seen.add((rule.name, rule.since))
    for name in RULES_NEEDED:
        dates = sorted(rule.since for rule in site.rules if rule.name == name)
        if not dates:
            yield f"rules.{name}", "is missing: orders are judged by it", "Add a [[rules]] row."
        elif dates[0] > today:
            message = f"holds from {dates[0]} on only, today is {today}"
            yield f"rules.{name}", message, "Add the row that holds today."
