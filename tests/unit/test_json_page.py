"""docs/json.md explains every key that our files have, and none that they do not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gitops_mlops.domain.deployment.bundle import Bundle
from gitops_mlops.domain.schemas import json_schema

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8")
HEADINGS = {
    "report": "`report.json`",
    "review": "`review.json`",
    "repro": "`.gitops-mlops/repro.json`",
    "ledger": "The facet `gitops_mlops` of the ledger's events",
    "bundle": "`bundle.json`",
}
# Files inside files have a section as files.
INSIDE = {"Report": "report", "PipelineRunReport": "repro"}


def explained(heading: str) -> dict[str, str]:
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.M))


def schema(kind: str) -> dict[str, Any]:
    return Bundle.model_json_schema(by_alias=True) if kind == "bundle" else json_schema(kind)


@pytest.mark.parametrize("kind", HEADINGS)
def test_every_key_of_a_file_is_explained(kind: str) -> None:
    whole = schema(kind)
    objects = {HEADINGS[kind]: whole} | {
        HEADINGS[INSIDE[name]] if name in INSIDE else f"`{name}`": part
        for name, part in whole.get("$defs", {}).items()
        if "properties" in part
    }
    for heading, part in objects.items():
        assert list(explained(heading)) == list(part["properties"]), heading


def test_no_section_explains_what_is_nowhere() -> None:
    known = {name for kind in HEADINGS for name in schema(kind).get("$defs", {})}
    sections = re.findall(r"^## `(\w+)`$", PAGE, re.M)
    assert set(sections) <= known
    assert len(sections) == len(set(sections))
