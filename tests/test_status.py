"""docs/status.toml says the truth as far as a test can tell."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROWS = tomllib.loads((ROOT / "docs" / "status.toml").read_text(encoding="utf-8"))["capability"]


def test_every_row_is_done_todo_or_exempt_with_a_reason() -> None:
    """A reader must be able to trust each word."""
    ids = [row["id"] for row in ROWS]
    assert len(ids) == len(set(ids))
    for row in ROWS:
        assert row["status"] in {"done", "todo", "exempt"}, row
        if row["status"] == "exempt":
            assert row["reason"], row


def test_every_done_row_names_a_test_that_exists() -> None:
    """`done` without a test is a hope."""
    for row in ROWS:
        if row["status"] != "done":
            continue
        file, _, name = row["test"].partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        functions = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name in functions, f"{row['id']}: {row['test']} is not there"
