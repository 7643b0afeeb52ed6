"""`entrepot check`: what a technician may have written, and what he is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from entrepot.check import check
from tests.entrepot.sites import spoilt

if TYPE_CHECKING:
    from pathlib import Path

EDGE_1, EDGE_2 = "edge-dock-1.toml", "edge-dock-2.toml"


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "told"),
    [
        ("site.toml", "Asia/Shanghai", "Asia/Shangai", "timezone", "mean Asia/Shanghai?"),
        ("site.toml", "127.0.0.1:8080", "127.0.0.1:65536", "http.listen", "0 to 65535"),
        ("site.toml", "300000000", "300000000.0", "ledger.guarantee_ceiling", "300000000."),
        ("site.toml", 'book = "T', 'bok = "T', "ledger.bok", "mean book?"),
        ("site.toml", '"2019-01-01"', '"2019-02-30"', "rules.order_amount_max.from", "no day"),
        ("site.toml", '"2019-01-01"', '"2999-01-01"', "rules.order_amount_max", "today is"),
        ("site.toml", '"gate_weight', '"gate_wait', "rules.gate_wait_tolerance_g", "gate_weight"),
        ("site.toml", 'zone = "cool"', 'zone = "cold"', "racks.c.zone", "mean cool?"),
        ("site.toml", 'gate = "plc-2"', 'gate = "uhf-2"', "docks.dock-2.gate", "no dock_plc"),
        ("site.toml", 'edge = "dock-2"', 'edge = "dock-3"', "docks.dock-2.edge", "no edge"),
        (EDGE_1, "127.0.0.1:0", "banana", "http", "HOST:PORT"),
        (EDGE_1, "unit = 2\n", 'unit = "2"\n', "devices.th-12.unit", "without quotes"),
        (EDGE_1, "poll_s = 0.2", "pol_s = 0.2", "devices.scale-1.pol_s", "mean poll_s?"),
        (EDGE_1, 'bus = "bus-1"\n', "", "devices.th-11.bus", "is missing. Add it."),
        (EDGE_1, '"scd30"', '"scd31"', "devices.co2-1.family", "mean scd30?"),
        (EDGE_1, '"dev/dock-1-plc"', '"10.0.0.256:502"', "devices.plc-1.address", "IP address"),
        (EDGE_1, '"dev/dock-1-plc"', '"10.0.0.2:0"', "devices.plc-1.address", "1 to 65535"),
        (EDGE_1, '"dev/dock-1-uhf"', '"COM3"', "devices.uhf-1.port", "tcp://HOST:PORT"),
        (EDGE_1, '"dev/dock-1-uhf"', '"dev/../x"', "devices.uhf-1.port", "tcp://HOST:PORT"),
        (EDGE_1, '"dev/dock-1-uhf"', '"tcp://moxa"', "devices.uhf-1.port", "HOST:PORT"),
        (EDGE_1, "depart_s = 1.5", "depart_s = 0.5", "devices.uhf-1.depart_s", "arrive_s"),
        (EDGE_1, "arrive_reads = 2", "arrive_reads = 65", "devices.uhf-1.arrive_reads", "64"),
        (EDGE_1, '"dev/dock-1-bus"', '"dev/./dock-1-uhf"', "devices.uhf-1.port", "buses.bus-1"),
        (EDGE_1, "eye-outer = 1", "eye-outr = 1", "devices.plc-1.inputs.eye-outr", "eye-outer?"),
        (EDGE_1, "eye-outer = 1", "eye-outer = 0", "devices.plc-1.inputs.eye-outer", "eye-inner"),
        (EDGE_1, "light-red = 1", "light-red = 0", "devices.plc-1.coils.light-red", "'gate'"),
        (EDGE_1, 'point = "dock-1"', 'point = "dock-9"', "devices.uhf-1.read_point", "no dock"),
        (EDGE_2, '"dev/dock-2-uhf"', '"dev/dock-1-uhf"', "devices.uhf-2.port", EDGE_1),
        (EDGE_2, 'id = "cam-2"', 'id = "cam-1"', "devices.cam-1", EDGE_1),
        (EDGE_2, '"plc-2", inner', '"plc-3", inner', "devices.uhf-2.portal.eyes_device", "plc-2?"),
        ("hall.toml", "seed = 1", "sed = 1", "sed", "mean seed?"),
        ("hall.toml", "127.0.0.1:0", "127.0.0.1", "http", "HOST:PORT"),
    ],
)
def test_a_fault_is_told_with_its_file_key_and_remedy(
    tmp_path: Path, file: str, old: str, new: str, key: str, told: str
) -> None:
    """The key is the file's own: list items by their id, and no level that is not written there."""
    faults = check(spoilt(tmp_path, file, (old, new)))
    named = {(one.file.rpartition("/")[2], one.key) for one in faults}
    assert (file, key) in named, faults
    fault = next(one for one in faults if one.key == key)
    assert told in str(fault), fault
    assert all(one.remedy for one in faults)


def test_a_broken_edge_file_is_not_also_called_missing(tmp_path: Path) -> None:
    """Two messages for one typing error send a technician to the wrong file."""
    site = spoilt(tmp_path, EDGE_1, ("poll_s = 0.2", "poll_s = 0.2.2"))
    (fault,) = check(site)
    assert "is no TOML" in fault.message
    assert fault.file.endswith(EDGE_1)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"\xef\xbb\xbfedge = 1\n", "byte order mark"),
        (b'edge = "\xe9"\n', "is not UTF-8"),
        (None, "is a folder"),
    ],
)
def test_a_file_that_is_no_text_has_its_own_remedy(
    tmp_path: Path, body: bytes | None, told: str
) -> None:
    """An editor's BOM is no fault of the settings."""
    site = spoilt(tmp_path, "site.toml")
    path = site / EDGE_1
    path.unlink()
    if body is None:
        path.mkdir()
    else:
        path.write_bytes(body)
    (fault,) = check(site)
    assert told in fault.message
    assert fault.key == ""
