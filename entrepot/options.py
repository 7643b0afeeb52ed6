"""Options of the commands that run something, and what they start from."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from entrepot.processes import StartRefused
from runtime.addresses import check_address
from runtime.mqtt_url import parse_mqtt_url
from wire.topics import word

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

GATEWAY: Final = "gateway-1"
"""The name of one that is alone."""
DEFAULT_SITE: Final = Path(__file__).resolve().parent.parent / "config" / "sites" / "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `up`, `edge`, `gateway` and `hall` were asked for."""

    site_dir: Path
    data_dir: Path
    http_listen: str | None = None
    mqtt_url: str | None = None
    influx_url: str | None = None
    database_url: str | None = None
    ledger: str | None = None
    speed: float = 10.0
    for_s: float | None = None
    summary_file: Path | None = None
    with_sims: bool = True
    gateway: str = GATEWAY
    is_shared: bool = False
    """One of several gateways on one database and one broker."""

    def child_argv(self, part: str, *words: str, mqtt_url: str, ledger: str) -> list[str]:
        """Return the command line of one part: `edge`, `gateway` or `hall`."""
        argv = [sys.executable, "-m", "entrepot", part, *words, "--child"]
        argv += ["--site", str(self.site_dir), "--data", str(self.data_dir), "--mqtt", mqtt_url]
        if part == "hall":
            return [*argv, "--speed", str(self.speed)]
        argv += ["--ledger", ledger]
        if part == "gateway":
            for flag, value in (
                ("--http", self.http_listen),
                ("--influx", self.influx_url),
                ("--database", self.database_url),
            ):
                if value is not None:
                    argv += [flag, value]
        return argv


def ledger_id(data_dir: Path) -> str:
    """Return this installation's ledger id; drawn once and kept in DATA/ledger-id."""
    path = data_dir / "ledger-id"
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    drawn = secrets.token_hex(8)
    path.write_text(drawn + "\n", encoding="ascii")
    return drawn


def check_database(url: str) -> None:
    """Check a database's address and that its driver is here. Raises StartRefused."""
    from sqlalchemy import make_url  # noqa: PLC0415 - half a start's time, and rarely asked for
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError  # noqa: PLC0415

    try:
        make_url(url).get_dialect().import_dbapi()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        sentence = (
            "--database is no address that is known here:"
            " give postgresql+psycopg://USER:PASSWORD@HOST/NAME or sqlite:///FILE"
        )
        raise StartRefused("cli", sentence) from error
    except ImportError as error:
        sentence = (
            f"--database: the driver {error.name} is not installed:"
            " use postgresql+psycopg, or install that driver"
        )
        raise StartRefused("cli", sentence) from error


def site_dir_of(asked: Path) -> Path:
    """Return the site's folder. Raises StartRefused when it is a file, or not there."""
    if asked.is_file():
        sentence = f"{asked} is a file: give the folder that holds it, {asked.resolve().parent}"
        raise StartRefused("cli", sentence)
    if not asked.is_dir():
        raise StartRefused("cli", f"{asked} is not there: give the folder that holds site.toml")
    return asked.resolve()


def gateway_of(given: Mapping[str, object]) -> str:
    """Return the gateway's name. Raises StartRefused for one that can't be, or can't share."""
    name = str(given.get("gateway", GATEWAY))
    try:
        word(name)
    except ValueError as error:
        raise StartRefused("cli", f"--name: {error}") from error
    if given.get("shared") and not str(given.get("database") or "").startswith("postgresql"):
        sentence = (
            "--shared: several gateways need one PostgreSQL:"
            " give --database postgresql+psycopg://USER:PASSWORD@HOST/NAME"
        )
        raise StartRefused("cli", sentence)
    return name


def options_of(asked: argparse.Namespace) -> Options:
    """Return what a command was asked for; a part has few of them. Raises StartRefused."""
    given = vars(asked)
    http, summary = given.get("http"), given.get("summary")
    if http is not None:
        http = http if ":" in http else f"127.0.0.1:{http}"
        try:
            check_address(http, port_min=0)
        except ValueError as error:
            sentence = f"--http {asked.http!r} is no port or address: give PORT or HOST:PORT"
            raise StartRefused("cli", sentence) from error
    # The data folder itself is made at the start.
    data_dir = asked.data.resolve()
    if summary is not None and not (
        summary.resolve().parent.is_dir() or summary.resolve().parent == data_dir
    ):
        sentence = f"--summary {summary}: its folder is not there: make it, or name another"
        raise StartRefused("cli", sentence)
    if given.get("mqtt") is not None:
        try:
            parse_mqtt_url(asked.mqtt)
        except ValueError as error:
            raise StartRefused("cli", str(error)) from error
    if given.get("database") is not None:
        check_database(asked.database)
    if given.get("influx") is not None:
        from gateway.telemetry.influx_url import parse_influx_url  # noqa: PLC0415

        try:
            parse_influx_url(asked.influx)
        except ValueError as error:
            raise StartRefused("cli", str(error)) from error
    return Options(
        site_dir=site_dir_of(asked.site),
        data_dir=data_dir,
        http_listen=http,
        mqtt_url=given.get("mqtt"),
        influx_url=given.get("influx"),
        database_url=given.get("database"),
        ledger=given.get("ledger"),
        speed=given.get("speed", 10.0),
        for_s=given.get("for_s"),
        summary_file=summary.resolve() if summary else None,
        with_sims=not given.get("no_sims", False),
        gateway=gateway_of(given),
        is_shared=given.get("shared", False),
    )
