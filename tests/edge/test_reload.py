"""A changed file changes what differs and nothing else; a bad one changes nothing."""

from __future__ import annotations

import asyncio
import os
import tty
from typing import TYPE_CHECKING, Final, Self

import pytest

from edge.fleet import Fleet
from edge.reload import Reload
from edge.site_file import load_edge
from runtime.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.ports import Outgoing

WAIT_S: Final = 20.0
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio only."""
    return "asyncio"


class CountingScale:
    """A terminal on a pty that shows each weight twice: 10 g, 20 g, 30 g ... as it is asked."""

    def __init__(self, link: Path) -> None:
        self._link = link
        self.asked_count = 0

    async def __aenter__(self) -> Self:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self._slave = slave
        self._link.parent.mkdir(exist_ok=True)
        self._link.symlink_to(os.ttyname(slave))
        asyncio.get_running_loop().add_reader(self._master, self._answer)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)

    def _answer(self) -> None:
        for word in os.read(self._master, 4096).split(b"\r\n")[:-1]:
            if word != b"SI":  # A scale of level 0 without a tare.
                os.write(self._master, b"ES\r\n")
                continue
            self.asked_count += 1
            mass_g = (self.asked_count + 1) // 2 * 10
            os.write(self._master, f"S S {mass_g:>10} g\r\n".encode())


def device(name: str, *, poll_s: float = 0.02) -> str:
    """Return a scale's entry."""
    return (
        f'[[devices]]\nid = "{name}"\nfamily = "mt_sics"\nport = "dev/{name}"\n'
        f'read_point = "dock-1"\npoll_s = {poll_s}\n'
    )


class House:
    """A file, its fleet, and what the devices told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: dict[str, list[float]] = {}
        self.fleet = Fleet(data_dir=folder, clock=SystemClock())
        self.started: set[str] = set()
        self.cut_count = 0
        """Events that were on their way to the disk when their runner was ended."""

    def write(self, *entries: str, head: str = "") -> None:
        """Write the edge's file in one step, as an editor does."""
        fresh = self.folder / "new"
        fresh.write_text('edge = "dock-1"\n' + head + "".join(entries), encoding="utf-8")
        fresh.replace(self.folder / "edge-dock-1.toml")

    async def __aenter__(self) -> Self:
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        settings = load_edge(self.folder, "dock-1")
        self.fleet.build(settings)
        self.reload = Reload(self.folder, "dock-1", settings, fleet=self.fleet, start=self._start)
        self._start(set())
        return self

    async def __aexit__(self, *_: object) -> None:
        for place in self.fleet._places.values():
            assert place.task is not None
            place.task.cancel()
        await self._group.__aexit__(None, None, None)

    def _start(self, names: set[str]) -> None:
        self.started |= names
        self.fleet.run(self._group, self.emit, self._failed)

    def _failed(self, name: str, error: Exception) -> None:
        raise AssertionError(name) from error

    async def emit(self, outgoing: Outgoing) -> int | None:
        """Take an event as slowly as a disk may."""
        try:
            await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            self.cut_count += 1
            raise
        mass_g = outgoing.body["mass_g"]
        assert isinstance(mass_g, float)
        self.told.setdefault(outgoing.device, []).append(mass_g)
        return 1

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for it."""
        async with asyncio.timeout(WAIT_S):
            while not is_so():  # noqa: ASYNC110 - what a person would watch has no event
                await asyncio.sleep(0.01)


def weights(house: House, name: str) -> int:
    """Return how many weights a scale told."""
    return len(house.told.get(name, ()))


async def test_a_change_of_one_device_costs_the_others_no_reading(tmp_path: Path) -> None:
    """Adding a scale must not restart the dock: each weight of the others comes once, in order."""
    house = House(tmp_path)
    house.write(device("a"), device("b"))
    async with (
        CountingScale(tmp_path / "dev" / "a"),
        CountingScale(tmp_path / "dev" / "b"),
        CountingScale(tmp_path / "dev" / "c"),
        house,
    ):
        await house.until(lambda: weights(house, "a") >= 3 and weights(house, "b") >= 3)
        kept, changed = house.fleet._places["a"].runner, house.fleet._places["b"].runner
        house.write(device("a"), device("b", poll_s=0.03), device("c"))
        await house.reload.look()
        assert house.reload.report.outcome == "applied"
        assert house.fleet._places["a"].runner is kept
        assert house.fleet._places["b"].runner is not changed
        assert house.started == {"b", "c"}
        for turn in range(10):
            house.write(device("a"), device("b", poll_s=0.03 + turn / 1000), device("c"))
            await house.reload.look()
        assert house.cut_count == 0
        seen = {name: weights(house, name) for name in "ab"}
        await house.until(
            lambda: all(weights(house, name) >= seen.get(name, 0) + 3 for name in "abc")
        )
    told = house.told["a"]
    assert told == [10.0 * (place + 1) for place in range(len(told))]
    told = house.told["b"]
    # The changed one too: between two events it is ended, not in the middle of one.
    assert told == sorted(set(told))


async def test_an_unchanged_file_changes_nothing(tmp_path: Path) -> None:
    """Pushing what is already there, or only words of comment, rebuilds nothing."""
    house = House(tmp_path)
    house.write(device("a"))
    async with CountingScale(tmp_path / "dev" / "a"), house:
        kept = house.fleet._places["a"]
        house.write(device("a"))
        await house.reload.look()
        assert house.reload.report.generation == 0
        house.write(device("a"), head="# a comment\n")
        await house.reload.look()
        assert house.fleet._places["a"] is kept
        assert house.reload.report.outcome == "applied"
        assert house.started == set()


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        (device("a").replace("poll_s", "pol_s"), "pol_s"),
        (device("a", poll_s=-1), "poll_s"),
        (device("a") + device("a"), "a"),
        ('[[devices]\nid = "a"', ""),
    ],
    ids=["unknown key", "out of range", "id twice", "no TOML"],
)
async def test_a_bad_file_is_told_and_what_ran_goes_on(
    tmp_path: Path, entry: str, key: str
) -> None:
    """A typo at a running dock stops nothing; mending it is applied, the old words again too."""
    house = House(tmp_path)
    house.write(device("a"))
    async with CountingScale(tmp_path / "dev" / "a"), house:
        kept = house.fleet._places["a"]
        house.write(entry)
        await house.reload.look()
        refused = house.reload.report
        assert refused.outcome == "refused"
        assert refused.errors
        assert key in refused.errors[0]
        assert house.fleet._places["a"] is kept
        house.write(device("a"))
        await house.reload.look()
        mended = house.reload.report
        assert mended.outcome == "running"
        seen = weights(house, "a")
        await house.until(lambda: weights(house, "a") > seen)


@pytest.mark.parametrize("what", ["nested", "pipe", "folder", "gone", "keys"])
async def test_what_is_no_file_of_settings_is_refused_and_the_next_file_is_taken(
    tmp_path: Path, what: str
) -> None:
    """A pipe in its place stopped the watching for good; brackets ended the whole edge."""
    house = House(tmp_path)
    house.write(device("a"))
    path = tmp_path / "edge-dock-1.toml"
    async with CountingScale(tmp_path / "dev" / "a"), house:
        kept = house.fleet._places["a"]
        path.unlink()
        match what:
            case "nested":
                path.write_text("a=" + "[" * 50_000, encoding="ascii")
            case "pipe":
                os.mkfifo(path)
            case "folder":
                path.mkdir()
            case "keys":
                path.write_text(".".join("a" * 50_000) + "=1", encoding="ascii")
        async with asyncio.timeout(WAIT_S):
            await house.reload.look()
        refused = house.reload.report
        assert (refused.outcome, len(refused.errors)) == ("refused", 1)
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        house.write(device("a", poll_s=0.03))
        await house.reload.look()
        mended = house.reload.report
        assert mended.outcome == "applied"
        assert house.fleet._places["a"] is not kept


async def test_a_device_under_a_lease_is_changed_after_it(tmp_path: Path) -> None:
    """A gate that stands open is not left alone by an edit of the file."""
    house = House(tmp_path)
    house.write(device("a"))
    leased = {"a"}
    house.fleet.is_leased = lambda name: name in leased
    async with CountingScale(tmp_path / "dev" / "a"), house:
        kept = house.fleet._places["a"]
        house.write(device("a", poll_s=0.03))
        look = asyncio.create_task(house.reload.look())
        await house.until(lambda: weights(house, "a") >= 5)
        assert house.fleet._places["a"] is kept
        leased.clear()
        await look
        assert house.fleet._places["a"] is not kept


async def test_a_removed_device_is_gone_from_what_the_edge_tells(tmp_path: Path) -> None:
    """Its retained birth is emptied because the list of drivers no longer holds it."""
    house = House(tmp_path)
    house.write(device("a"), device("b"))
    drivers = house.fleet.drivers
    async with CountingScale(tmp_path / "dev" / "a"), CountingScale(tmp_path / "dev" / "b"), house:
        house.write(device("b"))
        await house.reload.look()
        assert set(drivers) == {"b"}
        assert house.fleet.drivers is drivers
