"""What a release made of each model: for terminals, as JSON, and as a page for the run."""

from __future__ import annotations

import json
from typing import Any

from gitops_mlops.domain.comparison.report import dump_report
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.registry.release import SCHEMA, ModelRelease, Release
from gitops_mlops.domain.shortening import first_texts
from gitops_mlops.reports.comparison.markdown import BUDGET, report_markdown
from gitops_mlops.reports.rendering.escape import code, prose, row
from gitops_mlops.reports.rendering.terminal import fit, printable, table

_NONE = "–"
# Sentences, not tables, say it whole.
_WIDTH = 100


def release_data(release: Release) -> dict[str, Any]:
    """The release as plain data, without its comparisons, which may be larger than a job's output."""
    return {
        "schema": SCHEMA,
        "commit": release.commit,
        "code": release.code,
        "out_of_date": [str(problem) for problem in release.out_of_date],
        "warnings": list(release.warnings),
        "gates_from": release.gates_from or None,
        "gate_edits": [{"model": edit.model, **edit.change.model_dump(mode="json")} for edit in release.edits],
        "models": [_model_data(model) for model in release.models],
    }


def _model_data(model: ModelRelease) -> dict[str, Any]:
    return {
        "model": model.model,
        "result": model.result.value,
        "version": model.version,
        "verdict": model.report.verdict if model.report else None,
        "reason": model.reason,
        "tags": list(model.change.tags) if model.change else [],
        "pushed": model.change.pushed if model.change else False,
        "code": model.code,
    }


def release_file(release: Release) -> bytes:
    """The release as JSON with every `report`, as `compare` would have written it."""
    data = release_data(release)
    for entry, model in zip(data["models"], release.models, strict=True):
        entry["report"] = json.loads(dump_report(model.report)) if model.report else None
    return json.dumps(data, indent=2).encode() + b"\n"


def release_text(release: Release) -> str:
    """A line for each model, or what keeps a release from being made."""
    if release.out_of_date:
        problems = [printable(f"  {problem}") for problem in release.out_of_date]
        return "\n".join(["nothing is released: dvc.lock does not record what this commit would produce", *problems])
    rows = [
        [model.model, model.result.value, model.version or _NONE, _verdict(model), fit(model.reason, _WIDTH)]
        for model in release.models
    ]
    told = [printable(line) for line in _gates(release)]
    return "\n".join([table(["MODEL", "RESULT", "VERSION", "VERDICT", "WHY"], rows), *told])


def _gates(release: Release) -> list[str]:
    """By whose gates the models were judged, where a reader might think of others."""
    if not release.gates_from:
        compared = any(model.report is not None for model in release.models)
        return ["No commit was judged before: this commit's own gates decided."] if compared else []
    edits = [
        f"{one.model}: {one.change.name}: {_shown(one.change.old)} → {_shown(one.change.new)}"
        for one in release.edits
    ]
    if not edits:
        return []
    judge = short_sha(release.gates_from)
    told = f"This commit edits the gates. Those of {judge} decided, these count from the next one on:"
    return [told, *edits]


def _shown(value: object) -> str:
    return _NONE if value is None else str(value)


def release_markdown(release: Release, budget: int = BUDGET, web: str = "") -> str:
    """The same as a page: a table first, then the comparisons, as many as fit into `budget` characters."""
    lines = [f"## Release of {code(short_sha(release.commit))}", ""]
    if release.out_of_date:
        lines += ["Nothing is released: `dvc.lock` does not record what this commit would produce.", ""]
        problems = first_texts([str(problem) for problem in release.out_of_date], 50)
        return "\n".join(lines + [f"- {prose(problem)}" for problem in problems]) + "\n"
    lines += [row(["model", "result", "version", "verdict", "why"]), "| --- | --- | --- | --- | --- |"]
    lines += [
        row(
            [
                code(one.model),
                one.result.value,
                code(one.version) if one.version else _NONE,
                _verdict(one),
                prose(one.reason),
            ]
        )
        for one in release.models
    ]
    lines += [f"\n{prose(line)}" for line in (*_gates(release), *release.warnings)]
    page = "\n".join(lines) + "\n"
    for model in release.models:
        if model.report is not None:
            part = report_markdown(model.report, min(BUDGET, budget), web)
            if len(page) + len(part) + 1 > budget:
                return f"{page}\nShortened: `release.json` has every comparison.\n"
            page += f"\n{part}"
    return page


def _verdict(model: ModelRelease) -> str:
    return model.report.verdict if model.report else _NONE
