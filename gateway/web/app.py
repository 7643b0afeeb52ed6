"""The page's routes."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field

from gateway import people
from gateway.alarms.definitions import DEFINITIONS
from gateway.ledger import journal
from gateway.ledger.verify import counts
from gateway.web import present, reads, search
from gateway.web.details import add_details
from gateway.web.guard import Guard, problem
from gateway.web.snapshot import TABS_COUNT_MAX, Snapshots

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from fastapi import Response

    from gateway.core import Core
    from gateway.ledger.store import Tx
    from gateway.live import Live
    from gateway.settings import Site
    from gateway.telemetry.ports import TelemetryStore

HERE: Final = Path(__file__).resolve().parent
SAMPLES_COUNT: Final = 240
ENTRY_N_MAX: Final = 2**63 - 1
"""A larger number fits no column."""
_NAME: Final = Field(min_length=1, max_length=64)
_REASON: Final = Field(min_length=1, max_length=1_000)


class By(BaseModel):
    """Who acts."""

    model_config = ConfigDict(extra="forbid")
    by: Annotated[str, _NAME]


class Release(By):
    """Who releases what, and why."""

    reason: Annotated[str, _REASON]
    kind: str | None = None


def build_app(
    core: Core,
    live: Live,
    site: Site,
    telemetry_store: TelemetryStore,
    *,
    is_writable: bool,
    data_dir: Path,
) -> FastAPI:
    """Return the ASGI application; `data_dir` is only named on the page."""
    snapshots = Snapshots(core, live, site)
    began_s = time.monotonic()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        snapshots.is_closing = True

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.middleware("http")(Guard(is_writable=is_writable))
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_exception_handler(people.NotAllowed, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    _add_reads(app, core, live, site, telemetry_store)
    _add_acts(app, core)

    @app.get("/")
    async def page() -> FileResponse:
        return FileResponse(HERE / "templates" / "page.html", media_type="text/html")

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {
            "process": "gateway",
            "status": "ok",
            "uptime_s": round(time.monotonic() - began_s, 1),
            "journal_count": await core.read(journal.count),
            "tabs_count": snapshots.tabs_count,
        }

    @app.get("/api/snapshot")
    async def snapshot() -> dict[str, Any]:
        return await snapshots.now()

    @app.get("/api/floor")
    async def floor() -> dict[str, Any]:
        return {
            **present.floor_plan(site),
            "is_writable": is_writable,
            "data": data_dir.name,
            "alarms": {
                one.id: {"en": _words(one.en), "zh": _words(one.zh)} for one in DEFINITIONS.values()
            },
        }

    @app.get("/api/stream", response_model=None)
    async def stream() -> Response:
        if snapshots.tabs_count >= TABS_COUNT_MAX:
            return problem(503, "", "over_limit", f"{TABS_COUNT_MAX} tabs are open already")
        return StreamingResponse(snapshots.stream(), media_type="text/event-stream")

    return app


def _words(words: Any) -> dict[str, str]:  # noqa: ANN401 - alarm words of one language
    return {key: getattr(words, key) for key in ("title", "cause", "consequence", "remedy")}


def _listing(
    core: Core, name: str, read: Callable[..., Any]
) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Return an endpoint without parameters: FastAPI would take defaults for query fields."""
    key = name.replace("-", "_")

    async def listing() -> dict[str, Any]:
        return {key: await core.read(read)}

    return listing


def _add_reads(
    app: FastAPI, core: Core, live: Live, site: Site, telemetry_store: TelemetryStore
) -> None:
    lists: dict[str, Callable[..., Any]] = {
        "alarms": reads.alarms,
        "holds": reads.holds,
        "trucks": reads.trucks,
        "orders": reads.orders,
        "units": reads.units,
        "stock": reads.stock,
        "dead-letters": reads.dead_letters,
        "decisions": reads.decisions,
        "tasks": reads.tasks,
    }
    for name, read in lists.items():
        app.add_api_route(f"/api/{name}", _listing(core, name, read), methods=["GET"])

    add_details(app, core)

    @app.get("/api/search")
    async def find(q: Annotated[str, Query(max_length=128)]) -> dict[str, Any]:
        return {"found": await core.read(partial(search.search, text=q, site=site))}

    @app.get("/api/events")
    async def events(
        before: Annotated[int | None, Query(ge=1, le=ENTRY_N_MAX)] = None,
        group: Annotated[str, Query(max_length=32)] = "",
        q: Annotated[str, Query(max_length=128)] = "",
    ) -> dict[str, Any]:
        read = partial(reads.events, before=before, group=group, text=q)
        return {"events": await core.read(read)}

    @app.get("/api/devices")
    async def devices() -> dict[str, Any]:
        heads = await core.read(reads.heads)
        return {"devices": present.devices(live), "edges": present.edges(live, heads)}

    @app.get("/api/processes")
    async def processes() -> dict[str, Any]:
        return {"processes": present.processes(live)}

    @app.get("/api/climate", response_model=None)
    async def climate(
        zone: str,
        minutes: Annotated[float, Query(gt=0, le=100_000)] = 15,
        field: str = "temperature_c",
    ) -> Any:  # noqa: ANN401 - a series or an error
        if zone not in {one.id for one in site.zones}:
            return problem(404, "/zone", "unknown_zone", f"no zone {zone[:64]!r}")
        if field not in {"temperature_c", "humidity_percent", "co2_ppm", "dew_point_c"}:
            return problem(422, "/field", "out_of_range", f"no climate value {field[:64]!r}")
        until_ns = time.time_ns()
        samples = await telemetry_store.series(
            zone=zone,
            field=field,
            since_ns=until_ns - round(minutes * 60e9),
            until_ns=until_ns,
            samples_count=SAMPLES_COUNT,
        )
        return {
            "samples": [
                {"t_ms": one.t_ns // 1_000_000, "mean": one.mean, "low": one.low, "high": one.high}
                for one in samples
            ]
        }

    @app.get("/api/summary")
    async def summary() -> dict[str, Any]:
        told = dict(await core.read(counts))
        heads = await core.read(reads.heads)
        return {
            **told,
            "telemetry_points": await telemetry_store.count(),
            "heads": {edge: row["seq"] for edge, row in heads.items()},
            "journal_count": await core.read(journal.count),
        }


def _add_acts(app: FastAPI, core: Core) -> None:
    async def act(by: str, work: Callable[[Tx], Any]) -> dict[str, Any]:
        done = await core.transact(f"person:{by}", work)
        return {"done": True, "count": done if isinstance(done, int) else 1}

    @app.post("/api/alarms/{alarm_id}/acknowledge")
    async def acknowledge(alarm_id: str, body: By) -> dict[str, Any]:
        return await act(body.by, partial(people.acknowledge, alarm_id=alarm_id, by=body.by))

    @app.post("/api/holds/{hold_id}/release")
    async def release(hold_id: str, body: Release) -> dict[str, Any]:
        work = partial(people.release_holds, holds=[hold_id], by=body.by, reason=body.reason)
        return await act(body.by, work)

    @app.post("/api/pallets/{sscc}/release-holds")
    async def release_pallet(sscc: str, body: Release) -> dict[str, Any]:
        work = partial(
            people.release_holds, pallet=sscc, by=body.by, reason=body.reason, kind=body.kind
        )
        return await act(body.by, work)

    @app.post("/api/zones/{zone}/release-holds")
    async def release_zone(zone: str, body: Release) -> dict[str, Any]:
        kind = body.kind or "quality"
        work = partial(people.release_holds, zone=zone, by=body.by, reason=body.reason, kind=kind)
        return await act(body.by, work)

    @app.post("/api/trucks/{truck_id}/send-away")
    async def send_away(truck_id: str, body: Release) -> dict[str, Any]:
        work = partial(people.send_truck_away, truck_id=truck_id, by=body.by, reason=body.reason)
        return await act(body.by, work)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    field = getattr(error, "field", "")
    return problem(409, f"/{field}", "not_allowed", str(error))


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = [
        {
            "field": "/" + "/".join(str(level) for level in one["loc"][1:]),
            "code": "missing" if one["type"] == "missing" else "malformed",
            "message": f"{one['msg']} (got {str(one.get('input'))[:60]!r})",
        }
        for one in error.errors()
    ]
    return JSONResponse({"problems": problems}, status_code=422)
