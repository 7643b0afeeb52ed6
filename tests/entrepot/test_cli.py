"""The command line as a person meets it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from entrepot.check import check
from entrepot.options import DEFAULT_SITE

ROOT = Path(__file__).resolve().parents[2]


def entrepot(*arguments: str, limit_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Run the command and return what it did."""
    return subprocess.run(
        [sys.executable, "-m", "entrepot", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=limit_s,
    )


def test_a_taken_port_gives_one_clear_sentence(tmp_path: Path) -> None:
    """The commonest first failure; a traceback would send the person away."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = entrepot("up", "--data", str(tmp_path / "data"), "--http", str(port))
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in run.stderr
    assert "--http" in run.stderr


def test_a_data_folder_that_is_no_folder_gives_one_clear_sentence(tmp_path: Path) -> None:
    """Read-only disks and typing errors end the same way: by name, with a remedy."""
    (tmp_path / "file").write_text("", encoding="ascii")
    run = entrepot("up", "--data", str(tmp_path / "file"), "--http", "1")
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert "--data" in run.stderr


def test_a_second_warehouse_on_the_same_data_is_refused(tmp_path: Path) -> None:
    """Two ledgers on one file would be the end of both."""
    from entrepot.preflight import locked  # noqa: PLC0415

    with locked(tmp_path / "data"):
        run = entrepot("up", "--data", str(tmp_path / "data"))
    assert run.returncode == 2
    assert "another entrepot runs" in run.stderr


def test_a_broken_site_file_is_told_whole(tmp_path: Path) -> None:
    """Every fault at once, each with its key and a remedy."""
    site = tmp_path / "site"
    shutil.copytree(DEFAULT_SITE, site)
    text = (site / "site.toml").read_text(encoding="utf-8")
    text = text.replace('enterprise = "demo"', 'enterprise = "Demo House"\nentreprise = 1')
    text = text.replace('id = "b"\nzone = "ambient"', 'id = "a"\nzone = "attic"')
    (site / "site.toml").write_text(text, encoding="utf-8")
    run = entrepot("up", "--site", str(site), "--data", str(tmp_path / "data"))
    assert run.returncode == 2
    assert "entreprise" in run.stderr
    assert "enterprise" in run.stderr
    (site / "site.toml").write_text(text.replace("entreprise = 1", ""), encoding="utf-8")
    keys = {fault.key for fault in check(site)}
    assert "enterprise" in keys


def test_check_finds_what_files_say_of_each_other(tmp_path: Path) -> None:
    """An unknown zone or a doubled id must stop a technician before the devices do."""
    site = tmp_path / "site"
    shutil.copytree(DEFAULT_SITE, site)
    path = site / "edge-dock-1.toml"
    text = path.read_text(encoding="utf-8").replace('zone = "cool"', 'zone = "attic"', 1)
    path.write_text(text, encoding="utf-8")
    faults = check(site)
    assert any("attic" in fault.message for fault in faults), faults
    assert all(fault.remedy for fault in faults)


def test_check_refuses_a_bus_plan_that_no_line_can_keep(tmp_path: Path) -> None:
    """Six units twenty times a second want more time than a second has."""
    site = tmp_path / "site"
    shutil.copytree(DEFAULT_SITE, site)
    path = site / "edge-dock-1.toml"
    text = path.read_text(encoding="utf-8").replace("poll_s = 0.5", "poll_s = 0.05")
    path.write_text(text, encoding="utf-8")
    assert [fault.key for fault in check(site)] == ["buses.bus-1"]


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--http", "99999", "is no port"),
        ("--http", "127.0.0.1:²", "is no port"),
        ("--summary", "nowhere/s.json", "its folder is not there"),
        ("--database", "nonsense://x", "--database is no address"),
        ("--mqtt", "http://x", "mqtt://HOST:PORT"),
        ("--influx", "nonsense", "--influx"),
        ("--speed", "nan", "--speed"),
        ("--for", "0", "--for"),
    ],
)
def test_a_wrong_option_gives_one_clear_sentence(
    tmp_path: Path, option: str, value: str, told: str
) -> None:
    """Before anything starts for long, and never with a traceback."""
    run = entrepot("up", "--data", str(tmp_path / "data"), "--http", "0", option, value)
    assert run.returncode == 2
    assert told in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr


def test_check_refuses_doubled_devices(tmp_path: Path) -> None:
    """Two devices of one name would write one story."""
    site = tmp_path / "site"
    shutil.copytree(DEFAULT_SITE, site)
    path = site / "edge-dock-1.toml"
    text = path.read_text(encoding="utf-8").replace('id = "th-12"', 'id = "th-11"')
    path.write_text(text, encoding="utf-8")
    assert any("th-11" in fault.message + fault.key for fault in check(site))


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("3074257BF7194E4000001A85", "urn:epc:id:sgtin:0614141.812345.6789"),
        ("3174257BF4499602D2000000", "urn:epc:id:sscc:0614141.1234567890"),
    ],
)
def test_epc_prints_one_json_line_each(text: str, uri: str) -> None:
    """The examples that the standard prints."""
    run = entrepot("epc", text, "E200")
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert lines[0]["uri"] == uri
    assert lines[0]["error"] is None
    assert lines[1]["uri"] is None
    assert lines[1]["error"]
    assert {"hex", "scheme", "uri", "filter", "error"} <= set(lines[0])


def test_epc_tells_every_form_and_takes_each_back() -> None:
    """Who writes tags has a link or an element string from the label's printer."""
    forms = json.loads(entrepot("epc", "--json", "3074257BF7194E4000001A85").stdout)
    assert forms["digital_link"] == "https://id.gs1.org/01/80614141123458/21/6789"
    for name in ("uri", "tag_uri", "digital_link", "element_string"):
        run = entrepot("epc", "--filter", "3", "--company-digits", "7", forms[name])
        assert json.loads(run.stdout) == forms
    shown = entrepot("epc", "--text", "(00)106141412345678908")
    assert "F90106141412345678908000" in shown.stdout
    assert entrepot("epc", "(00)106141412345678909").returncode == 1
