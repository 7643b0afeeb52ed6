"""The family coil_actuator: outputs on coils with what must hold before they move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, model_validator

from edge.devices.coil_actuator.driver import CoilActuator
from edge.families import UnitFamily
from edge.settings import UnitSettings
from runtime.settings import Settings
from wire.base import Word

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.families import UnitDriver
    from edge.modbus.master import Master

ADDRESS_MAX: Final = 65_535
INPUTS_SPAN_MAX: Final = 2_000
"""One request reads so many."""


class Output(Settings):
    """One coil."""

    kind: Literal["gate", "diverter", "light"]
    """gate and diverter move: only for a time, and only when `requires` holds. A light tells."""
    coil: Annotated[int, Field(ge=0, le=ADDRESS_MAX)]
    """0-based, as sent."""
    safe: bool = False
    """What the coil is in the safe state: shut, straight, off."""
    requires: dict[Word, bool] = Field(default_factory=dict)
    """Inputs, and what each must be before the coil leaves its safe state."""


class ActuatorSettings(UnitSettings):
    """family coil_actuator."""

    family: Literal["coil_actuator"]
    poll_s: Annotated[float, Field(gt=0, le=3600)] = 0.1
    input_table: Literal["discrete", "coil"] = "discrete"
    """coil: a module that shows its inputs as coils, as Advantech's do."""
    inputs: dict[Word, Annotated[int, Field(ge=0, le=ADDRESS_MAX)]] = Field(default_factory=dict)
    outputs: Annotated[dict[Word, Output], Field(min_length=1, max_length=64)]

    @model_validator(mode="after")
    def _fits(self) -> ActuatorSettings:
        for name, output in self.outputs.items():
            for needed in output.requires:
                if needed not in self.inputs:
                    known = ", ".join(self.inputs) or "none"
                    raise ValueError(f"outputs.{name} requires {needed!r}; its inputs: {known}")
        coils = [one.coil for one in self.outputs.values()]
        if len(set(coils)) < len(coils):
            raise ValueError("two outputs have one coil")
        if self.inputs and max(self.inputs.values()) - min(self.inputs.values()) >= INPUTS_SPAN_MAX:
            raise ValueError(f"inputs lie further apart than {INPUTS_SPAN_MAX}: use two devices")
        return self


def _driver(
    unit: ActuatorSettings, master: Master | None, clock: Callable[[], float]
) -> UnitDriver:
    del clock
    return CoilActuator(unit, master)


def _title(unit: ActuatorSettings) -> str:
    return f"{len(unit.outputs)} coils"


FAMILIES: Final = (
    UnitFamily(settings=ActuatorSettings, model="Modbus coils", driver=_driver, title=_title),
)
