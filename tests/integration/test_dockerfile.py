"""The Dockerfile's steps, run as a script: no container engine is needed to see that they work."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSIDE = "/srv/entrepot"
STEP_S_MAX = 600


def steps() -> list[tuple[str, str]]:
    """Return (instruction, arguments) of each line."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in pairs]


@pytest.mark.slow
def test_the_steps_make_an_image_whose_command_runs(tmp_path: Path) -> None:
    """Copies go to a folder that stands for the image; users and volumes are the engine's."""
    image = tmp_path / "image"
    entry: list[str] = []
    for word, rest in steps():
        if word == "WORKDIR":
            assert rest == INSIDE
            image.mkdir()
        elif word == "COPY":
            *sources, target = rest.split()
            for source in sources:
                goal = image / target / source if target.endswith(("/", ".")) else image / target
                goal.parent.mkdir(parents=True, exist_ok=True)
                subprocess.run(["cp", "-r", str(ROOT / source), str(goal)], check=True)
        elif word == "RUN" and not rest.startswith("useradd"):
            path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
            done = subprocess.run(
                ["bash", "-ec", rest],
                cwd=image,
                env=os.environ | {"PATH": path},
                capture_output=True,
                text=True,
                timeout=STEP_S_MAX,
                check=False,
            )
            assert done.returncode == 0, f"{rest}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        elif word == "ENTRYPOINT":
            entry = [one.replace(INSIDE, str(image)) for one in shlex.split(rest.strip("[]"))]
    asked = subprocess.run(
        [*entry, "check", str(image / "config" / "sites" / "compose")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr
