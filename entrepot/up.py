"""`entrepot up`: the whole warehouse on one machine, supervised, from broker to page."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING, Final, Never

from entrepot import summary
from entrepot.http import BadAnswer, NoAnswer, address_of, call
from entrepot.logfile import LogFile
from entrepot.options import Options, ledger_id
from entrepot.preflight import checked_site, locked, refuse_unusable
from entrepot.processes import Process, StartRefused

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.settings import Site

LIVE_S_MAX: Final = 60.0
PROBE_S: Final = 5.0
PROBES_MISSED_MAX: Final = 4
"""A process whose health endpoint stays silent so often in a row is ended and started again."""


class Launcher:
    """Starts the parts, watches them, ends them in order: devices first, broker last."""

    def __init__(self, options: Options, site: Site) -> None:
        self._options = options
        self._site = site
        self._data_dir = options.data_dir
        self._logs: list[LogFile] = []
        self.processes: dict[str, Process] = {}

    async def run(self) -> int:
        """Run until interrupted or until `--for` has passed; return the exit code."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        mqtt_url = self._build()
        (self._data_dir / "run" / "mqtt-url").write_text(mqtt_url + "\n", encoding="ascii")
        tasks = {
            name: asyncio.create_task(process.run(), name=f"process/{name}")
            for name, process in self.processes.items()
        }
        probe = asyncio.create_task(self._probe(), name="probe")
        try:
            return await self._serve(stop)
        finally:
            probe.cancel()
            say("stopping…")
            await self._stop_all()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
            for log in self._logs:
                log.close()
            self._forget_run()
            say("stopped")

    def _build(self) -> str:
        run_dir = self._data_dir / "run"
        run_dir.mkdir(exist_ok=True)
        for stale in run_dir.glob("*.http"):
            stale.unlink()
        mqtt_url = self._options.mqtt_url
        if mqtt_url is None:
            port = free_port()
            mqtt_url = f"mqtt://127.0.0.1:{port}"
            argv = [sys.executable, "-m", "runtime.broker", "--port", str(port)]
            self._add("broker", [*argv, "--dir", str(self._data_dir / "broker")])
        ledger = self._options.ledger or ledger_id(self._data_dir)
        child = self._options.child_argv

        self._add("gateway", child("gateway", mqtt_url=mqtt_url, ledger=ledger))
        for edge in edge_names(self._options.site_dir):
            self._add(f"edge-{edge}", child("edge", edge, mqtt_url=mqtt_url, ledger=ledger))
        if self._options.with_sims:
            self._add("hall", child("hall", mqtt_url=mqtt_url, ledger=ledger))
        return mqtt_url

    def _forget_run(self) -> None:
        """Remove what tells where things run: nothing does any more."""
        run_dir = self._data_dir / "run"
        for path in [*run_dir.glob("*.http"), run_dir / "mqtt-url", run_dir / "processes.json"]:
            path.unlink(missing_ok=True)

    def _add(self, name: str, argv: list[str]) -> None:
        path = self._data_dir / "log" / f"{name}.log"
        log = LogFile(path, keep_days=self._site.retention.log_days)
        self._logs.append(log)
        self.processes[name] = Process(name, argv, log, self._write_status, say)

    async def _serve(self, stop: asyncio.Event) -> int:
        page = await self._until_live(stop)
        if page is None:
            return 0
        say(f"live: {page}   (logs in {self._data_dir / 'log'}, Ctrl-C ends)")
        for_s = self._options.for_s
        if for_s is None:
            while not stop.is_set():
                self._raise_refusal()
                await wait(stop, 1.0)
            return 0
        end_s = time.monotonic() + for_s
        while time.monotonic() < end_s and not stop.is_set():
            self._raise_refusal()
            await wait(stop, min(1.0, end_s - time.monotonic()))
        if stop.is_set():
            return 130
        say("draining: no more arrivals, what is under way is finished")
        told = await self._drain(stop)
        if told is None:
            return 130
        await self._stop_all()
        told = await asyncio.to_thread(summary.with_invariants, told, self._database_url())
        text = json.dumps(told, indent=2, sort_keys=True)
        if self._options.summary_file is not None:
            self._options.summary_file.write_text(text + "\n", encoding="utf-8")
        print(text, flush=True)  # noqa: T201 - the command's result
        return 0 if summary.is_sound(told) else 1

    async def _drain(self, stop: asyncio.Event) -> summary.Summary | None:
        """Return the counts once everything has settled; None when interrupted meanwhile."""
        edges = edge_names(self._options.site_dir)
        drain = asyncio.create_task(summary.drain(self._data_dir, edges))
        stopped = asyncio.create_task(stop.wait())
        try:
            while not (drain.done() or stopped.done()):
                self._raise_refusal()
                both = (drain, stopped)
                await asyncio.wait(both, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
            return drain.result() if drain.done() else None
        finally:
            stopped.cancel()
            drain.cancel()

    def _database_url(self) -> str:
        return self._options.database_url or ledger_url(self._data_dir)

    async def _until_live(self, stop: asyncio.Event) -> str | None:
        """Return the page's address once it answers; None when interrupted."""
        end_s = time.monotonic() + LIVE_S_MAX
        say("starting " + ", ".join(self.processes))
        while time.monotonic() < end_s and not stop.is_set():
            self._raise_refusal()
            with contextlib.suppress(NoAnswer):
                await call(self._data_dir, "gateway", "/health")
                host, port = address_of(self._data_dir, "gateway")
                return f"http://{host}:{port}/"
            await wait(stop, 0.1)
        if stop.is_set():
            return None
        log = self._data_dir / "log" / "gateway.log"
        sentence = f"the page did not come up in {LIVE_S_MAX:.0f} s: see {log}"
        raise StartRefused("gateway", sentence)

    def _raise_refusal(self) -> None:
        for process in self.processes.values():
            if process.refused is not None:
                raise process.refused

    async def _probe(self) -> Never:
        missed = dict.fromkeys(self.processes, 0)
        while True:
            await asyncio.sleep(PROBE_S)
            for name, process in self.processes.items():
                if name == "broker":
                    is_alive = await is_broker_alive(self._data_dir)
                else:
                    is_alive = await is_answering(self._data_dir, name)
                missed[name] = 0 if is_alive else missed[name] + 1
                if missed[name] >= PROBES_MISSED_MAX:
                    missed[name] = 0
                    say(f"{name} does not answer: it is started again")
                    process.kill()

    async def _stop_all(self) -> None:
        ordered = [name for name in self.processes if name != "broker"]
        await asyncio.gather(*(self.processes[name].stop() for name in ordered))
        if "broker" in self.processes:
            await self.processes["broker"].stop()

    def _write_status(self) -> None:
        path = self._data_dir / "run" / "processes.json"
        part = path.with_suffix(".part")
        rows = {name: process.status().as_json() for name, process in self.processes.items()}
        with contextlib.suppress(OSError):  # A full disk must not end the supervisor.
            part.write_text(json.dumps(rows), encoding="utf-8")
            part.replace(path)


def up(options: Options) -> int:
    """Check, lock the data folder, run. Raises SettingsRefused or StartRefused first."""
    site = checked_site(options)
    with locked(options.data_dir):
        refuse_unusable(options, site)
        return asyncio.run(Launcher(options, site).run())


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def edge_names(site_dir: Path) -> list[str]:
    """Return the edges of a checked site: one file edge-*.toml each."""
    return [path.stem.removeprefix("edge-") for path in sorted(site_dir.glob("edge-*.toml"))]


def ledger_url(data_dir: Path) -> str:
    """Return the embedded ledger's database URL."""
    return f"sqlite:///{data_dir / 'gateway' / 'ledger.db'}"


async def is_broker_alive(data_dir: Path) -> bool:
    """Tell whether the broker carries a message there and back: a pid alone proves nothing."""
    from entrepot.watch import round_trip  # noqa: PLC0415 - aiomqtt only where it is needed

    url = (data_dir / "run" / "mqtt-url").read_text(encoding="ascii").strip()
    return await round_trip(url)


async def is_answering(data_dir: Path, process: str) -> bool:
    """Tell whether a process answers HTTP at all: an error under load is no reason to end it."""
    try:
        await call(data_dir, process, "/health")
    except BadAnswer:
        return True
    except NoAnswer:
        return False
    return True


async def wait(stop: asyncio.Event, delay_s: float) -> None:
    """Sleep, but not past the stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, delay_s)):
            await stop.wait()


def say(sentence: str) -> None:
    """Tell the person at the terminal."""
    print(f"entrepot: {sentence}", file=sys.stderr, flush=True)  # noqa: T201 - progress
