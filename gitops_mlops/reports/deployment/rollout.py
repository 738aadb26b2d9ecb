"""What a rollout did: for terminals, as JSON, as a page for the run, and as what an issue says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitops_mlops.domain.deployment.rollout import SCHEMA, ModelRollout, ReturnedVersion, Rollout, RolloutResult
from gitops_mlops.domain.registry.change import RuleRefusal
from gitops_mlops.domain.review.finding import IssueFinding
from gitops_mlops.reports.rendering.escape import code, prose, row
from gitops_mlops.reports.rendering.links import is_address
from gitops_mlops.reports.rendering.terminal import printable

_NONE = "–"


def rollout_data(rollout: Rollout) -> dict[str, Any]:
    """The rollout as plain data."""
    return {
        "schema": SCHEMA,
        "environment": rollout.environment,
        "commit": rollout.commit,
        "code": rollout.code,
        "models": [
            {
                **model._asdict(),
                "result": model.result.value,
                "refusals": [refusal._asdict() for refusal in model.refusals],
            }
            for model in rollout.models
        ],
    }


def rollout_text(rollout: Rollout) -> str:
    """A line for each model, and what a version that is waiting lacks."""
    lines: list[str] = []
    for model in rollout.models:
        lines.append(f"{model.model} in {rollout.environment}: {_words(model)}")
        if model.waiting:
            lines.append(f"{model.model} {model.waiting} is waiting:")
            lines += [f"  {_refusal(refusal)}" for refusal in model.refusals]
    return "\n".join(printable(line) for line in lines) or "no model has a port here"


def rollout_markdown(rollout: Rollout) -> str:
    """The same as a page."""
    lines = [f"## Rollout to {code(rollout.environment)}", ""]
    lines += [row(["model", "result", "serves", "why"]), "| --- | --- | --- | --- |"]
    for model in rollout.models:
        serves = code(model.current) if model.current else _NONE
        lines.append(
            row([code(model.model), model.result.value, serves, prose(model.reason) if model.reason else _NONE])
        )
    for model in rollout.models:
        if model.waiting:
            lines += ["", f"{code(model.model)} {code(model.waiting)} is waiting:", ""]
            lines += [f"- {prose(_refusal(refusal))}" for refusal in model.refusals]
    return "\n".join(lines) + "\n"


def rollback_findings(environment: str, back: Mapping[str, ReturnedVersion | None]) -> Iterator[IssueFinding]:
    """The versions that a rollout took back, by model."""
    for model, taken in back.items():
        if taken is not None:
            title = f"{model} {taken.version} was rolled back in {environment}"
            key = f"rollback/{environment}/{model}/{taken.version}"
            yield IssueFinding(key, title, _taken_back(model, environment, taken))


def _taken_back(model: str, environment: str, taken: ReturnedVersion) -> str:
    name, version, stage = code(model), code(taken.version), code(environment)
    again = code(f"gitops-mlops promote {model}@{taken.version} {environment} --push", 300)
    lines = [
        f"{name} {version} was promoted to {stage}, failed there, and was rolled back to {code(taken.back_to)}.",
        "",
        f"**Why:** {prose(taken.reason, 2000)}",
        "",
        "**What to do:**",
        "",
        "- Find out why: the run, the server's log that is named above, and the report of the version.",
        "- Fix it and merge: the next version enters by itself, and this issue is closed.",
        f"- {version} is not tried again by itself. When the place was at fault: {again}.",
        "",
        f"Recorded by the tag {code(taken.tag, 200)}"
        + (f", made by [this run]({taken.run})." if is_address(taken.run) else "."),
    ]
    return "\n".join(lines) + "\n"


def _words(model: ModelRollout) -> str:
    serves = f"{model.current} serves" if model.current else "nothing serves"
    change = f"{model.previous} → {model.current}" if model.previous else model.current
    return {
        RolloutResult.UNCHANGED: f"{model.current} serves at {model.address}" if model.current else model.reason,
        RolloutResult.PLANNED: f"would change: {model.reason}" if model.reason else "would be deployed",
        RolloutResult.DEPLOYED: f"{change} serves at {model.address}",
        RolloutResult.STOPPED: f"{model.previous or 'what ran'} is stopped; emptied {model.reason}",
        RolloutResult.EMPTY: model.reason or f"nothing is assigned, {serves}",
        RolloutResult.ROLLED_BACK: f"rolled back, {serves}; {model.reason}",
        RolloutResult.REFUSED: f"was rejected: {model.reason}; {serves}",
        RolloutResult.FAILED: f"failed ({model.cause}): {model.reason}" + (f"; {serves}" if model.address else ""),
    }[model.result]


def _refusal(refusal: RuleRefusal) -> str:
    return f"{refusal.rule}: {refusal.observed} → needed: {refusal.requirement}"
