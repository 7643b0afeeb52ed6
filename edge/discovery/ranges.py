"""TCP addresses that a person gives to be looked at (pure)."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

PORTS: Final = (502, 5084, 4001)
"""Modbus TCP, LLRP, and what serial-to-TCP converters listen on by default most often."""
TARGETS_COUNT_MAX: Final = 4_096
_SPAN: Final = re.compile(r"(\d+\.\d+\.\d+\.)(\d+)-(\d+)")


class BadRange(ValueError):
    """A range can't be used; the text names it and the form that can."""


def targets(text: str) -> list[tuple[str, int]]:
    """Return the (host, port) pairs of `A.B.C.D[-E|/BITS][:PORT[,PORT ...]]`. Raises BadRange."""
    hosts_text, _, ports_text = text.partition(":")
    try:
        ports = [int(one) for one in ports_text.split(",")] if ports_text else list(PORTS)
    except ValueError as error:
        raise BadRange(f"{text!r}: ports {ports_text!r} are no numbers: {_FORM}") from error
    for port in ports:
        if not 1 <= port <= 65_535:  # noqa: PLR2004 - TCP's own
            raise BadRange(f"{text!r}: port {port} is not between 1 and 65535")
    hosts = _hosts(text, hosts_text)
    count = len(hosts) * len(ports)
    if count > TARGETS_COUNT_MAX:
        raise BadRange(f"{text!r} is {count} addresses, at most {TARGETS_COUNT_MAX}: give less")
    return [(host, port) for host in hosts for port in ports]


_FORM: Final = "give 192.0.2.10, 192.0.2.10-40 or 192.0.2.0/24, with :PORT,PORT where needed"


def _hosts(text: str, hosts: str) -> list[str]:
    if span := _SPAN.fullmatch(hosts):
        first, last = int(span[2]), int(span[3])
        if not 0 <= first <= last <= 255:  # noqa: PLR2004 - an octet
            raise BadRange(f"{text!r}: {first}-{last} is no span of 0 to 255, low to high")
        names = [f"{span[1]}{number}" for number in range(first, last + 1)]
    elif "/" in hosts:
        try:
            network = ipaddress.ip_network(hosts, strict=False)
        except ValueError as error:
            raise BadRange(f"{text!r}: {error}: {_FORM}") from error
        if network.num_addresses > TARGETS_COUNT_MAX:
            raise BadRange(
                f"{text!r} is {network.num_addresses} addresses, at most {TARGETS_COUNT_MAX}"
            )
        names = [str(one) for one in network.hosts()]
    else:
        names = [hosts]
    try:
        return [str(ipaddress.ip_address(name)) for name in names]
    except ValueError as error:
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", hosts) and not hosts[-1].isdigit():
            return [hosts]
        raise BadRange(f"{text!r}: {error}: {_FORM}") from error
