"""Addresses in settings: HOST:PORT and serial lines, checked as text (pure).

Each check raises ValueError as "what is wrong: the remedy", without the value.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Final

from pydantic import AfterValidator

PORT_MAX: Final = 65_535
_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_NUMERIC: Final = re.compile(r"[0-9.]+")
_FILE: Final = re.compile(r"dev/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
_FORM: Final = "give HOST:PORT"


def host_and_port(text: str) -> tuple[str, int]:
    """Return the two parts of HOST:PORT; an IPv6 host is given, and lost, in brackets."""
    host, _, port = text.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def check_address(text: str, *, port_min: int) -> str:
    """Return `text` when it is HOST:PORT. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host:
        raise ValueError(f"is no address: {_FORM}")
    if not (port.isascii() and port.isdigit() and port_min <= int(port) <= PORT_MAX):
        raise ValueError(f"has no port from {port_min} to {PORT_MAX}: {_FORM}")
    _check_host(host)
    return text


def _check_host(host: str) -> None:
    if host.startswith("[") or _NUMERIC.fullmatch(host):
        try:
            ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
        except ValueError as error:
            raise ValueError("has no possible IP address: each part is 0 to 255") from error
        return
    if ":" in host:
        raise ValueError("is ambiguous: put an IPv6 address in brackets")
    if not all(_NAME.fullmatch(label) for label in host.split(".")):
        raise ValueError(f"has no possible host name: {_FORM}")


def _listen(text: str) -> str:
    return check_address(text, port_min=0)


def _remote(text: str) -> str:
    if "/" in text:
        if _FILE.fullmatch(text) and ".." not in text:
            return text
        raise ValueError("is no address: give HOST:PORT, or dev/NAME for a file that holds it")
    return check_address(text, port_min=1)


def _serial(text: str) -> str:
    for scheme in ("tcp://", "tls://"):
        if text.startswith(scheme):
            check_address(text.removeprefix(scheme), port_min=1)
            return text
    if (text.startswith("/") and len(text) > 1) or (_FILE.fullmatch(text) and ".." not in text):
        return text
    raise ValueError(
        "is no serial port: give /dev/..., dev/NAME below the data folder, "
        "tcp://HOST:PORT or tls://HOST:PORT"
    )


Listen = Annotated[str, AfterValidator(_listen)]
"""Where a daemon listens; port 0 lets the system choose."""
Remote = Annotated[str, AfterValidator(_remote)]
"""HOST:PORT of a device, or dev/NAME for a file below the data folder that holds it."""
SerialPort = Annotated[str, AfterValidator(_serial)]
"""An absolute path, dev/NAME below the data folder, tcp://HOST:PORT or tls://HOST:PORT."""
