"""Deployments and predictions, for terminals and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gitops_mlops.domain.deployment.reconciliation import PlaceStatus
from gitops_mlops.domain.review.finding import IssueFinding
from gitops_mlops.reports.registry.registry import retirement_data
from gitops_mlops.reports.rendering.escape import code, prose
from gitops_mlops.reports.rendering.terminal import printable, table

_SHOWN = 20


def status_data(states: Sequence[PlaceStatus]) -> list[dict[str, Any]]:
    """Every place as JSON-ready data; None where nothing is wanted, runs or is known."""
    return [
        {
            "environment": state.place.environment,
            "model": state.place.model,
            "address": state.place.address,
            "desired": state.wanted and {"version": state.wanted.version, "commit": state.wanted.commit},
            "running": state.running
            and {
                "version": state.running.version,
                "commit": state.running.commit,
                "digest": state.running.digest,
            },
            "sync": state.sync.value,
            "health": state.health and state.health.value,
            "since": state.since and state.since.isoformat(timespec="seconds"),
            "note": state.note,
            "configured": state.configured,
            "unmerged": state.unmerged or None,
            "unassigned": state.retirement and retirement_data(state.retirement),
        }
        for state in states
    ]


def status_text(data: Sequence[Mapping[str, Any]]) -> str:
    """`status_data` as a table, and below it a line for each place that needs words."""
    headers = ("environment", "model", "desired", "running", "sync", "health", "address", "since")
    rows = [
        (
            place["environment"],
            place["model"],
            (place["desired"] or {}).get("version", "-"),
            (place["running"] or {}).get("version", "-"),
            place["sync"],
            place["health"] or "-",
            place["address"],
            (place["since"] or "-").replace("T", " ").replace("+00:00", "Z"),
        )
        for place in data
    ]
    notes = [
        printable(f"{place['model']} in {place['environment']}: {place['note']}") for place in data if place["note"]
    ]
    return "\n".join([table(headers, rows), *([""] if notes else []), *notes])


def status_findings(states: Sequence[PlaceStatus]) -> Iterator[IssueFinding]:
    """Each place that is not as it should be."""
    for state in states:
        if state.good and not state.unmerged:
            continue
        model, environment = state.place.model, state.place.environment
        wanted = code(state.wanted.version) if state.wanted else "nothing"
        serves = code(state.running.version) if state.running else "nothing"
        words = [word.value for word in (state.sync, state.health) if word]
        again = code(f"gitops-mlops deploy {environment} --model {model}", 300)
        failure = state.failure
        advice = failure.repair if failure and failure.repair else "fix what it reports"
        lines = [
            f"{code(model)} in {code(environment)} is {' and '.join(words)}: {wanted} should serve, {serves} does.",
            "",
            *([f"**Why:** {prose(state.note, 2000)}", ""] if state.note else []),
            f"**What to do:** {prose(advice, 500)}, then {again} or the next rollout. "
            "This issue is closed once the model runs.",
        ]
        yield IssueFinding(
            f"status/{environment}/{model}",
            f"{model} does not run as it should in {environment}",
            "\n".join(lines) + "\n",
        )


def deploy_text(data: Sequence[Mapping[str, Any]]) -> str:
    """One line for each place that a deploy looked at."""
    lines = [printable(f"{place['model']} in {place['environment']}: {_outcome(place)}") for place in data]
    if all(place["result"] == "unchanged" for place in data):
        lines.append("nothing to do")
    return "\n".join(lines)


def stop_text(data: Sequence[Mapping[str, Any]]) -> str:
    """One line for each place that was stopped."""
    return "\n".join(
        printable(f"{place['model']} in {place['environment']}: {'stopped' if place['stopped'] else 'did not run'}")
        for place in data
    )


def predictions_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Predictions as a table; of many, the first few and how many there are."""
    names = list(rows[0]) if rows else ["label"]
    shown = [[_cell(row[name]) for name in names] for row in rows[:_SHOWN]]
    more = [f"... {len(rows)} rows, --out FILE keeps them all"] if len(rows) > _SHOWN else []
    return "\n".join([table(names, shown), *more])


def _outcome(place: Mapping[str, Any]) -> str:
    wanted, before, address = place["desired"], place["previous"], place["address"]
    serves = f"{place['current']} keeps serving" if place["current"] else "nothing serves"
    change = f"from {before} to {wanted}" if before and wanted else wanted or before or "what runs"
    return {
        "unchanged": f"{wanted} runs at {address}" if wanted else place["reason"],
        "planned": f"would {place['step']} {change} at {address}",
        "deployed": f"{f'{before} → ' if before else ''}{wanted} serves at {address}",
        "refused": f"{wanted} was rejected: {place['reason']}; {serves}",
        "stopped": f"{before or 'what ran'} is stopped; emptied {place['reason']}",
        "unassigned": f"nothing is assigned, {serves}",
        "unnamed": f"{place['current'] or 'its process'} {place['reason']}",
    }[place["result"]]


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
