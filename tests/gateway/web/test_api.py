"""The page's API on a seeded ledger, through the ASGI interface."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from gateway.flood import Flood
from gateway.settings import load_site
from gateway.web.app import build_app
from tests.gateway.web.seed import SSCC, UNITS, WHY, FakeStore, live_now, open_core

SITE = load_site(Path(__file__).resolve().parents[3] / "config" / "sites" / "demo")
JSON = {"content-type": "application/json"}
Ask: TypeAlias = tuple[str, str, dict[str, Any]]


def ask(
    folder: Path, *asks: Ask, is_writable: bool = True, host: str = "127.0.0.1"
) -> list[httpx.Response]:
    """Put requests to a fresh page, one after the other."""

    async def run() -> list[httpx.Response]:
        core = open_core(folder, SITE)
        app = build_app(
            core,
            live_now(),
            SITE,
            FakeStore(),
            flood=Flood(),
            is_writable=is_writable,
            data_dir=folder,
        )
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        try:
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
                return [await client.request(method, path, **more) for method, path, more in asks]
        finally:
            core.close()

    return asyncio.run(run())


def get(folder: Path, path: str) -> httpx.Response:
    """Put one question."""
    return ask(folder, ("GET", path, {}))[0]


@pytest.mark.parametrize(
    "name",
    ["alarms", "holds", "trucks", "orders", "units", "stock", "dead-letters", "decisions", "tasks"],
)
def test_a_list_ignores_query_fields_that_it_does_not_know(tmp_path: Path, name: str) -> None:
    """A default of an endpoint must never become a query field: `?read=x` once ended in a 500."""
    plain, odd = ask(
        tmp_path, ("GET", f"/api/{name}", {}), ("GET", f"/api/{name}?read=x&key=y", {})
    )
    assert plain.status_code == odd.status_code == 200
    assert list(plain.json()) == [name.replace("-", "_")]
    assert plain.json() == odd.json()


@pytest.mark.parametrize("before", ["0", "-1", "x", str(2**63), "1" + "0" * 40])
def test_an_impossible_page_of_the_journal_is_a_problem_with_its_field(
    tmp_path: Path, before: str
) -> None:
    """A number that fits no column is the asker's fault, not ours."""
    answer = get(tmp_path, f"/api/events?before={before}")
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["field"] == "/before"


def test_the_journal_is_paged_without_gap_or_overlap(tmp_path: Path) -> None:
    """An inspector who pages back must see each entry once."""
    newest, older = ask(tmp_path, ("GET", "/api/events", {}), ("GET", "/api/events?before=2", {}))
    assert all(one["n"] < 2 for one in older.json()["events"])
    numbers = [one["n"] for one in newest.json()["events"]]
    assert numbers == sorted(numbers, reverse=True)


def test_the_picture_tells_figures_ages_and_staleness(tmp_path: Path) -> None:
    """A value without fresh probes must say so."""
    picture = get(tmp_path, "/api/snapshot").json()
    assert picture["figures"]["in_bond"] == len(UNITS)
    assert picture["figures"]["held"] == 1
    zones = {one["zone"]: one for one in picture["climate"]}
    assert zones["ambient"]["temperature_c"] == 21.4
    assert not zones["ambient"]["is_stale"]
    assert zones["cool"]["is_stale"]
    assert zones["cool"]["age_s"] >= 60


def test_a_refusal_names_rule_unit_and_who_must_act(tmp_path: Path) -> None:
    """The shift lead must know what to take off."""
    truck = get(tmp_path, "/api/trucks").json()["trucks"][0]
    assert truck["refusal"][0]["why"] == WHY
    assert truck["refusal"][0]["unit"] == UNITS[-1]
    assert truck["aboard_count"] == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SSCC, "pallet"),
        (UNITS[2], "unit"),
        ("o-77", "order"),
        ("yub01", "truck"),
        ("COFFEE", "goods"),
        ("咖啡", "goods"),
        ("a-01-1", "place"),
        ("DOCK-2", "place"),
        ("l1", "lot"),
    ],
)
def test_search_finds_what_a_label_says(tmp_path: Path, text: str, kind: str) -> None:
    """A person types what stands on the label."""
    found = ask(tmp_path, ("GET", "/api/search", {"params": {"q": text}}))[0].json()["found"]
    assert kind in {one["kind"] for one in found}


@pytest.mark.parametrize("text", ["%", "_", "\\", "'; drop table unit; --", "\x00"])
def test_search_takes_no_pattern_and_no_statement(tmp_path: Path, text: str) -> None:
    """A text is a text: none of these stands on any label."""
    answer = ask(tmp_path, ("GET", "/api/search", {"params": {"q": text}}))[0]
    assert answer.json() == {"found": []}


def test_a_carton_is_found_by_uri_and_by_hex_and_an_unknown_one_is_404(tmp_path: Path) -> None:
    """Requests may name cartons in both ways."""
    by_uri, by_hex, unknown = ask(
        tmp_path,
        ("GET", f"/api/units/{UNITS[1]}", {}),
        ("GET", "/api/units/3034257bf7194e4000001771", {}),
        ("GET", "/api/units/FFFF", {}),
    )
    assert by_uri.json()["unit"] == by_hex.json()["unit"] == UNITS[1]
    assert unknown.status_code == 404
    assert unknown.json()["problems"][0]["code"] == "unknown_unit"


def test_a_hold_is_released_once_with_its_reason(tmp_path: Path) -> None:
    """The second release finds nothing, and says what may have happened."""
    body = {"by": "Li", "reason": "probe checked by hand"}
    first, second, holds, events = ask(
        tmp_path,
        ("POST", "/api/holds/H-1/release", {"json": body}),
        ("POST", "/api/holds/H-1/release", {"json": body}),
        ("GET", "/api/holds", {}),
        ("GET", "/api/events", {}),
    )
    assert first.status_code == 200
    assert second.status_code == 409
    assert second.json()["problems"][0]["field"] == "/hold_id"
    assert holds.json()["holds"] == []
    lifted = [one for one in events.json()["events"] if one["kind"] == "hold.lifted"]
    assert [one["body"]["lift_reason"] for one in lifted] == ["probe checked by hand"]
    assert [one["cause"] for one in lifted] == ["person:Li"]


def test_an_alarm_is_acknowledged_by_name(tmp_path: Path) -> None:
    """Who has seen it stands beside it."""
    path = "/api/alarms/gate-refused--dock-2/acknowledge"
    done, alarms = ask(tmp_path, ("POST", path, {"json": {"by": "Li"}}), ("GET", "/api/alarms", {}))
    assert done.status_code == 200
    assert alarms.json()["alarms"][0]["acknowledged_by"] == "Li"


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"json": {"by": "Li", "reason": "r"}, "headers": {"origin": "http://evil.test"}}, 403),
        ({"json": {"by": "Li", "reason": "r"}, "headers": {"host": "evil.test"}}, 421),
        ({"content": b"by=Li", "headers": {"content-type": "text/plain"}}, 415),
        ({"content": b"{" * 70_000, "headers": JSON}, 413),
        ({"content": b"{", "headers": JSON}, 422),
        ({"json": {"by": "Li"}}, 422),
        ({"json": {"by": "Li", "reason": " "}}, 409),
        ({"json": {"by": "Li", "reason": "r", "force": True}}, 422),
    ],
)
def test_a_wrong_act_is_refused_with_a_problem_and_changes_nothing(
    tmp_path: Path, more: dict[str, Any], status: int
) -> None:
    """Another page, another name, another form: nothing of it reaches the ledger."""
    answer, holds = ask(
        tmp_path, ("POST", "/api/holds/H-1/release", more), ("GET", "/api/holds", {})
    )
    assert answer.status_code == status
    assert answer.json()["problems"][0]["message"]
    assert len(holds.json()["holds"]) == 1


def test_beyond_loopback_the_page_only_reads(tmp_path: Path) -> None:
    """A page without sign-in must not let the network act."""
    act, look = ask(
        tmp_path,
        ("POST", "/api/holds/H-1/release", {"json": {"by": "Li", "reason": "r"}}),
        ("GET", "/api/holds", {}),
        is_writable=False,
        host="10.0.0.8",
    )
    assert act.status_code == 403
    assert "read-only" in act.json()["problems"][0]["message"]
    assert look.status_code == 200


def test_every_answer_carries_the_headers_and_no_docs_page_is_served(tmp_path: Path) -> None:
    """The documentation pages of the framework would load scripts from elsewhere."""
    page, docs, schema = ask(
        tmp_path, ("GET", "/", {}), ("GET", "/docs", {}), ("GET", "/openapi.json", {})
    )
    assert docs.status_code == schema.status_code == 404
    for one in (page, docs):
        assert one.headers["content-security-policy"].startswith("default-src 'self'")
        assert "frame-ancestors 'none'" in one.headers["content-security-policy"]
        assert one.headers["x-content-type-options"] == "nosniff"


def test_the_first_page_is_small(tmp_path: Path) -> None:
    """A tablet at the far end of the hall opens it within a second."""
    static = Path(__file__).resolve().parents[3] / "gateway" / "web" / "static"
    files = [one.relative_to(static).as_posix() for one in static.rglob("*") if one.is_file()]
    paths = [("GET", f"/static/{name}", dict[str, Any]()) for name in files]
    answers = ask(tmp_path, ("GET", "/", {}), *paths)
    assert all(one.status_code == 200 for one in answers)
    # Compressed, as a proxy before it sends it: the contract with the operators.
    assert sum(len(gzip.compress(one.content)) for one in answers) <= 150_000


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/trucks/T-1", "truck_id"),
        ("/api/orders/O-77", "order_id"),
        (f"/api/pallets/{SSCC}", "sscc"),
    ],
)
def test_a_thing_has_a_page_of_its_own_and_an_unknown_one_is_404(
    tmp_path: Path, path: str, name: str
) -> None:
    """Every id on the page leads somewhere, and a wrong one is said to be wrong."""
    found, unknown = ask(tmp_path, ("GET", path, {}), ("GET", f"{path}-x", {}))
    assert found.status_code == 200
    assert found.json()[name] == path.rpartition("/")[2]
    assert unknown.status_code == 404
    assert unknown.json()["problems"][0]["message"]


def test_a_truck_that_was_sent_away_keeps_who_and_why(tmp_path: Path) -> None:
    """The next shift asks who sent it back, and for what reason."""
    body = {"by": "Li", "reason": "carton 6005 is not released"}
    done, truck, order = ask(
        tmp_path,
        ("POST", "/api/trucks/T-1/send-away", {"json": body}),
        ("GET", "/api/trucks/T-1", {}),
        ("GET", "/api/orders/O-78", {}),
    )
    assert done.status_code == 200
    assert truck.json()["state"] == "unloading"
    assert truck.json()["sent_away"]["by"] == "Li"
    assert truck.json()["sent_away"]["reason"] == body["reason"]
    says = [one for item in order.json()["story"] for one in item["says"]]
    assert [one["reason"] for one in says if one["say"] == "sent_away"] == [body["reason"]]


def test_cartons_are_listed_by_goods_place_and_lot_only(tmp_path: Path) -> None:
    """The list behind a row of the stock; no other column is asked for."""
    goods, place, odd = ask(
        tmp_path,
        ("GET", "/api/cartons?by=goods_id&value=coffee", {}),
        ("GET", "/api/cartons?by=place&value=location:a-01-1", {}),
        ("GET", "/api/cartons?by=duty&value=2000", {}),
    )
    assert len(goods.json()["cartons"]) == len(UNITS)
    assert len(place.json()["cartons"]) == len(UNITS) - 1
    assert odd.status_code == 422


def test_the_journal_is_narrowed_by_group_and_text(tmp_path: Path) -> None:
    """An inspector looks for one name among thousands of entries."""
    body = {"by": "Li", "reason": "probe checked by hand"}
    _, holds, text, none = ask(
        tmp_path,
        ("POST", "/api/holds/H-1/release", {"json": body}),
        ("GET", "/api/events?group=holds", {}),
        ("GET", "/api/events?q=PROBE", {}),
        ("GET", "/api/events?group=trucks", {}),
    )
    for answer in (holds, text):
        assert {one["kind"] for one in answer.json()["events"]} == {"hold.lifted"}
    assert holds.json()["events"][0]["says"][0]["unit"] == UNITS[0]
    assert none.json()["events"] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nowhere", 404),
        ("DELETE", "/api/alarms", 405),
        ("POST", "/api/edges/dock-9/custody", 409),
    ],
)
def test_every_error_has_the_same_shape(
    tmp_path: Path, method: str, path: str, status: int
) -> None:
    """A client reads one form, whatever went wrong."""
    body = {"by": "li", "reason": "r", "verb": "stop"} if method == "POST" else None
    answer = ask(tmp_path, (method, path, {"json": body, "headers": JSON}))[0]
    assert answer.status_code == status
    assert answer.json()["problems"][0]["message"]


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "http://evil.com"])
def test_an_origin_that_is_elsewhere_or_nowhere_is_refused(tmp_path: Path, origin: str) -> None:
    """It once ended in a 500."""
    headers = JSON | {"origin": origin}
    asked = ("POST", "/api/alarms/x/acknowledge", {"json": {"by": "li"}, "headers": headers})
    assert ask(tmp_path, asked)[0].status_code == 403


def test_the_custody_page_tells_heads_boxes_and_what_to_decide(tmp_path: Path) -> None:
    """A technician sees at once which box disagrees with the ledger."""
    told = get(tmp_path, "/api/custody").json()["edges"]
    assert [(one["edge"], one["decide"]) for one in told] == [("dock-1", [])]
