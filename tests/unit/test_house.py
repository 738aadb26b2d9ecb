"""The house stays readable: short files, short functions, folders that fit on a screen."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "gitops_mlops"
FILES = sorted(PACKAGE.rglob("*.py"))
FILE_LINES = 300
FUNCTION_LINES = 50
ENTRIES = 20

# Folders with more entries, and why splitting one would cost a newcomer more than it gives.
WIDE = {
    "domain": "one folder for each capability, beside the kernel that all of them import",
    "domain/comparison": "candidates, rows, gates, slices and leakage read each other; no subset stands alone",
    "domain/contracts": "one file for each thing that a contract does with a table",
    "domain/registry": "tags, their timeline and the rules over it, one file each",
    "domain/statistics": "one file for each formula: a metric's author reads the neighbours",
    "cli": "one folder for each capability, beside what every command shares",
}


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function of a file, and its lines from `def` on: a command's decorators are a list of its options."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def entries(folder: Path) -> int:
    """How many files and folders a reader sees; `__init__.py` is one of them."""
    return sum(path.suffix == ".py" or (path / "__init__.py").is_file() for path in folder.iterdir())


def test_no_file_is_long() -> None:
    lengths = {str(path.relative_to(PACKAGE)): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


@pytest.mark.slow
def test_no_function_is_long() -> None:
    lengths = {f"{path.relative_to(PACKAGE)}::{name}": n for path in FILES for name, n in functions(path)}
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}


def test_a_wide_folder_has_a_reason() -> None:
    found = {folder.relative_to(PACKAGE).as_posix(): entries(folder) for folder in {path.parent for path in FILES}}
    assert {name: many for name, many in found.items() if many > ENTRIES and name not in WIDE} == {}
    # A reason may outlast the last of its entries by a little.
    assert {name for name in WIDE if found[name] < ENTRIES - 2} == set()
