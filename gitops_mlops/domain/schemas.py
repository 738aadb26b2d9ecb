"""The published JSON Schemas of the files that people and jobs exchange."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.names import suggest

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAMES = ("mlops", "contract", "report", "review", "ledger", "repro")


def json_schema(name: str) -> dict[str, Any]:
    """The schema of `mlops.yaml`, a contract, `report.json`, … (see `NAMES`). Raises UsageError for another."""
    model = _model(name)
    schema: dict[str, Any] = _tidy(model.model_json_schema(by_alias=True))
    return {"$schema": _DIALECT, "$id": f"urn:gitops-mlops:schema:{name}:1", **schema}


def schema_text(name: str) -> str:
    """The schema as it is kept in docs/schemas."""
    return json.dumps(json_schema(name), indent=2, ensure_ascii=False) + "\n"


def _model(name: str) -> type[BaseModel]:
    if name == "mlops":
        from gitops_mlops.domain.config.root import Config

        return Config
    if name == "contract":
        from gitops_mlops.domain.contracts.contract import Contract

        return Contract
    if name == "report":
        from gitops_mlops.domain.comparison.report import Report

        return Report
    if name == "review":
        from gitops_mlops.domain.review.review import PullRequestReport

        return PullRequestReport
    if name == "ledger":
        from gitops_mlops.domain.lineage.ledger_facet import LedgerFacet

        return LedgerFacet
    if name == "repro":
        from gitops_mlops.domain.pipeline.run import PipelineRunReport

        return PipelineRunReport
    raise UsageError(f"there is no schema {name!r}", hint=suggest(name, NAMES))


def _tidy(schema: Any, *, named: bool = False) -> Any:
    """Without what only repeats a key (`title`), and with names that break their pattern refused."""
    if isinstance(schema, list):
        return [_tidy(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    # Below `properties` and `$defs` a key is a name that somebody chose, `title` too.
    tidied = {
        key: _tidy(value, named=key in ("properties", "$defs", "patternProperties"))
        for key, value in schema.items()
        if named or key not in ("title", "x-expected")
    }
    if "patternProperties" in tidied and not named:
        tidied.setdefault("additionalProperties", False)
    return tidied
