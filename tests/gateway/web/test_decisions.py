"""What the page reads of dead letters and gaps, on a seeded ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway.ledger import letters
from tests.gateway.web import seed
from tests.gateway.web.test_api import ask, get

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from gateway.ledger.store import Tx

LONG = b"x" * 1_000
NO_TEXT = b"\xff\xfe"


def bury_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the seed also write two letters: 1 is long, 2 is no text."""
    plain = seed.seed

    def also(tx: Tx) -> None:
        plain(tx)
        for body in (LONG, NO_TEXT):
            letters.bury(tx, reason="body", detail="why", topic="wh/v1/e/dock-1/evt/x", body=body)

    monkeypatch.setattr(seed, "seed", also)


def test_a_letter_is_edited_whole_although_the_list_cuts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replay of what the list shows would replay a torn message."""
    bury_two(monkeypatch)
    listed, whole, bytes_, none = ask(
        tmp_path,
        ("GET", "/api/dead-letters", {}),
        ("GET", "/api/dead-letters/1", {}),
        ("GET", "/api/dead-letters/2", {}),
        ("GET", "/api/dead-letters/3", {}),
    )
    assert len(listed.json()["dead_letters"][1]["body"]) < len(LONG)
    assert whole.json() == {"letter_id": 1, "bytes_count": 1_000, "body": LONG.decode()}
    assert bytes_.json()["body"] is None
    assert none.status_code == 404


def test_a_decision_about_a_letter_is_told_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes next reads what was decided, by whom and why."""
    bury_two(monkeypatch)
    decision = {"by": "Wang", "reason": "a test of the installer"}
    done, listed = ask(
        tmp_path,
        ("POST", "/api/dead-letters/2/discard", {"json": decision}),
        ("GET", "/api/dead-letters", {}),
    )
    assert done.status_code == 200
    newest = listed.json()["dead_letters"][0]
    told = [newest[key] for key in ("how", "by", "settled_reason")]
    assert told == ["discarded", "Wang", "a test of the installer"]


def test_nothing_is_expected_from_before_the_ledger_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A house of a minute's age is not an hour incomplete."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    monkeypatch.setattr(seed, "AT", now)
    told = get(tmp_path, "/api/completeness?minutes=600").json()
    assert told["since"] == now
    assert told["until"] >= now
