"""A ledger's database knows whose it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete

from gateway.ledger.errors import ForeignSite
from gateway.ledger.reach import DatabaseUnusable, sqlite_file
from gateway.ledger.site_identity import site_identity
from gateway.ledger.store import Ledger
from gateway.settings import load_site

SITE = load_site(Path(__file__).resolve().parents[3] / "config" / "sites" / "demo")
OTHER_SITE = SITE.model_copy(update={"site": "zhengzhou-2"})
OTHER_BOOK = SITE.model_copy(
    update={"ledger": SITE.ledger.model_copy(update={"book": "T4601W000999"})}
)


def opened(folder: Path, site: object = SITE) -> Ledger:
    """Open the ledger of a folder."""
    return Ledger.open(
        f"sqlite:///{folder / 'ledger.db'}",
        ledger_id="house-1",
        site=site,  # type: ignore[arg-type]
        now=lambda: "2026-03-01T10:00:00.000Z",
    )


@pytest.mark.parametrize("other", [OTHER_SITE, OTHER_BOOK])
def test_another_site_is_refused_with_both_names(tmp_path: Path, other: object) -> None:
    """The journal would open a second book and mix two houses' goods in it."""
    opened(tmp_path).close()
    opened(tmp_path).close()
    with pytest.raises(ForeignSite) as refused:
        opened(tmp_path, other)
    assert "demo/zhengzhou-1, book T4601W000123" in str(refused.value)
    assert refused.value.wanted in str(refused.value)


def test_a_database_from_before_is_judged_by_its_last_book(tmp_path: Path) -> None:
    """Databases that were made before the table was may not be taken over by a mistake either."""
    ledger = opened(tmp_path)
    with ledger.engine.begin() as connection:
        connection.execute(delete(site_identity))
    ledger.close()
    with pytest.raises(ForeignSite, match="T4601W000999"):
        opened(tmp_path, OTHER_BOOK)
    opened(tmp_path).close()
    with pytest.raises(ForeignSite, match="zhengzhou-2"):
        opened(tmp_path, OTHER_SITE)


def test_a_file_that_is_no_database_is_told_without_the_libraries_words(tmp_path: Path) -> None:
    """A traceback of SQLAlchemy tells an operator nothing."""
    (tmp_path / "ledger.db").write_bytes(b"garbage " * 200)
    with pytest.raises(DatabaseUnusable, match="not a database"):
        opened(tmp_path)


def test_only_an_address_of_a_sqlite_file_has_a_file() -> None:
    """The verifier looks whether it is there before anything could make it."""
    assert sqlite_file("sqlite:////x/ledger.db") == Path("/x/ledger.db")
    assert sqlite_file("sqlite://") is None
    assert sqlite_file("postgresql+psycopg://x@y/z") is None
