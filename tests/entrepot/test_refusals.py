"""What can't be started or read is refused in one sentence with exit code 2."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

from entrepot import processes
from entrepot.logfile import LogFile
from entrepot.processes import Process, last_words
from entrepot.watch import NotWatchable, check_filter
from tests.entrepot.sites import spoilt
from tests.entrepot.test_cli import entrepot
from wire.epc import EpcError, decode

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = "mqtt://127.0.0.1:1"
AWAY = "postgresql+psycopg://x:secret@127.0.0.1:1/y"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("edge", "dock-9", "--mqtt", NOBODY), "dock-1, dock-2"),
        (("edge", "../dock-1", "--mqtt", NOBODY), "bad name"),
        (("edge", "dock-1", "--mqtt", "mqtt://x:99999"), "--mqtt 'mqtt://x:99999'"),
        (("check", "config/sites/demo/site.toml"), "give the folder"),
        (("check", "nowhere"), "nowhere is not there"),
        (("up", "--data", "{tmp}", "--http", "0", "--mqtt", NOBODY), "no broker answers"),
        (("up", "--data", "{tmp}", "--http", "0", "--influx", "banana"), "--influx 'banana'"),
        (("up", "--data", "{tmp}", "--http", "0", "--database", AWAY), "does not answer"),
        (("up", "--data", "{tmp}", "--database", "mysql+nodriver://x"), "--database"),
        (("verify", "--database", "banana"), "--database"),
        (("verify", "--database", AWAY), "does not answer"),
        (("verify", "--database", "sqlite:///{tmp}/none.db"), "is not there"),
        (("verify", "--database", "sqlite:///{tmp}/garbage.db"), "not a database"),
        (("verify", "--database", "sqlite:///{tmp}/empty.db"), "holds no ledger"),
        (("watch", "--data", "{tmp}"), "nothing runs on"),
        (("watch", "--mqtt", "mqtt://x:99999"), "--mqtt 'mqtt://x:99999'"),
        (("watch", "--mqtt", NOBODY, "a/#/b"), "TOPIC 'a/#/b'"),
    ],
)
def test_it_is_refused_in_one_sentence(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    """No traceback, no log: what is wrong, and what to do."""
    (tmp_path / "garbage.db").write_bytes(b"garbage " * 200)
    (tmp_path / "empty.db").write_bytes(b"")
    run = entrepot(*(word.format(tmp=tmp_path) for word in words))
    assert run.returncode == 2, run.stderr
    assert run.stderr.count("\n") == 1, run.stderr
    assert told in run.stderr
    assert "secret" not in run.stderr
    assert not (tmp_path / "none.db").exists()


def test_up_refuses_what_check_would_refuse(tmp_path: Path) -> None:
    """An edge that can't start was once restarted for ever behind a page that looked well."""
    site = spoilt(tmp_path, "edge-dock-1.toml", ('http = "127.0.0.1:0"', 'http = "banana"'))
    run = entrepot("up", "--data", str(tmp_path / "data"), "--site", str(site), "--http", "0")
    assert run.returncode == 2
    assert "edge-dock-1.toml: http: 'banana'" in run.stderr


def test_a_gateway_whose_database_is_away_may_be_started_again(tmp_path: Path) -> None:
    """Exit code 2 would tell systemd to give up because PostgreSQL started a second later."""
    words = ("gateway", "--data", str(tmp_path), "--http", "0", "--mqtt", NOBODY)
    run = entrepot(*words, "--database", AWAY)
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert "does not answer" in run.stderr


def test_a_part_that_dies_again_and_again_is_told_once_with_its_last_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The console must not look well while a part never comes up, nor scroll for ever."""
    monkeypatch.setattr(processes, "RESTART_DELAY_S_MIN", 0.01)
    told: list[str] = []

    async def scenario() -> None:
        log = LogFile(tmp_path / "child.log", keep_days=1)
        argv = [sys.executable, "-c", "raise RuntimeError('no room')"]
        process = Process("child", argv, log, lambda: None, told.append)
        running = asyncio.create_task(process.run())
        while process.status().restarts_count < 4:  # noqa: ASYNC110 - a child tells no event
            await asyncio.sleep(0.02)
        await process.stop()
        await running
        log.close()

    asyncio.run(scenario())
    assert told == [f"child failed: RuntimeError: no room, see {tmp_path / 'child.log'}"]


def test_every_sentence_of_a_refusal_is_passed_on() -> None:
    """A site file has more than one fault; only the last one was shown."""
    lines = ['{"event": "x"}', "entrepot: a: no such key. Remove it.", "entrepot: b: is missing."]
    assert last_words(lines) == "a: no such key. Remove it.\nb: is missing."
    assert last_words(['{"event": "lost", "reason": "no disk"}']) == "lost: no disk"
    assert last_words([]) == ""


@pytest.mark.parametrize("topic", ["", "a#", "#/a", "a/+b", "a/b#"])
def test_a_filter_that_no_broker_takes_is_named(topic: str) -> None:
    """`Invalid subscription filter` did not say which."""
    with pytest.raises(NotWatchable, match="TOPIC"):
        check_filter(topic)


@pytest.mark.parametrize("topic", ["#", "+", "a/#", "a/+/b", "/"])
def test_a_sound_filter_is_taken(topic: str) -> None:
    """The check must not know better than the standard."""
    check_filter(topic)


@pytest.mark.parametrize(
    ("text", "why"),
    [("0x3074257BF7194E4000001A85", "0x"), ("307", "odd"), ("30G4", "not hexadecimal")],
)
def test_a_tag_that_is_mistyped_is_told_the_true_reason(text: str, why: str) -> None:
    """An odd count of digits is hexadecimal all the same."""
    with pytest.raises(EpcError, match=why):
        decode(text)
