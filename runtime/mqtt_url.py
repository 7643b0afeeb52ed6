"""Where a broker is: `mqtt://[user:password@]host[:port]` (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """A broker and how to enter."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    is_tls: bool = False


def parse_mqtt_url(url: str) -> BrokerAddress:
    """Return the address. Raises ValueError that names the value and the form."""
    sentence = f"--mqtt {url!r} is no broker address: give mqtt://HOST:PORT"
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(sentence) from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(sentence)
    try:
        port = parts.port or _PORTS[parts.scheme]
    except ValueError as error:
        raise ValueError(f"--mqtt {url!r}: the port is not between 1 and 65535") from error
    return BrokerAddress(
        host=parts.hostname,
        port=port,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        is_tls=parts.scheme == "mqtts",
    )
