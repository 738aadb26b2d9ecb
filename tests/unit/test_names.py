"""Names in code and keys in files are the field's: what docs and messages retired does not come back as a name."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops_mlops.domain.schemas import NAMES, json_schema

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "gitops_mlops").rglob("*.py"))

# A name that ends in a participle says what was done, not what the thing is.
PARTICIPLE = re.compile(r"(?:[a-z]ed|[a-z]wn|Kept|Held|Told|Asked|Made|Found|Left|Gone|Seen|Begun|Back)\Z")
PARTICIPLES: dict[str, str] = {}  # Name: why nothing says it better.

RETIRED_NAMES = {
    "asked": "requested",
    "asked_metrics": "configured_metrics",
    "beside": "frozen_rows, long_term",
    "contender": "candidate",
    "contenders": "candidates",
    "contest": "score_candidates",
    "demand": "requirement",
    "demanded": "required",
    "entrant": "candidate",
    "held_back": "waiting",
    "honest": "check_data",
    "honesty": "data_checks",
    "judged_by": "gates_from",
    "lone": "single_feature_auc",
    "mend": "fix",
    "mended": "fixed",
    "near": "closest",
    "perhaps": "suggest",
    "revival": "reactivation",
    "stand_on": "checkout_detached",
    "standings": "ranking",
    "stone": "retirement record",
    "told_by": "run_summary",
    "told": "reported",
    "tombstone": "retirement record",
    "tombstone_data": "retirement_data",
    "untold": "unreported",
    "world": "ports",
}

RETIRED_KEYS = {
    "anchor": "long_term",
    "asked": "query",
    "came": "added",
    "demand": "requirement",
    "found": "finding",
    "frozen": "frozen_rows",
    "got": "observed_digest",
    "held": "passed",
    "honesty": "data_checks",
    "judged": "result",
    "mend": "fix",
    "seen": "observed",
    "told": "message",
    "trained": "training",
    "troubles": "problems",
    "wanted": "requirement",
    "went": "removed",
    "why": "reason",
}
# Of `mlops.yaml`, whose keys are a contract of their own.
KEYS_KEPT = {("mlops", "anchor")}


def classes() -> Iterator[tuple[str, Path]]:
    for path in SOURCES:
        yield from (
            (node.name, path) for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.ClassDef)
        )


def public_names(tree: ast.AST) -> Iterator[str]:
    """What others can call: functions, methods, classes, and the fields and constants of both."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.ClassDef | ast.Module):
            for one in node.body:
                targets = one.targets if isinstance(one, ast.Assign) else [getattr(one, "target", None)]
                yield from (target.id for target in targets if isinstance(target, ast.Name))


def properties(schema: dict[str, Any]) -> Iterator[str]:
    for part in (schema, *schema.get("$defs", {}).values()):
        yield from part.get("properties", {})


def test_no_public_class_name_is_used_twice() -> None:
    count = Counter(name for name, _ in classes() if not name.startswith("_"))
    assert [name for name, times in count.items() if times > 1] == []


def test_no_class_is_named_by_a_participle() -> None:
    found = {name: str(path.relative_to(ROOT)) for name, path in classes() if PARTICIPLE.search(name)}
    assert found.keys() == PARTICIPLES.keys(), found


def test_no_public_name_is_a_retired_one() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}": RETIRED_NAMES[name]
        for path in SOURCES
        for name in RETIRED_NAMES.keys() & {*public_names(ast.parse(path.read_bytes())), path.stem}
    }
    assert found == {}


def test_no_test_file_carries_a_retired_word() -> None:
    words = {*RETIRED_NAMES, "told", "asked", "judged", "held", "mended"}
    files = (ROOT / "tests").rglob("test_*.py")
    assert [path.name for path in files if words & set(path.stem.split("_")[1:])] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_key_of_a_schema_is_a_retired_one(name: str) -> None:
    found = {key for key in RETIRED_KEYS.keys() & set(properties(json_schema(name))) if (name, key) not in KEYS_KEPT}
    assert found == set()
