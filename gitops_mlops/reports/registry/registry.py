"""The registry as aligned text and as JSON-ready data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from gitops_mlops.domain.digests import short_sha, version_name
from gitops_mlops.domain.registry.change import ChangeState, RegistryChange
from gitops_mlops.domain.registry.evidence import VersionEvidence
from gitops_mlops.domain.registry.ledger import LedgerEvent
from gitops_mlops.domain.registry.registry import RegisteredVersion, RegistryEvent, RetirementRecord, StageAssignment
from gitops_mlops.domain.registry.view import ModelState, ModelView, RegistryOverview, VersionView, View
from gitops_mlops.reports.rendering.terminal import printable, table

_NONE = "–"


def view_text(view: View) -> str:
    """What was asked for, as text."""
    if isinstance(view, RegistryOverview):
        return _overview(view)
    return _model(view) if isinstance(view, ModelView) else _version(view)


def view_data(view: View) -> dict[str, Any]:
    """What was asked for, as plain data."""
    if isinstance(view, RegistryOverview):
        return {"stages": list(view.stages), "models": [_state_data(state) for state in view.models]}
    if isinstance(view, ModelView):
        versions = [version_data(version) for version in view.versions]
        return {
            **_state_data(view.state),
            "retired": retirement_data(view.retired) if view.retired else None,
            "unassigned": {stage: retirement_data(record) for stage, record in view.emptied.items()},
            "versions": versions,
        }
    return {
        "version": version_data(view.version) if view.version else None,
        "assignment": assignment_data(view.assignment) if view.assignment else None,
        "stages": list(view.stages),
    }


def history_text(events: Iterable[RegistryEvent | LedgerEvent]) -> str:
    """One event a line."""
    rows = [_row(event) for event in events]
    if not rows:
        return "Nothing happened yet → gitops-mlops register MODEL"
    return table(["TIME (UTC)", "MODEL", "EVENT", "VERSION", "STAGE", "VERDICT", "COMMIT", "BY"], rows)


def _row(event: RegistryEvent | LedgerEvent) -> list[str]:
    if isinstance(event, LedgerEvent):
        moment, start = event.moment, [event.model, event.kind]
        end, author = [event.version, event.environment, ""], event.by
    else:
        moment, start = event.created, [event.artifact, str(event.action)]
        end, author = [event.version or "", event.stage or "", event.evidence.verdict or ""], event.author
    known = [value or _NONE for value in end]
    return [moment.strftime("%Y-%m-%d %H:%M:%S"), *start, *known, short_sha(event.commit), author]


def change_text(change: RegistryChange) -> str:
    """The summary, and below it the tags or what stood against it."""
    lines = [change.summary]
    if change.state is ChangeState.REFUSED:
        lines += [
            f"  {refusal.rule}: {refusal.observed} → needed: {refusal.requirement}" for refusal in change.refusals
        ]
    elif change.tags:
        ending = (
            " (dry run, nothing written)"
            if change.state is ChangeState.PLANNED
            else ", pushed"
            if change.pushed
            else ""
        )
        lines.append(f"  tag {', '.join(change.tags)}{ending}")
    return "\n".join(printable(line) for line in lines)


def version_data(version: RegisteredVersion) -> dict[str, Any]:
    """A version as plain data."""
    return {
        "artifact": version.artifact,
        "version": version.version,
        "active": version.active,
        **_origin(version.commit, version.tag, version.created, version.author),
        "signature": version.evidence.signature or None,
        "evidence": evidence_data(version.evidence),
    }


def assignment_data(assignment: StageAssignment) -> dict[str, Any]:
    """An assignment as plain data."""
    return {
        "artifact": assignment.artifact,
        "stage": assignment.stage,
        "version": assignment.version,
        **_origin(assignment.commit, assignment.tag, assignment.created, assignment.author),
        "since": assignment.since.isoformat(),
        "signature": assignment.evidence.signature or None,
        "evidence": evidence_data(assignment.evidence),
    }


def event_data(event: RegistryEvent | LedgerEvent) -> dict[str, Any]:
    """An event as plain data. Of a withdrawal, the message is its reason, and the tag the one that was taken back."""
    if isinstance(event, LedgerEvent):
        return {
            "event": event.kind,
            "artifact": event.model,
            "version": event.version or None,
            "stage": event.environment or None,
            **_origin(event.commit, event.tag, event.moment, event.by),
            "message": event.reason,
            "evidence": {},
        }
    return {
        "event": str(event.action),
        "artifact": event.artifact,
        "version": event.version,
        "stage": event.stage,
        **_origin(event.commit, event.tag, event.created, event.author),
        "message": event.message,
        "evidence": evidence_data(event.evidence),
    }


def change_data(change: RegistryChange) -> dict[str, Any]:
    """A change as plain data."""
    return {
        "state": str(change.state),
        "artifact": change.artifact,
        "version": change.version,
        "stage": change.stage,
        "commit": change.commit,
        "tags": list(change.tags),
        "pushed": change.pushed,
        "summary": change.summary,
        "refusals": [refusal._asdict() for refusal in change.refusals],
        "warnings": list(change.warnings),
    }


def retirement_data(record: RetirementRecord) -> dict[str, str]:
    """A tombstone as plain data."""
    return {**record._asdict(), "at": record.at.isoformat()}


def evidence_data(evidence: VersionEvidence) -> dict[str, list[str]]:
    """Trailers by key; every key holds a list, since any may stand several times."""
    found: dict[str, list[str]] = {}
    for key, value in evidence.trailers:
        found.setdefault(key, []).append(value)
    return found


def _overview(view: RegistryOverview) -> str:
    """Models × latest × stages."""
    if not view.models:
        return "No model is in use → gitops-mlops register MODEL"
    rows = [
        [
            state.artifact,
            state.latest.version if state.latest else _NONE,
            *(_held(state.assignments.get(stage)) for stage in view.stages),
        ]
        for state in view.models
    ]
    return table(["MODEL", "LATEST", *(f"#{stage}" for stage in view.stages)], rows)


def _model(view: ModelView) -> str:
    stages: dict[str, list[str]] = {}
    for stage, assignment in view.state.assignments.items():
        stages.setdefault(assignment.commit, []).append(stage)
    rows = [
        [
            version.version,
            ", ".join(stages.pop(version.commit, [])) if version.active else "out of use",
            version.evidence.verdict or _NONE,
            _minute(version.created),
            short_sha(version.commit),
            version.author,
        ]
        for version in view.versions
    ]
    rows += [[_NONE, ", ".join(found), _NONE, _NONE, short_sha(commit), _NONE] for commit, found in stages.items()]
    lines = [view.state.artifact, *([f"retired {view.retired}"] if view.retired else [])]
    lines += [f"{stage} was emptied {record}" for stage, record in view.emptied.items()]
    head = "\n".join(printable(line) for line in lines)
    if not rows:
        return f"{head}: no version"
    return f"{head}\n" + table(["VERSION", "STAGES", "VERDICT", "REGISTERED", "COMMIT", "BY"], rows)


def _version(view: VersionView) -> str:
    parts = []
    if assignment := view.assignment:
        facts = [("since", _minute(assignment.since)), ("by", assignment.author), ("tag", assignment.tag)]
        facts += _signature(assignment.tag, assignment.evidence)
        title = f"{assignment.artifact}#{assignment.stage} holds {_held(assignment)}"
        parts.append("\n".join([title, *_facts([*facts, *assignment.evidence.trailers])]))
    if version := view.version:
        facts = [
            ("stages", ", ".join(view.stages) or _NONE),
            ("registered", _minute(version.created)),
            ("by", version.author),
            ("commit", version.commit),
            ("tag", version.tag),
            *_signature(version.tag, version.evidence),
        ]
        title = f"{version.artifact} {version.version}"
        parts.append("\n".join([title, *_facts([*facts, *version.evidence.trailers])]))
    return "\n\n".join(parts)


def _state_data(state: ModelState) -> dict[str, Any]:
    return {
        "artifact": state.artifact,
        "latest": state.latest.version if state.latest else None,
        "stages": {stage: assignment_data(held) for stage, held in state.assignments.items()},
    }


def _origin(commit: str, tag: str, created: datetime, author: str) -> dict[str, str]:
    return {"commit": commit, "tag": tag, "created": created.isoformat(), "author": author}


def _signature(tag: str, evidence: VersionEvidence) -> list[tuple[str, str]]:
    kind = evidence.signature
    return [("signed", f"{kind}, not verified here: git verify-tag '{tag}'")] if kind else []


def _held(assignment: StageAssignment | None) -> str:
    return _NONE if assignment is None else version_name(assignment.version, assignment.commit)


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")


def _facts(facts: Iterable[tuple[str, str]]) -> list[str]:
    rows = [(f"  {key}", value) for key, value in facts]
    return table(["", ""], rows).splitlines()[1:] if rows else []
