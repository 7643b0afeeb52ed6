"""What is told of the present without a journal entry: a zone's climate and the key figures."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING, Final

from runtime.clock import rfc3339_from_ns
from wire.topics import site_topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.live import Live
    from gateway.settings import Site
    from runtime.clock import Clock

_TOLD: Final = ("temperature_c", "humidity_percent")


def present_events(
    site: Site, live: Live, clock: Clock, kpi: dict[str, object], journal_count: int
) -> Iterator[tuple[str, bytes]]:
    """Yield (topic, CloudEvent) of what is retained for the platform."""
    now = rfc3339_from_ns(clock.wall_ns())
    now_s, by_zone = clock.mono_s(), live.air_by_zone()
    for zone in site.zones:
        air = [one for one in by_zone.get(zone.id, ()) if now_s - one.at_s <= zone.stale_s]
        data: dict[str, object] = {"quality": "good" if air else "bad", "at": now}
        for field in _TOLD:
            values = [one.values[field] for one in air if field in one.values]
            if values:
                data[field] = round(statistics.median(values), 2)
        topic = site_topic(site.enterprise, site.site, "zone", zone.id, "climate")
        name = f"{journal_count}-{zone.id}-{now}"
        yield topic, _event(site, "entrepot.zone.climate", data, now, name)
    topic = site_topic(site.enterprise, site.site, "kpi")
    yield topic, _event(site, "entrepot.kpi", kpi, now, f"{journal_count}-kpi-{now}")


def _event(site: Site, type_: str, data: dict[str, object], now: str, name: str) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": name,
            "source": f"/{site.enterprise}/{site.site}",
            "type": type_,
            "time": now,
            "datacontenttype": "application/json",
            "data": data,
        },
        ensure_ascii=False,
    ).encode()
