"""Commands that run one daemon until a signal ends it: `entrepot edge`, `gateway`, `hall`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, Final

from entrepot.identity import claim
from entrepot.locks import locked
from entrepot.options import Options, ledger_id, options_of
from entrepot.processes import StartFailed, StartRefused
from runtime import logs, memory
from runtime.settings import SettingsRefused

if TYPE_CHECKING:
    import argparse
    from collections.abc import Coroutine


CHILD_WAIT_S: Final = 10.0
"""The part of a launcher that was killed ends within so long; the next one's part waits for it."""


def run_edge_command(asked: argparse.Namespace) -> int:
    """Run one edge daemon."""
    from edge.app import run_edge  # noqa: PLC0415
    from edge.site_file import load_edge  # noqa: PLC0415

    options = options_of(asked)
    load_edge(options.site_dir, asked.name)
    mqtt_url, ledger = _needs(options)
    with _only_one(asked, options, f"edge/{asked.name}", f"edge {asked.name}"):
        daemon = run_edge(
            site_dir=options.site_dir,
            edge=asked.name,
            data_dir=options.data_dir,
            mqtt_url=mqtt_url,
            ledger=ledger,
        )
        return _run(daemon, asked)


def run_gateway_command(asked: argparse.Namespace) -> int:
    """Run the gateway with its page."""
    from gateway import errors  # noqa: PLC0415
    from gateway.app import run_gateway  # noqa: PLC0415
    from gateway.settings import load_site  # noqa: PLC0415

    options = options_of(asked)
    load_site(options.site_dir)
    mqtt_url, ledger = _needs(options)
    with _only_one(asked, options, "gateway", "gateway"):
        daemon = run_gateway(
            site_dir=options.site_dir,
            data_dir=options.data_dir,
            mqtt_url=mqtt_url,
            influx_url=options.influx_url,
            ledger=ledger,
            http_listen=options.http_listen,
            database_url=options.database_url,
            name=options.gateway,
            is_shared=options.is_shared,
        )
        try:
            return _run(daemon, asked)
        except errors.StartRefused as error:
            raise StartRefused("gateway", str(error)) from error
        except errors.StartFailed as error:
            raise StartFailed(str(error)) from error


def run_hall_command(asked: argparse.Namespace) -> int:
    """Run the simulated hall."""
    from entrepot.check_hall import hall_faults  # noqa: PLC0415
    from firmware_sims.app import run_hall  # noqa: PLC0415

    options = options_of(asked)
    faults = hall_faults(options.site_dir / "hall.toml")
    if faults:
        raise SettingsRefused(faults)
    mqtt_url, _ = _needs(options)
    with _only_one(asked, options, "hall", "hall"):
        daemon = run_hall(
            site_dir=options.site_dir,
            data_dir=options.data_dir,
            mqtt_url=mqtt_url,
            speed=options.speed,
        )
        return _run(daemon, asked)


def _needs(options: Options) -> tuple[str, str]:
    """Return broker and ledger id of a part that runs alone, its data folder being this site's."""
    if options.mqtt_url is None:
        raise StartRefused("cli", "a part that runs alone needs --mqtt mqtt://HOST:PORT")
    try:
        options.data_dir.mkdir(parents=True, exist_ok=True)
        (options.data_dir / "run").mkdir(exist_ok=True)
        claim(options.data_dir, options.site_dir)
        return options.mqtt_url, options.ledger or ledger_id(options.data_dir)
    except OSError as error:
        sentence = f"--data {options.data_dir} can't be written: {error.strerror}"
        raise StartRefused("cli", sentence) from error


def _only_one(
    asked: argparse.Namespace, options: Options, folder: str, what: str
) -> contextlib.AbstractContextManager[None]:
    """Hold the part's own folder below the data folder. Raises StartRefused."""
    taken = f"another {what} runs on this folder (pid {{pid}}): stop it first"
    wait_s = CHILD_WAIT_S if asked.child else 0.0
    return locked(options.data_dir / folder / "lock", taken, wait_s=wait_s)


def _run(daemon: Coroutine[None, None, None], asked: argparse.Namespace) -> int:
    """Run a daemon until it ends or a signal asks it to."""

    async def run() -> None:
        task = asyncio.ensure_future(daemon)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    logs.configure()
    memory.settle()
    if asked.child:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        asyncio.run(run())
    except BaseExceptionGroup as group:
        refused = group.subgroup(_is_refusal)
        if refused is None:
            raise
        raise _first_leaf(refused) from group
    return 0


def _is_refusal(error: BaseException) -> bool:
    return type(error).__name__ in {"StartRefused", "StartFailed", "SettingsRefused"}


def _first_leaf(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _end_with_parent() -> None:
    """End when the launcher is gone: its end of our standard input closes even after a kill -9."""
    while os.read(0, 4_096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(5.0)
    os._exit(1)
