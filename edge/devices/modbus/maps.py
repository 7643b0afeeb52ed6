"""Register maps: what a device holds at which address, checked strictly when they are read.

A map is a TOML file, in maps/ beside this module or in maps/ beside a site's files. Addresses are
0-based, as they are sent; `manual` keeps the number that the maker prints.
"""

from __future__ import annotations

import math
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, field_validator, model_validator

from edge.modbus.blocks import Span
from edge.modbus.pdu import BIT_TABLES, BITS_READ_MAX, WORDS_READ_MAX, Table
from edge.settings import Baud
from runtime.settings import Settings, read_toml, settings_from
from wire.telemetry import RESERVED_NAMES, TELEMETRY_KINDS

HOME: Final = Path(__file__).parent / "maps"
DECIMALS_OF_FLOATS: Final = 3
SERIAL: Final = "serial"
REGISTERS_COUNT_MAX: Final = 500
ADDRESS_MAX: Final = 65_535
WORD_BITS: Final = 16
WORDS: Final = {
    "bool": 1, "int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "int64": 4, "uint64": 4,
    "float32": 2, "float64": 4,
}  # fmt: skip
"""How many registers a type fills; `bcd` and `string` say it themselves."""

Kind = Literal["environment", "power", "signals"]
Type = Literal[
    "bool", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64",
    "bcd", "string",
]  # fmt: skip
Order = Literal["ABCD", "CDAB", "BADC", "DCBA"]
"""Bytes of a 32-bit value as they come; 16 and 64 bits follow the same swaps."""
FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
PollName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


class Register(Settings):
    """One value of a device."""

    field: FieldName
    """A field of the kind: temperature_c; of kind signals any name that bears its unit."""
    table: Table
    address: Annotated[int, Field(ge=0, le=ADDRESS_MAX)]
    """0-based, as sent."""
    manual: str = ""
    """The number that the maker prints, when it is another."""
    type: Type
    order: Order = "ABCD"
    words: Annotated[int, Field(ge=1, le=64)] | None = None
    """Of `bcd` and `string`."""
    bit: Annotated[int, Field(ge=0, le=15)] | None = None
    """Of a `bool` in a register: 0 is the lowest."""
    scale: float = 1.0
    offset: float = 0.0
    low: float | None = None
    high: float | None = None
    """What lies outside is no value of this device."""
    sentinels: list[Annotated[int, Field(ge=0, lt=2**64)]] = Field(default_factory=list)
    """What the device holds, as unsigned bits, where it has no value."""
    access: Literal["r", "rw"] = "r"
    poll: PollName = ""
    """A group of the map's `polls`; empty: the device's own interval."""
    kind: Kind | None = None
    """When it is not the map's."""

    @field_validator("scale", "offset", "low", "high", mode="before")
    @classmethod
    def _whole_is_a_number_too(cls, value: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _check(self) -> Register:
        is_bit = self.table in BIT_TABLES
        if is_bit and self.type != "bool":
            raise ValueError(f"a {self.table} is a bool: write type = 'bool'")
        if (self.bit is not None) != (self.type == "bool" and not is_bit):
            raise ValueError("bit belongs to a bool in a register, and to nothing else")
        if (self.words is not None) != (self.type in {"bcd", "string"}):
            raise ValueError("words belongs to bcd and string, and to nothing else")
        if self.access == "rw" and self.table in {"discrete", "input"}:
            raise ValueError(f"{self.table} can't be written: access is r")
        if self.scale == 0:
            raise ValueError("scale 0 makes every value 0")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low is above high")
        if self.address + self.count - 1 > ADDRESS_MAX:
            raise ValueError("reaches beyond address 65535")
        return self

    @property
    def count(self) -> int:
        """Return how many registers, or bits, it fills."""
        return 1 if self.table in BIT_TABLES else self.words or WORDS[self.type]

    @cached_property
    def span(self) -> Span:
        """Return where it lies."""
        return Span(table=self.table, address=self.address, count=self.count)

    @cached_property
    def decimals(self) -> int:
        """Return how many digits behind the point are true: those of scale and offset."""
        if self.type in {"float32", "float64"}:
            whole = max(0, math.ceil(-math.log10(abs(self.scale))))
            return DECIMALS_OF_FLOATS + whole
        parts = (Decimal(repr(one)).normalize() for one in (self.scale, self.offset))
        return max(0, *(-int(one.as_tuple().exponent) for one in parts))


class Line(Settings):
    """How the device leaves the factory."""

    unit: Annotated[int, Field(ge=0, le=255)] = 1
    baud: Baud = 9600
    format: Literal["8N1", "8N2", "8E1", "8O1"] = "8N1"


class DeviceMap(Settings):
    """One kind of device."""

    title: str
    source: str
    """Manuals and readings that it was taken from."""
    verified: Literal["frames", "two sources", "one source", "not at all"]
    """frames: printed or recorded bytes decode to the printed values."""
    kind: Kind
    line: Line | None = None
    """None: it speaks Modbus TCP by itself."""
    words_max: Annotated[int, Field(ge=1, le=WORDS_READ_MAX)] = WORDS_READ_MAX
    bits_max: Annotated[int, Field(ge=1, le=BITS_READ_MAX)] = BITS_READ_MAX
    gap_words_max: Annotated[int, Field(ge=0, le=WORDS_READ_MAX)] = 50
    """Registers in between that are read for nothing rather than asking twice."""
    polls: dict[PollName, Annotated[float, Field(gt=0, le=86_400)]] = Field(default_factory=dict)
    """Groups with an interval of their own, in seconds."""
    registers: Annotated[list[Register], Field(min_length=1, max_length=REGISTERS_COUNT_MAX)]

    @field_validator("polls", mode="before")
    @classmethod
    def _whole_seconds(cls, value: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        if not isinstance(value, dict):
            return value
        return {key: float(one) if type(one) is int else one for key, one in value.items()}

    @model_validator(mode="after")
    def _check(self) -> DeviceMap:
        names = [one.field for one in self.registers]
        for double in sorted({one for one in names if names.count(one) > 1}):
            raise ValueError(f"the field {double!r} stands twice")
        for one in self.registers:
            if one.type == "string":
                if one.field != SERIAL or not one.poll:
                    raise ValueError(
                        f"{one.field!r} is text: only `serial` is, in a poll of its own"
                    )
                continue
            kind = self.kind_of(one)
            known = TELEMETRY_KINDS[kind].model_fields
            if kind != "signals" and (one.field not in known or one.field in RESERVED_NAMES):
                raise ValueError(f"{kind} has no field {one.field!r}: use kind = 'signals'")
            if kind == "signals" and one.field in RESERVED_NAMES:
                raise ValueError(f"{one.field!r} is a word of every reading: take another")
        for one in self.registers:
            if one.poll and one.poll not in self.polls:
                raise ValueError(f"{one.field!r} is of poll {one.poll!r}, which polls lacks")
            if one.count > self.count_max(one.table):
                raise ValueError(f"{one.field!r} is longer than the device lets read at once")
        return self

    def kind_of(self, register: Register) -> Kind:
        """Return the kind of reading that a register's value goes into."""
        return register.kind or self.kind

    def count_max(self, table: Table) -> int:
        """Return how many registers or bits one request may ask for."""
        return self.bits_max if table in BIT_TABLES else self.words_max

    def gap_max(self, table: Table) -> int:
        """Return how many registers or bits may be read for nothing."""
        return self.gap_words_max * (WORD_BITS if table in BIT_TABLES else 1)

    def of_poll(self, poll: str) -> list[Register]:
        """Return the registers of a group."""
        return [one for one in self.registers if one.poll == poll]

    @property
    def outputs(self) -> dict[str, Register]:
        """Return what can be written, by field."""
        return {one.field: one for one in self.registers if one.access == "rw"}


def load_map(path: Path) -> DeviceMap:
    """Read one map. Raises SettingsRefused with every fault."""
    return settings_from(path, read_toml(path), DeviceMap)


def _load_own() -> dict[str, DeviceMap]:
    return {path.stem: load_map(path) for path in sorted(HOME.glob("*.toml"))}


MAPS: Final = _load_own()
"""The maps that come with us, by the word that a site file names them by."""
