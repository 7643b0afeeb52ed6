"""Why bits or text are no EPC (pure)."""

from __future__ import annotations

SHOWN_MAX = 60
"""Characters of a refused value that a message repeats."""


class EpcError(ValueError):
    """What is no EPC, or can't become one: names the field, its value and the remedy."""

    def __init__(self, field: str, value: object, why: str, remedy: str = "") -> None:
        shown = str(value)
        if not shown.isprintable():
            shown = ascii(shown)
        if len(shown) > SHOWN_MAX:
            shown = f"{shown[:SHOWN_MAX]}..."
        head = f"{field} {shown}" if shown else field
        super().__init__(f"{head}: {why}; {remedy}" if remedy else f"{head}: {why}")
        self.field = field
        self.value = shown
        self.why = why
        self.remedy = remedy
