"""`entrepot decode`: bytes of a device on stdin, readings and faults on stdout."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from edge.catalogue.families import FAMILIES
from edge.readings import RoundEnd, TagRead
from entrepot.cli import main
from entrepot.decode import codec_of, told
from tests.entrepot.test_cli import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FRAME = bytes.fromhex("022B30202031323334352020202020300D07")
"""1234.5 kg gross, stable, with its checksum."""


def decoded(
    data: bytes, *words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, list[str]]:
    """Run the command on `data`; return its exit code and the lines that it printed."""
    path, out = tmp_path / "in", tmp_path / "out"
    path.write_bytes(data)
    with path.open() as stdin, out.open("w") as stdout:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(sys, "stdout", stdout)
        code = main(["decode", *words])
    return code, out.read_text().splitlines()


def test_readings_and_faults_stand_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A technician reads a capture from top to bottom; a script looks at the exit code."""
    args = ("--family", "mt_continuous")
    code, lines = decoded(
        FRAME + b"noise" + FRAME, *args, tmp_path=tmp_path, monkeypatch=monkeypatch
    )
    first, fault, last = (json.loads(line) for line in lines)
    assert code == 1
    assert fault == {"error": "noise between frames", "frame_hex": b"noise".hex().upper()}
    assert first == last
    assert (first["mass_g"], first["text"], first["kind"]) == (1234500, "1234.5 kg", "gross")
    assert (first["is_stable"], first["range"], first["quality"]) == (True, "ok", "good")
    assert bytes.fromhex(first["frame_hex"]) == FRAME
    code, lines = decoded(FRAME, *args, tmp_path=tmp_path, monkeypatch=monkeypatch)
    assert (code, len(lines)) == (0, 1)


@pytest.mark.parametrize("head", ["", '[[devices]]\nfamily = "mt_continuous"\n'])
def test_settings_are_keys_or_a_devices_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    """A line of the site's own file must do, and so must one key."""
    settings = tmp_path / "device.toml"
    settings.write_text(f"{head}checksum = false\n")
    args = ("--family", "mt_continuous", "--settings", str(settings))
    code, lines = decoded(FRAME[:-1], *args, tmp_path=tmp_path, monkeypatch=monkeypatch)
    assert (code, len(lines)) == (0, 1)


@pytest.mark.parametrize(
    ("family", "settings", "words"),
    [
        ("nix", None, ["no family 'nix'", "mt_continuous, mt_sics"]),
        ("plate_camera", None, ["plate_camera speaks no bytes"]),
        ("mt_continuous", "cheksum = true", ["cheksum: no such key", "checksum?"]),
        ("mt_continuous", 'checksum = "yes"', ["checksum", "true or false"]),
        ("mt_continuous", 'family = "mt_sics"', ["family: 'mt_sics'", "--family mt_sics"]),
        ("mt_continuous", "devices = []", ["devices: is not one entry"]),
        ("mt_continuous", "=", ["is no TOML"]),
    ],
)
def test_what_cannot_be_decoded_is_refused_in_one_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    family: str,
    settings: str | None,
    words: list[str],
) -> None:
    """Before a byte is read: with exit code 2, field and remedy."""
    args = ["decode", "--family", family]
    if settings is not None:
        (tmp_path / "device.toml").write_text(settings)
        args += ["--settings", str(tmp_path / "device.toml")]
    assert main(args) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert all(word in said.err for word in words), said.err


def test_a_live_stream_is_told_as_it_comes() -> None:
    """`nc SCALE 4001 | entrepot decode` is how a cable is tried out: nothing may be held back."""
    words = [sys.executable, "-m", "entrepot", "decode", "--family", "mt_continuous"]
    with subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for _ in range(2):
            running.stdin.write(FRAME)
            running.stdin.flush()
            assert json.loads(running.stdout.readline())["mass_g"] == 1234500
        running.stdin.close()
        assert running.wait(timeout=60) == 0


def test_tags_are_told_in_the_contracts_words() -> None:
    """The words of the wire: what isn't known is absent, never null or 0."""
    read = TagRead(epc=bytes.fromhex("3174257BF4499602D2000000"), rssi_dbm=-61, antenna=2)
    assert told(read) == {
        "epc_hex": "3174257BF4499602D2000000",
        "epc_uri": "urn:epc:id:sscc:0614141.1234567890",
        "quality": "good",
        "rssi_dbm": -61,
        "antenna": 2,
        "reads_count": 1,
    }
    strange = told(TagRead(epc=b"\x00" * 12, rssi_dbm=None, antenna=1))
    assert strange["quality"] == "uncertain"
    assert "epc_uri" not in strange
    assert "rssi_dbm" not in strange
    assert told(RoundEnd(status=1)) == {"round_status": 1}


@pytest.mark.parametrize(
    "family", sorted(name for name, one in FAMILIES.items() if hasattr(one, "codec"))
)
def test_every_family_with_a_codec_can_be_decoded(family: str) -> None:
    """Families to come too: without settings the sample's stand in."""
    assert codec_of(family).feed(b"") == []
