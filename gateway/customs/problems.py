"""Problems of a request: which field, which code, what was given and what to do (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wire.requests import Problem, ProblemCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import ValidationError

PROBLEMS_COUNT_MAX: Final = 50
_SHOWN_CHARS_MAX: Final = 80


class Refused(Exception):
    """A request is refused; `problems` says why, in full."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = list(problems[:PROBLEMS_COUNT_MAX])


def problem(field: str, code: ProblemCode, message: str) -> Problem:
    """Return a problem; `field` is a JSON pointer."""
    return Problem(field=field, code=code, message=message.replace("\0", "�"))


def shown(value: object) -> str:
    """Return a value for a message, cut to a bearable length."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS_MAX else text[:_SHOWN_CHARS_MAX] + "…"


def pointer(levels: Sequence[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) of a path; empty for the whole."""
    return "".join("/" + str(level).replace("~", "~0").replace("/", "~1") for level in levels)


def from_validation(error: ValidationError) -> list[Problem]:
    """Return a problem for each fault that the model found."""
    problems = []
    for detail in error.errors(include_url=False, include_context=False)[:PROBLEMS_COUNT_MAX]:
        kind = detail["type"]
        field = pointer(detail["loc"])
        if kind == "missing":
            name = field.rsplit("/", 1)[-1]
            problems.append(problem(field, "missing", f"{name} is missing: add it"))
            continue
        code: ProblemCode = "wrong_type" if kind.endswith("_type") else "out_of_range"
        message = f"got {shown(detail['input'])}: {detail['msg']}; mend it and send a new request"
        problems.append(problem(field, code, message))
    return problems
