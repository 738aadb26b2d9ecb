"""Every threat on the page names what tries it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text("utf-8")
TEST = re.compile(r"`((?:actions|integration|unit)/[\w/]+\.py)::(\w+)`")


def test_every_threat_has_tests_that_exist() -> None:
    rows = re.findall(r"(?m)^\| (\d+) \|.*", PAGE)
    numbers = [int(number) for number in rows]
    assert numbers == list(range(1, 27))
    for row in re.findall(r"(?m)^\| \d+ \|.*", PAGE):
        assert TEST.search(row.split(" | ")[-1]), row
    for path, name in TEST.findall(PAGE):
        assert re.search(rf"(?m)^def {name}\(", (ROOT / "tests" / path).read_text("utf-8")), f"{path}::{name}"
    assert len(TEST.findall(PAGE)) == PAGE.count(".py::")


def test_no_attack_is_left_out_of_the_page() -> None:
    for path in sorted((ROOT / "tests/actions").glob("test_attack*_*.py")):
        for name in re.findall(r"(?m)^def (test_\w+)\(", path.read_text("utf-8")):
            assert f"{name}`" in PAGE or name == "test_it_would_be_told", name
