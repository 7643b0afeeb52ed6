"""What `entrepot up` looks at before it starts anything: each refusal is one sentence."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Final

from entrepot import identity, locks
from entrepot.check import check
from entrepot.processes import StartRefused
from gateway.settings import load_site
from runtime.addresses import host_and_port
from runtime.mqtt_url import parse_mqtt_url
from runtime.settings import Fault, SettingsRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from entrepot.options import Options
    from gateway.settings import Site

REACH_S_MAX: Final = 5.0


def checked_site(options: Options) -> Site:
    """Return the site, all of whose files are sound. Raises SettingsRefused."""
    faults = check(options.site_dir, with_hall=options.with_sims)
    hall = options.site_dir / "hall.toml"
    if options.with_sims and not hall.exists():
        remedy = "Add it, or run without the simulated hall: --no-sims."
        faults.append(Fault(file=str(hall), key="", message="is not there", remedy=remedy))
    if faults:
        raise SettingsRefused(faults)
    return load_site(options.site_dir)


@contextlib.contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the data folder: one warehouse a folder. Raises StartRefused."""
    try:
        for name in ("run", "log", "dev", "edge", "gateway", "hall", "broker"):
            (data_dir / name).mkdir(parents=True, exist_ok=True)
        probe = data_dir / "run" / "writable"
        probe.write_text("", encoding="ascii")
        probe.unlink()
    except OSError as error:
        sentence = f"--data {data_dir} can't be written ({error.strerror}): name another folder"
        raise StartRefused("up", sentence) from error
    taken = (
        f"another entrepot runs on --data {data_dir} (pid {{pid}}): end it or name another folder"
    )
    with locks.locked(data_dir / "run" / "lock", taken):
        yield


def refuse_unusable(options: Options, site: Site) -> None:
    """Raise StartRefused for data, a port, a broker or a database that can't be used."""
    identity.claim(options.data_dir, options.site_dir)
    refuse_taken_port(options.http_listen or site.http.listen)
    if options.mqtt_url is not None:
        refuse_silent_broker(options.mqtt_url)
    if options.database_url is not None:
        refuse_silent_database(options.database_url)


def refuse_taken_port(listen: str) -> None:
    """Raise StartRefused when somebody listens there already."""
    host, port = host_and_port(listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            sentence = f"{listen} is taken ({error.strerror}): choose another --http PORT"
            raise StartRefused("up", sentence) from error


def refuse_silent_broker(url: str) -> None:
    """Raise StartRefused when nothing listens at the broker's address."""
    address = parse_mqtt_url(url)
    try:
        socket.create_connection((address.host, address.port), timeout=REACH_S_MAX).close()
    except OSError as error:
        why = error.strerror or str(error)
        sentence = f"--mqtt: no broker answers at {address.host}:{address.port} ({why}): start it"
        raise StartRefused("up", sentence) from error


def refuse_silent_database(url: str) -> None:
    """Raise StartRefused when the database does not answer."""
    from gateway.ledger.reach import DatabaseAway, DatabaseUnusable, probe  # noqa: PLC0415 - slow

    try:
        probe(url)
    except (DatabaseAway, DatabaseUnusable) as error:
        raise StartRefused("up", f"--database: {error}") from error
