"""The page's routes."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException as StarletteHTTPException

from gateway import people
from gateway.alarms.definitions import DEFINITIONS
from gateway.ledger import journal
from gateway.ledger.verify import counts
from gateway.web import custody_reads, gap_reads, present, reads, search
from gateway.web.acts import add_acts, add_letters
from gateway.web.details import add_details
from gateway.web.guard import Guard, problem
from gateway.web.health import reasons
from gateway.web.snapshot import TABS_COUNT_MAX, Snapshots, TabStream
from runtime.clock import rfc3339_from_ns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import Response

    from gateway.core import Core
    from gateway.flood import Flood
    from gateway.live import Live
    from gateway.settings import Site
    from gateway.telemetry.ports import TelemetryStore

HERE: Final = Path(__file__).resolve().parent
SAMPLES_COUNT: Final = 240
LEDGER_S_MAX: Final = 3.0
ENTRY_N_MAX: Final = 2**63 - 1
"""A larger number fits no column."""


def build_app(  # noqa: PLR0913 - what the page is made of
    core: Core,
    live: Live,
    site: Site,
    telemetry_store: TelemetryStore,
    *,
    flood: Flood,
    is_writable: bool,
    data_dir: Path,
) -> FastAPI:
    """Return the ASGI application; `data_dir` is only named on the page."""
    snapshots = Snapshots(core, live, site)
    began_s = time.monotonic()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.close_streams = snapshots.close
    app.middleware("http")(Guard(is_writable=is_writable))
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_exception_handler(people.NotAllowed, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StarletteHTTPException, _no_such)
    _add_reads(app, core, live, site, telemetry_store)
    add_acts(app, core, live)
    add_letters(app, core, telemetry_store, flood)

    @app.get("/")
    async def page() -> FileResponse:
        return FileResponse(HERE / "templates" / "page.html", media_type="text/html")

    @app.get("/health")
    async def health() -> dict[str, Any]:
        now_s = time.monotonic()
        is_store_away = telemetry_store.is_away
        found = reasons(site, live, is_store_away=is_store_away, now_s=now_s)
        count = None
        try:
            async with asyncio.timeout(LEDGER_S_MAX):
                count = await core.read(journal.count)
        except TimeoutError:
            found.insert(0, f"the ledger does not answer within {LEDGER_S_MAX:.0f} s")
        except SQLAlchemyError as error:
            found.insert(0, f"the ledger's database fails: {type(error).__name__}")
        # Always 200: it answers, and what is wrong elsewhere a restart of it would not mend.
        return {
            "process": "gateway",
            "status": "degraded" if found else "ok",
            "reasons": found,
            "uptime_s": round(now_s - began_s, 1),
            "journal_count": count,
            "tabs_count": snapshots.tabs_count,
            "leads": live.leads,
            "events_count": live.events_count,
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
        return TabStream(snapshots)

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
    async def devices(
        q: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=present.DEVICES_ASKED_MAX)] = present.DEVICES_SHOWN,
    ) -> dict[str, Any]:
        heads = await core.read(reads.heads)
        found = present.devices(live, text=q, count_max=limit)
        return {**found, **present.edges(live, heads)}

    @app.get("/api/custody")
    async def custody() -> dict[str, Any]:
        books = await core.read(custody_reads.books)
        return {"edges": custody_reads.edges(live, books, time.monotonic())}

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

    @app.get("/api/completeness")
    async def completeness(
        minutes: Annotated[float, Query(gt=0, le=10_080)] = 60,
    ) -> dict[str, Any]:
        until_ns = time.time_ns()
        began_ns = await core.read(gap_reads.began_ns)
        since_ns = min(max(until_ns - round(minutes * 60e9), began_ns), until_ns)
        rows = await gap_reads.completeness(
            core, telemetry_store, since_ns=since_ns, until_ns=until_ns
        )
        return {
            "minutes": minutes,
            "since": rfc3339_from_ns(since_ns),
            "until": rfc3339_from_ns(until_ns),
            "devices": rows,
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


async def _refused(_: Request, error: Exception) -> JSONResponse:
    field = getattr(error, "field", "")
    return problem(409, f"/{field}", "not_allowed", str(error))


_CODES: Final = {404: "unknown_path", 405: "not_allowed", 413: "too_large"}


async def _no_such(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)
    return problem(
        error.status_code, "", _CODES.get(error.status_code, "malformed"), str(error.detail)
    )


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
