"""Options of the commands that run something, and what they start from."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from entrepot.processes import StartRefused

if TYPE_CHECKING:
    import argparse

PORT_MAX: Final = 65_535
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

    def child_argv(self, *words: str, mqtt_url: str, ledger: str) -> list[str]:
        """Return the command line of one part."""
        argv = [sys.executable, "-m", "entrepot", *words, "--child"]
        argv += ["--site", str(self.site_dir), "--data", str(self.data_dir)]
        argv += ["--mqtt", mqtt_url, "--ledger", ledger, "--speed", str(self.speed)]
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


def _check_database(url: str) -> None:
    from sqlalchemy import make_url  # noqa: PLC0415 - half a start's time, and rarely asked for
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError  # noqa: PLC0415

    try:
        make_url(url).get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        sentence = (
            "--database is no address that is known here:"
            " give postgresql+psycopg://USER:PASSWORD@HOST/NAME or sqlite:///FILE"
        )
        raise StartRefused("cli", sentence) from error


def options_of(asked: argparse.Namespace) -> Options:
    """Return what a command was asked for. Raises StartRefused."""
    http = asked.http
    if http is not None and ":" not in http:
        http = f"127.0.0.1:{http}"
    port = http.rpartition(":")[2] if http is not None else "0"
    if not (port.isdecimal() and port.isascii() and int(port) <= PORT_MAX):
        raise StartRefused("cli", f"--http {asked.http!r} is no port: give PORT or HOST:PORT")
    if asked.summary is not None and not asked.summary.resolve().parent.is_dir():
        sentence = f"--summary {asked.summary}: its folder is not there: make it, or name another"
        raise StartRefused("cli", sentence)
    if asked.database is not None:
        _check_database(asked.database)
    return Options(
        site_dir=asked.site.resolve(),
        data_dir=asked.data.resolve(),
        http_listen=http,
        mqtt_url=asked.mqtt,
        influx_url=asked.influx,
        database_url=asked.database,
        ledger=asked.ledger,
        speed=asked.speed,
        for_s=asked.for_s,
        summary_file=asked.summary.resolve() if asked.summary else None,
        with_sims=not asked.no_sims,
    )
