"""One daemon a folder, and one site a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from entrepot.identity import claim
from entrepot.locks import locked
from entrepot.options import DEFAULT_SITE
from entrepot.processes import StartRefused
from tests.entrepot.sites import spoilt
from tests.entrepot.test_cli import entrepot

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = "mqtt://127.0.0.1:1"


@pytest.mark.parametrize(
    ("words", "folder", "what"),
    [(("edge", "dock-1"), "edge/dock-1", "edge dock-1"), (("gateway",), "gateway", "gateway")],
)
def test_a_second_daemon_on_one_folder_is_refused_with_the_first_ones_pid(
    tmp_path: Path, words: tuple[str, ...], folder: str, what: str
) -> None:
    """Two writers fork one chain: a breach of custody made by a typing error."""
    with locked(tmp_path / folder / "lock", "taken"):
        run = entrepot(*words, "--data", str(tmp_path), "--mqtt", NOBODY)
    assert run.returncode == 2
    assert run.stderr == (
        f"entrepot: another {what} runs on this folder (pid {os.getpid()}): stop it first\n"
    )


def test_a_lock_is_free_as_soon_as_its_holder_is_killed(tmp_path: Path) -> None:
    """After a power cut nobody should have to remove a file by hand."""
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom entrepot.locks import locked\n"
        "with locked(Path(sys.argv[1]), ''):\n print('held', flush=True)\n time.sleep(60)\n"
    )
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StartRefused, match=str(holder.pid)), locked(path, "pid {pid}"):
            pass
        holder.kill()
        holder.wait()
        with locked(path, "taken"):
            assert path.read_text(encoding="ascii").strip() == str(os.getpid())


def test_a_folder_of_another_site_is_refused_with_both_names(tmp_path: Path) -> None:
    """One house's cartons in another house's bonded book can't be taken out again."""
    data = tmp_path / "data"
    data.mkdir()
    claim(data, DEFAULT_SITE)
    claim(data, DEFAULT_SITE)
    other = spoilt(tmp_path, "site.toml", ('"zhengzhou-1"', '"zhengzhou-2"'))
    run = entrepot("up", "--data", str(data), "--site", str(other), "--http", "0")
    assert run.returncode == 2
    assert "zhengzhou-1" in run.stderr
    assert "zhengzhou-2" in run.stderr
    assert run.stderr.count("\n") == 1
