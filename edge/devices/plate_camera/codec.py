"""The body that a plate camera posts (pure)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class PlateSeen(BaseModel):
    """`at` is the camera's own clock and is not believed."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    plate: str = Field(min_length=1, max_length=16)
    confidence_ratio: float = Field(ge=0, le=1)
    at: str | None = Field(default=None, max_length=40)


def decode(body: bytes) -> PlateSeen | list[dict[str, str]]:
    """Return what the camera saw, or the problems with field, code and message."""
    try:
        return PlateSeen.model_validate_json(body)
    except ValidationError as error:
        return [
            {
                "field": "/" + "/".join(str(level) for level in detail["loc"]),
                "code": "malformed" if detail["type"] == "json_invalid" else detail["type"],
                "message": f"{detail['msg']} (got {str(detail.get('input'))[:60]!r})",
            }
            for detail in error.errors()
        ]
