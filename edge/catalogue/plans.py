"""What the polls of an edge's buses need of their lines, before anything opens (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.catalogue.families import FAMILIES
from edge.families import UnitFamily
from edge.modbus.plan import bus_plan
from edge.settings import UnitSettings

if TYPE_CHECKING:
    from edge.catalogue.edge_settings import EdgeSettings
    from edge.modbus.plan import BusPlan


def planned(edge: EdgeSettings) -> dict[str, BusPlan]:
    """Return the plan of each line that has a speed."""
    plans = {}
    for bus in edge.buses:
        polls = []
        for unit in edge.devices:
            if not isinstance(unit, UnitSettings) or unit.bus != bus.id:
                continue
            family = FAMILIES[unit.family]
            assert isinstance(family, UnitFamily)
            driver = family.driver(unit, None, lambda: 0.0)
            polls += [(driver.plan(poll), every_s) for poll, every_s in driver.polls.items()]
        if (plan := bus_plan(bus, polls)) is not None:
            plans[bus.id] = plan
    return plans
