"""A fixture has one home: its name means the same in every test that asks for it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
# Nearly every test has one of these; a fixture's name says which.
VAGUE = {"made", "project", "template"}


def fixtures() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Where each fixture is defined, and its function."""
    for path in sorted(TESTS.rglob("*.py")):
        text = path.read_text("utf-8")
        if "pytest.fixture" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and any(map(_makes_a_fixture, node.decorator_list)):
                yield path.relative_to(TESTS).as_posix(), node


def _makes_a_fixture(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).startswith("pytest.fixture")


def test_a_name_is_defined_once() -> None:
    homes = defaultdict(list)
    for path, node in fixtures():
        homes[node.name].append(path)
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}
    assert homes.keys() & VAGUE == set()


def test_what_two_files_make_alike_is_made_in_a_conftest() -> None:
    homes = defaultdict(list)
    for path, node in fixtures():
        body = node.body[1:] if ast.get_docstring(node) else node.body
        if len(body) > 1:
            homes[ast.unparse(node.args), "\n".join(map(ast.unparse, body))].append(f"{path}::{node.name}")
    assert [names for names in homes.values() if len(names) > 1] == []
