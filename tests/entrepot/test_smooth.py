"""`entrepot smooth`: recorded reads in, events out, bad lines told and passed over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from entrepot.processes import StartRefused
from entrepot.smooth import point_of, smooth
from runtime.settings import SettingsRefused

if TYPE_CHECKING:
    from pathlib import Path

SGTIN = "3074257BF7194E4000001A85"


def run(lines: list[object], settings: Path | None = None) -> list[dict[str, Any]]:
    """Smooth JSON lines; text is a line as it stands."""
    told = [one if isinstance(one, str) else json.dumps(one) for one in lines]
    return list(smooth(point_of(settings), [line.encode() for line in told]))


def at(second: float, antenna: object = 1, **more: object) -> dict[str, object]:
    """Return a read at 2026-11-30 12:00:00 UTC and some seconds."""
    text = f"2026-11-30T12:00:{second:06.3f}+00:00"
    return {"time": text, "antenna": antenna, "epc_hex": SGTIN, "rssi_dbm": -60, **more}


def test_a_tag_comes_and_goes(tmp_path: Path) -> None:
    """The words are the wire's own."""
    told = run([at(step / 4) for step in range(20)])
    assert [one["what"] for one in told] == ["arrived", "departed"]
    assert told[0]["epc_uri"] == "urn:epc:id:sgtin:0614141.812345.6789"
    assert told[1]["reads_count"] == 20
    assert told[1]["last_t_ns"] - told[1]["first_t_ns"] == 4_750_000_000


def test_a_portal_tells_the_direction(tmp_path: Path) -> None:
    """Inner antenna and eye first: out."""
    file = tmp_path / "reader.toml"
    file.write_text(
        '[[devices]]\nid = "uhf-2"\nfamily = "uhf_reader288"\nport = "dev/uhf-2"\n'
        'read_point = "dock-2"\n[devices.portal]\ninner_antenna = 1\nouter_antenna = 2\n'
        'eyes_device = "plc-2"\ninner_eye = "eye-inner"\nouter_eye = "eye-outer"\n',
        encoding="utf-8",
    )
    lines: list[object] = [at(step / 10) for step in range(20)]
    lines += [{"time": "2026-11-30T12:00:01.950Z", "input": "eye-inner", "is_on": True}]
    lines += [at(2 + step / 10, antenna=2) for step in range(20)]
    told = run(lines, file)
    assert [(one["what"], one["direction"]) for one in told] == [
        ("arrived", "unknown"), ("passed", "out"),
    ]  # fmt: skip
    assert told[1]["read_point"] == "dock-2"


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("{", "no JSON"),
        ("[1]", "no object"),
        ({"time": "noon", "epc_hex": "30"}, "time: 'noon'"),
        ({"time": "2026-11-30T12:00:00", "epc_hex": "30"}, "zone"),
        ({"epc_hex": "30"}, "time: None"),
        (at(1, epc_hex="3Z"), "epc_hex: '3Z'"),
        (at(1, epc_hex=""), "epc_hex"),
        (at(1, antenna="1"), "antenna"),
        (at(1, rssi_dbm="loud"), "rssi_dbm: 'loud'"),
        (at(1, rssi_dbm=1e9), "rssi_dbm"),
        ('{"time": 1e400, "epc_hex": "30"}', "time"),
        ('{"time": NaN, "epc_hex": "30"}', "time"),
        ({"time": 1e30, "epc_hex": "30"}, "time"),
    ],
)
def test_a_bad_line_is_told_and_the_next_ones_count(line: object, names: str) -> None:
    """A recording is never perfect: its bad lines are named, the rest is worked through."""
    told = run([at(1), line, at(1.25), at(1.5)])
    assert names in told[0]["error"] or names in told[1]["error"]
    assert any("line 2:" in one.get("error", "") for one in told)
    assert [one["what"] for one in told if "what" in one] == ["arrived", "departed"]


def test_time_that_goes_back_is_told() -> None:
    """Reads of two recordings in one file would make false silences."""
    told = run([at(5), at(1), at(5.2)])
    assert "4.000 s before" in told[0]["error"]


def test_a_long_pause_costs_nothing() -> None:
    """A recording of a year is not walked through in tenths of a second."""
    told = run([at(1), at(1.1), {**at(0), "time": 1.9e9}, {**at(0), "time": 1.9e9 + 0.1}])
    assert [one["what"] for one in told] == ["arrived", "departed"] * 2


def test_settings_are_checked(tmp_path: Path) -> None:
    """A typo must not smooth with something else."""
    file = tmp_path / "reader.toml"
    file.write_text("depart = 3\n", encoding="utf-8")
    with pytest.raises(SettingsRefused, match="depart"):
        point_of(file)
    file.write_text('[[devices]]\nid = "s"\nfamily = "mt_sics"\n', encoding="utf-8")
    with pytest.raises(StartRefused, match="0 readers"):
        point_of(file)
