"""The shape of an alarm's definition (pure data)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "high", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """An alarm's text in one language."""

    title: str
    cause: str
    consequence: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A kind of alarm."""

    id: str
    severity: Severity
    en: Words
    zh: Words
    is_latched: bool = False
    """A latched alarm stays after its cause has gone, until a person acknowledges it."""


def words_of(title: str, cause: str, consequence: str, remedy: str) -> Words:
    """Return the words of one language."""
    return Words(title=title, cause=cause, consequence=consequence, remedy=remedy)
