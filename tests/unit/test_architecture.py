"""docs/architecture.md and CONTRIBUTING.md show the house that the import contracts hold."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
CONTRACTS: dict[str, dict[str, Any]] = {
    one["id"]: one
    for one in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
}
COLUMNS = ("domain", "usecases", "reports")
# What stands above every capability of the domain is told below the table.
ABOVE = {"domain": ["schemas | ports"]}


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_the_picture_has_the_layers_in_their_order() -> None:
    picture = PAGE.partition("```mermaid\n")[2].partition("```")[0]
    names = dict(re.findall(r'(\w+)\["([^"]+)"\]', picture))
    lines = [re.sub(r"\[.*?\]", "", line).split("-->") for line in picture.splitlines() if "-->" in line]
    arrows = [(left.strip(), right.strip()) for left, right in lines]
    assert all(before[1] == after[0] for before, after in pairwise(arrows))
    shown = [names.get(name, name) for name in [arrows[0][0], *(right for _, right in arrows)]]
    assert shown == CONTRACTS["house"]["layers"]


def test_every_layer_has_a_row_and_a_room() -> None:
    section = PAGE.partition("## Layers")[2].partition("\n## ")[0]
    layers = [name for layer in CONTRACTS["house"]["layers"] for name in words(layer)]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == layers
    inside = list((ROOT / "gitops_mlops").iterdir())
    there = {path.stem for path in inside if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert set(layers) == there - {"__init__"}


@pytest.mark.parametrize("layer", COLUMNS)
def test_the_table_has_the_capabilities_in_their_order(layer: str) -> None:
    table = PAGE.partition("## Capabilities")[2].partition("\n## ")[0]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines() if line.startswith("|")][2:]
    cells = [row[1 + COLUMNS.index(layer)].replace("\\|", "|").replace("`", "").strip() for row in rows]
    shown = [step.strip() for cell in cells if cell for step in cell.split("·")]
    assert [*ABOVE.get(layer, []), *shown] == CONTRACTS[layer]["layers"]
    for one in ABOVE.get(layer, []):
        assert all(f"`{name}`" in table for name in words(one))


def test_contributing_draws_the_same_layers() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    drawn = next(line for line in text.splitlines() if line.startswith("cli | serving →"))
    steps = [step.strip() for step in drawn.split("  ")[0].split("→")]
    assert steps == CONTRACTS["house"]["layers"][1:]


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_every_path_that_is_named_exists(page: str) -> None:
    """A path below a layer may be written without `gitops_mlops/`; a word in capitals or <…> stands for any."""
    text = (ROOT / page).read_text("utf-8")
    named = re.findall(r"`([\w.-]+(?:/[\w.*-]+)*/?)`", text)
    layers = {path.name for path in (ROOT / "gitops_mlops").iterdir() if path.is_dir()}
    places = (ROOT, ROOT / "gitops_mlops", ROOT / "gitops_mlops" / "domain")
    missing = [
        path
        for path in named
        if "/" in path.rstrip("/")
        and (path.split("/")[0] in layers or (ROOT / path.split("/")[0]).exists())
        and not re.search(r"\b[A-Z]{2,}\b", path)
        and not any((folder / path).exists() for folder in places)
    ]
    assert missing == []


def test_a_rule_is_in_the_file_that_the_table_names() -> None:
    """A name without a folder stands in the folder of the path before it."""
    table = PAGE.partition("## Where the rules are")[2].partition("\n## ")[0]
    for row in re.findall(r"^\| .*\? \|.*$", table, re.MULTILINE):
        folder = ROOT
        for path in re.findall(r"`([\w/]+\.py)`", row):
            folder = (ROOT / "gitops_mlops" / path).parent if "/" in path else folder
            assert (folder / Path(path).name).is_file(), f"{path} in {row}"


def test_the_glossary_is_one_sorted_row_a_term() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)[1:]
    terms = [term for term, _ in rows]
    assert terms == sorted(terms, key=str.lower)
    assert len(set(terms)) == len(terms) > 30
    assert [term for term, meaning in rows if not meaning.endswith(".") or len(meaning.split()) > 30] == []
