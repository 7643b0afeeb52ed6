"""Topic names of the device plane `wh/v1` and the business plane `uns/v1` (pure).

Source: the project's contract on the wire, sections 1 and 6; `entrepot schema` prints it.
"""

from __future__ import annotations

import re
from typing import Final

WORD: Final = re.compile(r"[a-z0-9-]{1,64}")
DEVICE_PLANE: Final = "wh/v1"
BUSINESS_PLANE: Final = "uns/v1"
GATEWAYS: Final = "gateways"
"""The group of a shared subscription."""


def word(text: str) -> str:
    """Return `text` when it may stand as one topic level. Raises ValueError."""
    if WORD.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no topic word: use 1 to 64 of a-z, 0-9 and '-'")
    return text


def edge_topic(edge: str, *levels: str) -> str:
    """Return `wh/v1/e/{edge}/{levels}`; `+` and `#` are allowed for subscriptions."""
    return "/".join((DEVICE_PLANE, "e", edge, *levels))


def gateway_topic(gateway: str, *levels: str) -> str:
    """Return `wh/v1/gw/{gateway}/{levels}`."""
    return "/".join((DEVICE_PLANE, "gw", gateway, *levels))


def site_topic(enterprise: str, site: str, *levels: str) -> str:
    """Return `uns/v1/{enterprise}/{site}/{levels}`."""
    return "/".join((BUSINESS_PLANE, enterprise, site, *levels))


def shared_filter(topic: str) -> str:
    """Return the subscription of which each of several gateways gets its share."""
    return f"$share/{GATEWAYS}/{topic}"


def edge_of(topic: str) -> str | None:
    """Return the edge that a device-plane topic names, or None for any other topic."""
    match topic.split("/"):
        case ["wh", "v1", "e", edge, *_]:
            return edge
        case _:
            return None


def kind_and_device(topic: str) -> tuple[str, str] | None:
    """Return (kind, device) of an `evt` or `tlm` topic, or None for any other topic."""
    match topic.split("/"):
        case ["wh", "v1", "e", _, "evt" | "tlm", kind, device]:
            return kind, device
        case _:
            return None
