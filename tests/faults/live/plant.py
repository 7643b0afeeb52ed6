"""A house of processes on one data folder: broker, gateways, edges, and maybe the real stores.

Each edge has a camera that posts all the time and a climate probe on a bus.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Self

from entrepot.http import NoAnswer, address_of
from tests.faults.live import parts
from tests.faults.live.books import Books, InfluxPoints, SqlitePoints
from tests.faults.live.slave import BAUD, UNIT, Probe
from tests.services.fixtures import Influx, set_up

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.live.parts import Part

LEDGER: Final = "ledger-1"
POST_PAUSE_S: Final = 0.05
ASK_S_MAX: Final = 5.0
LOOK_S: Final = 0.02
OK: Final = 200
_EDGE_TOML: Final = """\
edge = "{edge}"
http = "127.0.0.1:0"
[[devices]]
id = "{camera}"
family = "plate_camera"
read_point = "{edge}"
[[buses]]
id = "bus-{edge}"
port = "tcp://127.0.0.1:{port}"
baud = {baud}
[[devices]]
id = "th-{edge}"
family = "xy_md02"
bus = "bus-{edge}"
unit = {unit}
zone = "ambient"
poll_s = 0.2
"""


class Plant:
    """`with Plant(folder, edges) as plant`.

    `is_real` takes Mosquitto, PostgreSQL and, unless told otherwise, InfluxDB. Raises NotHere.
    """

    def __init__(
        self,
        folder: Path,
        edges: tuple[str, ...] = ("dock-2",),
        *,
        is_real: bool = False,
        has_influx: bool = True,
        gateways_count: int = 1,
    ) -> None:
        self.folder = folder
        self.edges = edges
        self.data_dir = folder / "data"
        self.data_dir.mkdir()
        self._probes = {edge: Probe() for edge in edges}
        self.cameras = {edge: Camera(self, edge) for edge in edges}
        self._undo = contextlib.ExitStack()
        self._services: list[Part] = []
        self._stores: list[str] = []
        self._environment: dict[str, str] = {}
        self.gateways = [f"gateway-{number}" for number in range(1, gateways_count + 1)]
        self.points: SqlitePoints | InfluxPoints = SqlitePoints(
            *(self.data_dir_of(one) / "gateway" / "telemetry.db" for one in self.gateways)
        )
        database_url = f"sqlite:///{self.data_dir / 'gateway' / 'ledger.db'}"
        if is_real:
            database_url = self._add_postgres()
            if has_influx:
                self._add_influx()
        self.broker = parts.mosquitto(folder) if is_real else parts.embedded_broker(folder)
        self.books = Books(database_url)
        self.parts: dict[str, Part] = {one.name: one for one in [self.broker, *self._services]}
        self._site_dir = folder / "site"

    def _add_postgres(self) -> str:
        postgres = parts.postgres(self.folder)
        self._services.append(postgres)
        url = f"postgresql+psycopg://entrepot@127.0.0.1:{postgres.port}/postgres"
        self._stores += ["--database", url]
        return url

    def _add_influx(self) -> None:
        influxd = parts.influxd(self.folder)
        self._services.append(influxd)
        influx = Influx(
            url=f"http://127.0.0.1:{influxd.port}", token="for-tests", org="o", bucket="b"
        )
        self.points = InfluxPoints(influx)
        self._environment["INFLUX_TOKEN"] = influx.token
        self._stores += ["--influx", f"{influx.url}/?org=o&bucket=b"]

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            for probe in self._probes.values():
                undo.enter_context(probe)
            undo.callback(self.end)
            self._write_site()
            self._make_own_parts()
            for one in [self.broker, *self._services]:
                one.start()
            for one in [self.broker, *self._services]:
                one.until_listening()
            if isinstance(self.points, InfluxPoints):
                set_up(self.points.influx)
            for one in self._own():
                one.start()
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def _own(self) -> list[Part]:
        theirs = [self.broker, *self._services]
        return [one for one in self.parts.values() if one not in theirs]

    def _write_site(self) -> None:
        shutil.copytree(parts.ROOT / "config" / "sites" / "demo", self._site_dir)
        for edge, probe in self._probes.items():
            text = _EDGE_TOML.format(
                edge=edge, camera=camera_of(edge), port=probe.port, baud=BAUD, unit=UNIT
            )
            (self._site_dir / f"edge-{edge}.toml").write_text(text, encoding="utf-8")

    def _make_own_parts(self) -> None:
        common = ["--site", str(self._site_dir), "--ledger", LEDGER]
        common += ["--mqtt", f"mqtt://127.0.0.1:{self.broker.port}"]
        for number, name in enumerate(self.gateways):
            data_dir = self.data_dir if not number else self.folder / f"data-{name}"
            words = ["gateway", *common, "--data", str(data_dir), *self._stores]
            if len(self.gateways) > 1:
                words += ["--name", name, "--shared"]
            self._add(name, [*words, "--http", str(parts.free_port())])
        for edge in self.edges:
            words = ["edge", edge, *common, "--data", str(self.data_dir)]
            self._add(f"edge-{edge}", words)

    def _add(self, name: str, words: list[str]) -> None:
        self.parts[name] = parts.Part(
            name=name,
            argv=parts.entrepot_argv(*words),
            log=self.folder / f"{name}.log",
            environment=self._environment,
        )

    def data_dir_of(self, gateway: str) -> Path:
        """Return the data folder of one of the gateways."""
        return self.data_dir if gateway == self.gateways[0] else self.folder / f"data-{gateway}"

    def kill(self, name: str) -> None:
        """Pull the plug of a part."""
        self.parts[name].kill()
        # Where a process listened is no news of the next one's life.
        told = "gateway" if name in self.gateways else name
        data_dir = self.data_dir_of(name) if name in self.gateways else self.data_dir
        (data_dir / "run" / f"{told}.http").unlink(missing_ok=True)

    def start(self, name: str) -> None:
        """Start a part that was killed."""
        self.parts[name].start()

    def end_own(self) -> None:
        """End edges and gateways, in this order; the stores go on."""
        for one in reversed(self._own()):
            one.end()

    def end(self) -> None:
        """End everything that runs."""
        self.end_own()
        self.books.close()
        for one in reversed(list(self.parts.values())):
            one.end()

    def silence(self) -> None:
        """Let the probes say nothing more: what is queued can drain."""
        for probe in self._probes.values():
            probe.silence()

    def asked(self, process: str, path: str, body: dict[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Return an endpoint's JSON answer (POST with a body), None where none comes."""
        data_dir, name = self.data_dir, process
        if process in self.gateways:
            data_dir, name = self.data_dir_of(process), "gateway"
        try:
            host, port = address_of(data_dir, name)
            connection = http.client.HTTPConnection(host, port, timeout=ASK_S_MAX)
            with contextlib.closing(connection):
                if body is None:
                    connection.request("GET", path)
                else:
                    headers = {"Content-Type": "application/json"}
                    connection.request("POST", path, body=json.dumps(body), headers=headers)
                answer = connection.getresponse()
                text = answer.read()
                return (
                    (json.loads(text) if text[:1] in b"{[" else {}) if answer.status < 300 else None
                )
        except (NoAnswer, OSError, ValueError, http.client.HTTPException):
            return None

    def tip(self, edge: str) -> int:
        """Return how many events the edge has on disk, 0 while it does not say."""
        told = self.asked(f"edge-{edge}", "/health")
        return int(told["captured_count"]) if told else 0

    def is_drained(self) -> bool:
        """Tell whether the ledger has every event and the store every reading of each edge."""
        for edge in self.edges:
            told = self.asked(f"edge-{edge}", "/health")
            if not told or told["telemetry_rows"]:
                return False
            if self.books.head_seq(edge) != told["captured_count"]:
                return False
        return True


class Camera:
    """Posts plates from a thread of its own until the block is left; each plate once."""

    def __init__(self, plant: Plant, edge: str) -> None:
        self._plant = plant
        self._edge = edge
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera-{edge}")
        self._lock = threading.Lock()
        self._count = 0
        self.kept: set[str] = set()
        """Plates whose post was answered: they are on disk."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def post(self) -> str:
        """Post the next plate; return it when the edge says that it is on disk, else ""."""
        with self._lock:
            self._count += 1
            plate = f"P{self._count:07d}"
        body: dict[str, object] = {"plate": plate, "confidence_ratio": 0.9}
        path = f"/camera/{camera_of(self._edge)}"
        if self._plant.asked(f"edge-{self._edge}", path, body) is None:
            return ""
        self.kept.add(plate)
        return plate

    def _run(self) -> None:
        while not self._stop.wait(POST_PAUSE_S):
            self.post()


def camera_of(edge: str) -> str:
    """Return the name of an edge's camera."""
    return f"cam-{edge.rpartition('-')[2]}"


def until(holds: Callable[[], object], what: str, *, limit_s: float = 60.0) -> None:
    """Wait until something holds. Raises AssertionError with what did not."""
    end_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end_s, f"not within {limit_s} s: {what}"
        time.sleep(LOOK_S)
