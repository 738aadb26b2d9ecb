from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.schemas import NAMES, json_schema, schema_text

KEPT = Path(__file__).parents[2] / "docs" / "schemas"


@pytest.mark.parametrize("name", NAMES)
def test_the_kept_schema_is_current(name: str) -> None:
    assert (KEPT / f"{name}.json").read_text("utf-8") == schema_text(name), (
        f"run: gitops-mlops schema {name} > docs/schemas/{name}.json"
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(name))


def test_every_kept_schema_is_ours() -> None:
    assert {path.stem for path in KEPT.glob("*.json")} == set(NAMES)


def test_another_name_is_refused() -> None:
    with pytest.raises(UsageError, match="perhaps you meant 'mlops'"):
        json_schema("mlop")
