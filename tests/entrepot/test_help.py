"""Each command's help has the options that apply to it, and no others."""

from __future__ import annotations

import re

import pytest

from tests.entrepot.test_cli import entrepot

OPTIONS = {
    "edge": {"--site", "--data", "--mqtt", "--ledger"},
    "gateway": {
        *("--site", "--data", "--mqtt", "--ledger", "--http", "--influx", "--database"),
        *("--name", "--shared"),
    },
    "hall": {"--site", "--data", "--mqtt", "--speed"},
    "verify": {"--data", "--database"},
    "watch": {"--data", "--mqtt"},
    "check": {"--data"},
}


@pytest.mark.parametrize("command", OPTIONS)
def test_help_names_what_applies_and_explains_each(command: str) -> None:
    """`entrepot edge --speed` did nothing and was offered."""
    run = entrepot(command, "--help")
    assert run.returncode == 0
    told = set(re.findall(r"--[a-z]+", run.stdout)) - {"--help"}
    assert told == OPTIONS[command]
    lines = run.stdout.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"  (--)?[A-Za-z]", line):  # A row's words stand behind it or below it.
            words = re.sub(r"^  \S+( [A-Z]+)?", "", line).strip()
            assert words or lines[number + 1].startswith("      "), line
    assert "an embedded one" not in run.stdout
