"""The command `entrepot`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from entrepot.daemons import run_edge_command, run_gateway_command, run_hall_command
from entrepot.options import DEFAULT_SITE, options_of
from entrepot.processes import REFUSED_EXIT, StartRefused
from gateway.settings import SiteRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPILOG: Final = "Start with `entrepot up`; docs/ tells the rest."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 failed, 2 can't start as asked."""
    asked = _parser().parse_args(arguments)
    try:
        return int(asked.command(asked))
    except SiteRefused as refused:
        for fault in refused.faults:
            _complain(str(fault))
        return REFUSED_EXIT
    except StartRefused as refused:
        _complain(refused.sentence)
        return REFUSED_EXIT
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="entrepot", description="Runs a bonded warehouse from its sensors up.", epilog=_EPILOG
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_runner(commands, "up", "everything on this machine, with a live page", _up)
    edge = _add_runner(commands, "edge", "one edge daemon", run_edge_command)
    edge.add_argument("name", metavar="NAME", help="the edge's name in the site folder")
    _add_runner(commands, "gateway", "the gateway with its page", run_gateway_command)
    _add_runner(commands, "hall", "the simulated hall", run_hall_command)
    verify = commands.add_parser("verify", help="rebuild the ledger from its journal and compare")
    verify.add_argument("--data", type=Path, default=Path("data"), metavar="DIR")
    verify.add_argument("--database", metavar="URL", help="another ledger than DATA/gateway's")
    verify.set_defaults(command=_verify)
    check = commands.add_parser("check", help="validate a site's files whole")
    check.add_argument("dir", type=Path, nargs="?", default=DEFAULT_SITE, metavar="DIR")
    check.set_defaults(command=_check)
    watch = commands.add_parser("watch", help="print decoded messages of a broker")
    watch.add_argument("topics", nargs="*", default=["wh/v1/#", "uns/v1/#"], metavar="TOPIC")
    watch.add_argument("--mqtt", metavar="URL", help="default: the broker of DATA")
    watch.add_argument("--data", type=Path, default=Path("data"), metavar="DIR")
    watch.set_defaults(command=_watch)
    custody = commands.add_parser("custody", help="edges' chains: status, adopt, stop, settle")
    custody.add_argument("verb", choices=["status", "adopt", "stop", "settle"])
    custody.add_argument("edge", nargs="?", metavar="EDGE", help="status: all edges without it")
    custody.add_argument("--boot", default="", help="which box, when two speak under the name")
    custody.add_argument("--by", metavar="NAME", help="who decides (default: your user name)")
    custody.add_argument("--reason", metavar="TEXT", help="why; it is journalled")
    custody.add_argument("--data", type=Path, default=Path("data"), metavar="DIR")
    custody.set_defaults(command=_custody)
    epc = commands.add_parser("epc", help="decode tags: one JSON line each")
    epc.add_argument("hex", nargs="+", metavar="HEX")
    epc.set_defaults(command=_epc)
    schema = commands.add_parser("schema", help="print the wire as AsyncAPI 3 with JSON Schemas")
    schema.set_defaults(command=_schema)
    return parser


def _add_runner(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    command: object,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary)
    add = parser.add_argument
    add("--site", type=Path, default=DEFAULT_SITE, metavar="DIR", help="site folder (site.toml)")
    add(
        "--data",
        type=Path,
        default=Path("data"),
        metavar="DIR",
        help="all that is kept: default data/",
    )
    add("--http", metavar="PORT", help="the page's PORT or HOST:PORT (default: site.toml's)")
    add("--mqtt", metavar="URL", help="mqtt://HOST:PORT of a broker (default: an embedded one)")
    add("--influx", metavar="URL", help="http://HOST:PORT/?org=O&bucket=B, token in INFLUX_TOKEN")
    add("--database", metavar="URL", help="the ledger's database (default: SQLite below --data)")
    add("--ledger", metavar="ID", help="the ledger's id (default: DATA/ledger-id)")
    add("--speed", type=_positive, default=10.0, metavar="N", help="how fast the hall's world goes")
    add("--for", type=_positive, dest="for_s", metavar="SECONDS", help="then drain and end")
    add("--summary", type=Path, metavar="FILE", help="where the summary of a timed run goes")
    add("--no-sims", action="store_true", help="no simulated hall: real devices only")
    add("--child", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(command=command)
    return parser


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from error
    if not 0 < number < 1e7:  # noqa: PLR2004 - four months of seconds; also refuses NaN
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 10,000,000")
    return number


def _up(asked: argparse.Namespace) -> int:
    from entrepot.up import up  # noqa: PLC0415 - each command imports what it runs: starts stay fast

    return up(options_of(asked))


def _verify(asked: argparse.Namespace) -> int:
    from entrepot.up import ledger_url  # noqa: PLC0415
    from gateway.ledger.verify import verify  # noqa: PLC0415

    file = asked.data / "gateway" / "ledger.db"
    if asked.database is None and not file.exists():
        raise StartRefused("verify", f"{file} is not there: name the data folder with --data DIR")
    report = verify(asked.database or ledger_url(asked.data))
    if report.ok:
        _tell(
            "ok: the journal rebuilds every view; hash chain, book, guarantee, gate, match, limits"
        )
        return 0
    for violation in report.violations:
        _complain(str(violation))
    return 1


def _check(asked: argparse.Namespace) -> int:
    from entrepot.check import check, plans  # noqa: PLC0415

    faults = check(asked.dir)
    for fault in faults:
        _complain(str(fault))
    if faults:
        return 1
    for line in plans(asked.dir):
        _tell(line)
    _tell(f"ok: {asked.dir}")
    return 0


def _watch(asked: argparse.Namespace) -> int:
    from entrepot.watch import watch  # noqa: PLC0415

    url = asked.mqtt
    if url is None:
        try:
            url = (asked.data / "run" / "mqtt-url").read_text(encoding="ascii").strip()
        except OSError as error:
            sentence = f"no broker is known in {asked.data}: give --mqtt mqtt://HOST:PORT"
            raise StartRefused("watch", sentence) from error
    try:
        return asyncio.run(watch(url, asked.topics))
    except ValueError as error:
        raise StartRefused("watch", str(error)) from error


def _custody(asked: argparse.Namespace) -> int:
    from entrepot.custody import custody  # noqa: PLC0415

    for line in custody(asked):
        _tell(line)
    return 0


def _epc(asked: argparse.Namespace) -> int:
    from wire.epc import EpcError, decode  # noqa: PLC0415

    is_bad = False
    for text in asked.hex:
        told: dict[str, object] = {
            "hex": text,
            "scheme": None,
            "uri": None,
            "filter": None,
            "error": None,
        }
        try:
            epc = decode(text)
            told |= {"scheme": epc.scheme, "uri": epc.uri, "filter": epc.filter}
        except EpcError as error:
            told["error"] = str(error)
            is_bad = True
        _tell(json.dumps(told))
    return 1 if is_bad else 0


def _schema(_asked: argparse.Namespace) -> int:
    from wire.asyncapi import document  # noqa: PLC0415

    _tell(json.dumps(document(), indent=1, ensure_ascii=False))
    return 0


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the command's result


def _complain(text: str) -> None:
    print(f"entrepot: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the person reads it
