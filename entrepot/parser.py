"""The command line's grammar: each command has only the options that apply to it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from entrepot.options import DEFAULT_SITE, GATEWAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Command = Callable[[argparse.Namespace], int]

_EPILOG: Final = "Start with `entrepot up`; docs/ tells the rest."
_SITE_HELP: Final = "site folder with site.toml and edge-*.toml (default: the demo)"
_NAME_HELP: Final = f"this gateway's own name among several (default: {GATEWAY})"
_SHARED_HELP: Final = "one of several gateways on one PostgreSQL: each takes its share"
_LIVE_DATA_HELP: Final = "all that is kept (default: data)"


def build_parser(commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    """Return the parser; it sets `command` to the function of the chosen command's name."""
    parser = argparse.ArgumentParser(
        prog="entrepot", description="Runs a bonded warehouse from its sensors up.", epilog=_EPILOG
    )
    rows = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, summary: str) -> argparse.ArgumentParser:
        row = rows.add_parser(name, help=summary, description=summary)
        row.set_defaults(command=commands[name])
        return row

    _up(add("up", "everything on this machine, with a live page"))
    _edge(add("edge", "one edge daemon"))
    _gateway(add("gateway", "the gateway with its page"))
    _hall(add("hall", "the simulated hall"))
    verify = add("verify", "rebuild the ledger from its journal and compare")
    _data(verify, "folder of the run whose ledger is verified (default: data)")
    verify.add_argument(
        "--database", metavar="URL", help="the ledger's database (default: SQLite below --data)"
    )
    check = add("check", "validate a site's files whole")
    check.add_argument(
        "dir", type=Path, nargs="?", default=DEFAULT_SITE, metavar="DIR", help=_SITE_HELP
    )
    check.add_argument(
        "--data", type=Path, metavar="DIR", help="a running house: what its buses use is told too"
    )
    _watch(add("watch", "print decoded messages of a broker"))
    _scan(add("scan", "find what is connected; nothing is written to a device"))
    _probe(add("probe", "one device at work: raw frames, their times, and what they say"))
    wizard = add("wizard", "byte order and scale of registers from what a display shows")
    wizard.add_argument(
        "sample",
        nargs="+",
        metavar="WORDS=SHOWN",
        help="registers in hex and the display's value of the same moment: 41AC,0000=21.5",
    )
    smooth = add("smooth", "recorded tag reads to arrivals, departures and directions")
    smooth.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="a reader's [[devices]] entry or its keys (default: each key's own default)",
    )
    _custody(add("custody", "edges' chains: status, adopt, stop, settle"))
    _epc(add("epc", "decode tags, or encode identifiers: one JSON line each"))
    decode = add("decode", "bytes of a device from stdin to readings: one JSON line each")
    decode.add_argument(
        "--family", required=True, metavar="F", help="a family of edge/devices/, as a site names it"
    )
    decode.add_argument(
        "--settings", type=Path, metavar="FILE", help="TOML of the device (default: the family's)"
    )
    add("schema", "print the wire as AsyncAPI 3 with JSON Schemas")
    return parser


def _up(parser: argparse.ArgumentParser) -> None:
    _site_and_data(parser)
    parser.add_argument(
        "--mqtt", metavar="URL", help="mqtt://HOST:PORT of a broker (default: an embedded one)"
    )
    _stores(parser)
    _ledger(parser)
    _speed(parser)
    add = parser.add_argument
    add("--for", type=_positive, dest="for_s", metavar="SECONDS", help="then drain and end")
    add("--summary", type=Path, metavar="FILE", help="where the summary of a timed run goes")
    add("--no-sims", action="store_true", help="no simulated hall: real devices only")


def _edge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the edge's name: its file is edge-NAME.toml")
    _part(parser)
    _ledger(parser)


def _gateway(parser: argparse.ArgumentParser) -> None:
    _part(parser)
    _stores(parser)
    _ledger(parser)
    add = parser.add_argument
    add("--name", dest="gateway", default=GATEWAY, metavar="NAME", help=_NAME_HELP)
    add("--shared", action="store_true", help=_SHARED_HELP)


def _hall(parser: argparse.ArgumentParser) -> None:
    _part(parser)
    _speed(parser)


def _watch(parser: argparse.ArgumentParser) -> None:
    topics = ["wh/v1/#", "uns/v1/#"]
    parser.add_argument(
        "topics",
        nargs="*",
        default=topics,
        metavar="TOPIC",
        help=f"MQTT topic filters (default: {' '.join(topics)})",
    )
    parser.add_argument(
        "--mqtt", metavar="URL", help="mqtt://HOST:PORT (default: the broker that runs on --data)"
    )
    _data(parser, "folder of the run whose broker is watched (default: data)")


def _probe(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", type=Path, metavar="FILE", help="an edge's file, or one with its [[devices]] entry")
    add("device", nargs="?", metavar="DEVICE", help="which one, where the file has several")
    add(
        "--for", type=_positive, dest="for_s", default=10.0, metavar="SECONDS", help="(default: 10)"
    )
    add("--json", action="store_true", help="every line as JSON")
    add("--capture", type=Path, metavar="FILE", help="keep the frames, one JSON line each")
    _data(parser, "folder that ports like dev/NAME lie below (default: data)")


def _scan(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--port",
        action="append",
        default=[],
        metavar="PORT",
        help="a serial port, may come again (default: every one of this machine)",
    )
    add(
        "--tcp",
        action="append",
        default=[],
        metavar="RANGE",
        help="192.0.2.10-40 or 192.0.2.0/24, with :PORT,PORT (default ports: 502,5084,4001)",
    )
    add(
        "--units",
        metavar="LIST",
        help="Modbus units to ask, as 1-16,240 (default: the usual ones, then all)",
    )
    add("--json", action="store_true", help="one JSON line for each port")
    _data(parser, "folder that ports like dev/NAME lie below (default: data)")


def _custody(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("verb", choices=["status", "adopt", "stop", "settle"], help="what is asked or decided")
    add("edge", nargs="?", metavar="EDGE", help="status: all edges without it")
    add("--boot", default="", metavar="ID", help="which box, when two speak under the name")
    add("--by", metavar="NAME", help="who decides (default: your user name)")
    add("--reason", metavar="TEXT", help="why; it is journalled")
    _data(parser, "folder of the run whose gateway is asked (default: data)")


def _epc(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "hex",
        nargs="+",
        metavar="HEX",
        help="hexadecimal digits of a tag; or a URI, GS1 Digital Link or element string",
    )
    add("--json", action="store_true", help="one line of JSON each (so it is without --text too)")
    add("--text", action="store_true", help="a line for each form, for reading")
    add("--filter", type=int, metavar="N", help="encoding: filter value 0 to 7 (default: 0)")
    add(
        "--company-digits",
        type=int,
        metavar="N",
        help='encoding a link or element string: digits of its company prefix (else: a "+" scheme)',
    )
    add("--scheme", metavar="NAME", help="encoding: sgtin-96, sgtin-198, sgtin+, ... ")


def _part(parser: argparse.ArgumentParser) -> None:
    """Add what each part that runs alone has."""
    _site_and_data(parser)
    parser.add_argument("--mqtt", metavar="URL", help="mqtt://HOST:PORT of the broker (needed)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)


def _site_and_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--site", type=Path, default=DEFAULT_SITE, metavar="DIR", help=_SITE_HELP)
    _data(parser, _LIVE_DATA_HELP)


def _data(parser: argparse.ArgumentParser, help_text: str) -> None:
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="DIR", help=help_text)


def _stores(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--http", metavar="PORT", help="the page's PORT or HOST:PORT (default: site.toml's)")
    add(
        "--influx",
        metavar="URL",
        help="http://HOST:PORT/?org=O&bucket=B, token in INFLUX_TOKEN (default: SQLite)",
    )
    add("--database", metavar="URL", help="the ledger's database (default: SQLite below --data)")


def _ledger(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ledger", metavar="ID", help="the ledger's id (default: DATA/ledger-id)")


def _speed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--speed",
        type=_positive,
        default=10.0,
        metavar="N",
        help="how fast the hall's world goes (default: 10)",
    )


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from error
    if not 0 < number < 1e7:  # noqa: PLR2004 - four months of seconds; also refuses NaN
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 10,000,000")
    return number
