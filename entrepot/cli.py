"""The command `entrepot`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, Final

from entrepot.daemons import run_edge_command, run_gateway_command, run_hall_command
from entrepot.options import check_database, options_of, site_dir_of
from entrepot.parser import build_parser
from entrepot.processes import REFUSED_EXIT, StartFailed, StartRefused
from runtime import memory
from runtime.settings import SettingsRefused

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


_DAEMONS: Final = (run_edge_command, run_gateway_command, run_hall_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 failed, 2 can't start as asked."""
    commands = {
        "up": _up,
        "edge": run_edge_command,
        "gateway": run_gateway_command,
        "hall": run_hall_command,
        "verify": _verify,
        "check": _check,
        "watch": _watch,
        "scan": _scan,
        "probe": _probe,
        "wizard": _wizard,
        "smooth": _smooth,
        "custody": _custody,
        "epc": _epc,
        "decode": _decode,
        "schema": _schema,
    }
    asked = build_parser(commands).parse_args(arguments)
    if asked.command not in _DAEMONS:
        memory.settle()  # A daemon does it itself, once it has imported what it runs.
    try:
        return int(asked.command(asked))
    except SettingsRefused as refused:
        for fault in refused.faults:
            _complain(str(fault))
        return REFUSED_EXIT
    except StartRefused as refused:
        for line in refused.sentence.splitlines():
            _complain(line)
        return REFUSED_EXIT
    except StartFailed as failed:
        _complain(str(failed))
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _up(asked: argparse.Namespace) -> int:
    from entrepot.up import up  # noqa: PLC0415 - each command imports what it runs: starts stay fast

    return up(options_of(asked))


def _verify(asked: argparse.Namespace) -> int:
    from entrepot.up import ledger_url  # noqa: PLC0415
    from gateway.ledger.reach import DatabaseAway, DatabaseUnusable, sqlite_file  # noqa: PLC0415
    from gateway.ledger.verify import verify  # noqa: PLC0415

    if asked.database is not None:
        check_database(asked.database)
    url = asked.database or ledger_url(asked.data)
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        remedy = "--database sqlite:///FILE" if asked.database else "the data folder with --data"
        raise StartRefused("verify", f"{file} is not there: name {remedy}")
    try:
        report = verify(url)
    except (DatabaseAway, DatabaseUnusable) as error:
        raise StartRefused("verify", str(error)) from error
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

    site_dir_of(asked.dir)
    faults = check(asked.dir)
    for fault in faults:
        _complain(str(fault))
    if faults:
        return 1
    for line in plans(asked.dir, asked.data):
        _tell(line)
    _tell(f"ok: {asked.dir}")
    return 0


def _watch(asked: argparse.Namespace) -> int:
    from entrepot.watch import NotWatchable, watch  # noqa: PLC0415

    url = asked.mqtt
    if url is None:
        try:
            url = (asked.data / "run" / "mqtt-url").read_text(encoding="ascii").strip()
        except OSError as error:
            sentence = f"nothing runs on --data {asked.data}: start it, or give --mqtt URL"
            raise StartRefused("watch", sentence) from error
    try:
        return asyncio.run(watch(url, asked.topics))
    except NotWatchable as error:
        raise StartRefused("watch", str(error)) from error


def _scan(asked: argparse.Namespace) -> int:
    from entrepot.scan import scan  # noqa: PLC0415

    return asyncio.run(scan(asked, tell=_tell, say=_complain))


def _probe(asked: argparse.Namespace) -> int:
    from entrepot.probe import probe  # noqa: PLC0415

    return asyncio.run(probe(asked, tell=_tell))


def _wizard(asked: argparse.Namespace) -> int:
    from entrepot.wizard import wizard  # noqa: PLC0415

    for line in wizard(asked):
        _tell(line)
    return 0


def _smooth(asked: argparse.Namespace) -> int:
    from entrepot.smooth import point_of, smooth  # noqa: PLC0415

    is_bad = False
    for told in smooth(point_of(asked.settings), sys.stdin.buffer):
        is_bad |= "error" in told
        _tell(json.dumps(told, ensure_ascii=False))
    return 1 if is_bad else 0


def _custody(asked: argparse.Namespace) -> int:
    from entrepot.custody import custody  # noqa: PLC0415

    for line in custody(asked):
        _tell(line)
    return 0


def _epc(asked: argparse.Namespace) -> int:
    from entrepot.epc import as_line, as_text, describe  # noqa: PLC0415

    is_bad = False
    for told in describe(asked):
        _tell(f"{as_text(told)}\n" if asked.text else as_line(told))
        is_bad = is_bad or told["error"] is not None
    return 1 if is_bad else 0


def _decode(asked: argparse.Namespace) -> int:
    from entrepot.decode import decode  # noqa: PLC0415

    return decode(asked.family, asked.settings)


def _schema(_asked: argparse.Namespace) -> int:
    from wire.asyncapi import document  # noqa: PLC0415

    _tell(json.dumps(document(), indent=1, ensure_ascii=False))
    return 0


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the command's result


def _complain(text: str) -> None:
    print(f"entrepot: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the person reads it
