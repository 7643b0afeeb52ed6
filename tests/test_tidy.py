"""House rules that no linter knows: file sizes, debug mode, what the text may name."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINES_MAX = 400
OLD_OFFENDERS: dict[str, int] = {
    # One vehicle: what it says, what it is told, what it does.
    "firmware_sims/vehicle.py": 420,
}
"""Files above the limit by name; each may only shrink."""


def tracked(pattern: str) -> list[Path]:
    """Return the files that git knows, or those below the root outside of a checkout."""
    asked = subprocess.run(
        ["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return [ROOT / name for name in asked.stdout.splitlines() if (ROOT / name).exists()]


def test_no_file_grows_past_its_limit() -> None:
    """A file has one subject; a long one wants a split."""
    for path in tracked("*.py"):
        name = path.relative_to(ROOT).as_posix()
        count = len(path.read_text(encoding="utf-8").splitlines())
        assert count <= OLD_OFFENDERS.get(name, LINES_MAX), f"{name} has {count} lines"


def test_assertions_are_on() -> None:
    """They are the code's contracts: never run with -O."""
    assert __debug__


def test_requirements_name_no_index() -> None:
    """The lock must work against any index."""
    for path in (ROOT / "requirements").glob("*.txt"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert "://" not in line, f"{path.name}: {line}"
            assert not line.startswith(("--index", "--find", "--extra-index")), line
