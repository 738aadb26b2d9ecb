"""Read the ledger, and hold it against the tags and commits that it tells of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.lineage.integrity import RESTORE, event_difference, ledger_difference
from gitops_mlops.domain.lineage.openlineage import read_line
from gitops_mlops.domain.lineage.withdrawal import withdrawal_command, withdrawals
from gitops_mlops.domain.ports import Ledger, LedgerLine, LedgerRemoval, Repository
from gitops_mlops.domain.registry.ledger import (
    DEPLOYMENT,
    ENVIRONMENTS,
    WITHDRAWAL,
    LedgerEvent,
    LedgerFinding,
    contradictions,
    distinct,
    line_key,
    model_folder,
)
from gitops_mlops.domain.registry.reactivation import brought_back
from gitops_mlops.domain.registry.registry import Registry, RegistryEvent
from gitops_mlops.domain.registry.tags import TagAction
from gitops_mlops.domain.shortening import and_more, first_of
from gitops_mlops.usecases.clone_state import complete_registry


class RecordedEvent(NamedTuple):
    """An event and the line that tells it."""

    event: LedgerEvent
    line: LedgerLine


class UnreadLine(NamedTuple):
    """A line that tells nothing, and why."""

    line: LedgerLine
    reason: str


def read_ledger(
    ledger: Ledger, model: str | None = None, environment: str | None = None, since: datetime | None = None
) -> tuple[list[LedgerEvent], list[str]]:
    """Every event (of one model, of one environment, from a moment on), the oldest first, and what is doubtful.

    Deployments are those whose `kind` is `deployment`. Lines that cannot be read make one warning and hide nothing.
    """
    told, unread = read_lines(ledger, _folders(model))
    return _chosen(told, model, environment, since), unread_warnings(unread)


def read_runs(
    ledger: Ledger, model: str | None = None, environment: str | None = None, since: datetime | None = None
) -> tuple[list[dict[str, Any]], list[str]]:
    """The same as OpenLineage events, as they stand on the branch: each run's start and its end."""
    lines = list(ledger.lines(_folders(model)))
    told, unread = _read(lines)
    runs: dict[str, dict[str, dict[str, Any]]] = {event.run: {} for event in _chosen(told, model, environment, since)}
    for line in lines:
        _, run = line_key(line.text)
        if run in runs:
            runs[run].setdefault(line.text, json.loads(line.text))
    return [event for run in runs.values() for event in run.values()], unread_warnings(unread)


def _folders(model: str | None) -> tuple[str, ...]:
    return (model_folder(model), ENVIRONMENTS) if model else ()


def _chosen(
    told: Iterable[RecordedEvent], model: str | None, environment: str | None, since: datetime | None
) -> list[LedgerEvent]:
    return [
        event
        for event in distinct(each.event for each in told)
        if model in (None, event.model)
        and environment in (None, event.environment)
        and (since is None or event.moment >= since)
    ]


def read_lines(ledger: Ledger, folders: Sequence[str] = ()) -> tuple[list[RecordedEvent], list[UnreadLine]]:
    """The events below some folders with their lines, and the lines that could not be read."""
    return _read(ledger.lines(folders))


def _read(lines: Iterable[LedgerLine]) -> tuple[list[RecordedEvent], list[UnreadLine]]:
    told, unread = [], []
    for line in lines:
        try:
            event = read_line(line.text)
        except ValueError as error:
            unread.append(UnreadLine(line, str(error)))
        else:
            if event is not None:
                told.append(RecordedEvent(event, line))
    return told, unread


def unread_warnings(unread: Sequence[UnreadLine]) -> list[str]:
    """One line about all that could not be read."""
    if not unread:
        return []
    first = unread[0]
    more = and_more(len(unread) - 1, " (", ")")
    return [f"ledger {first.line.file}:{first.line.number}: {first.reason}{more} → gitops-mlops ledger verify"]


def read_withdrawals(
    registry: Registry, ledger: Ledger, model: str | None = None
) -> tuple[list[LedgerEvent], list[str]]:
    """The withdrawals (of one model) that count, and a line about each that was recorded."""
    events = distinct(each.event for each in read_lines(ledger, _folders(model))[0])
    taken = withdrawals(events)
    found = _against_withdrawals(events, taken, registry)
    counted = [event for event in taken.values() if model in (None, event.model)]
    return counted, [f"{each.where}: {each.message} → {each.hint}" for each in found]


def verify(repository: Repository, ledger: Ledger) -> list[LedgerFinding]:
    """What is wrong with the ledger, the contradictions first; empty when all agrees.

    Every event's tag and commit exist and say the same, no run tells two things, every event stands in its own
    file, no line was ever changed or taken out, and every registry tag has its event. Raises EvidenceMissing for
    a clone that lacks tags, OutsideError.
    """
    registry = complete_registry(repository)
    told, unread = read_lines(ledger)
    events = distinct(each.event for each in told)
    taken = withdrawals(events)
    standing = [event for event in events if event.kind != WITHDRAWAL and event.run not in taken]
    tags = {event.tag: event for event in registry.events()}
    findings = [
        *_changed(ledger.removals()),
        *(_wrong(f"{line.file}:{line.number}", reason, _BY_HAND) for line, reason in unread),
        *_contradictions(told),
        *_against_withdrawals(events, taken, registry),
        *_against_tags(standing, tags),
        *_against_commits(standing, registry, repository),
        *_unrecorded(events, registry),
    ]
    return sorted(findings, key=lambda finding: not finding.wrong)


def _wrong(where: str, message: str, hint: str) -> LedgerFinding:
    return LedgerFinding(True, where, message, hint)


def _changed(removals: Iterable[LedgerRemoval]) -> Iterator[LedgerFinding]:
    for removal in removals:
        message = f"commit {short_sha(removal.commit)} changed or removed {removal.lines} lines"
        yield _wrong(removal.file, message, f"git show {short_sha(removal.commit)}, and ask who pushed it")


def _contradictions(told: Sequence[RecordedEvent]) -> Iterator[LedgerFinding]:
    for event, line in told:
        if event.file != line.file:
            yield _wrong(f"{line.file}:{line.number}", f"records an event that belongs in {event.file}", _BY_HAND)
    for first, second in contradictions(each.event for each in told):
        field, one, other = event_difference(first, second)
        yield _wrong(
            first.file, f"run {first.run} records two values of its {field}: {one!r} and {other!r}", _BY_HAND
        )


def _against_tags(events: Iterable[LedgerEvent], tags: Mapping[str, RegistryEvent]) -> Iterator[LedgerFinding]:
    for event in events:
        if not event.tag:
            continue
        tag = tags.get(event.tag)
        if tag is None:
            hint = f"git fetch --tags; if it was never pushed: {withdrawal_command(event.tag)}"
            yield _wrong(
                f"tag {event.tag}", f"is in the ledger and not in this clone ({short_sha(event.commit)})", hint
            )
            continue
        if difference := ledger_difference(event, tag):
            field, recorded, now = difference
            message = f"the ledger has the {field} {recorded!r}, the tag {now!r}"
            dropped = f"; if only this clone recorded it: {withdrawal_command(event.tag)}"
            yield _wrong(f"tag {event.tag}", message, RESTORE + dropped)


def _against_withdrawals(
    events: Iterable[LedgerEvent], taken: Mapping[str, LedgerEvent], registry: Registry
) -> Iterator[LedgerFinding]:
    runs, tags = {event.run: event for event in events}, {event.tag for event in registry.events()}
    for event in runs.values():
        if event.kind != WITHDRAWAL:
            continue
        where, words = f"tag {event.tag}", f"was withdrawn by {event.by} on {event.moment:%Y-%m-%d}: {event.reason}"
        if event.withdraws not in taken:
            message = f"{words}; that does not count, since something is built on it"
            yield _wrong(where, message, f"gitops-mlops ledger show --model {event.model}")
        elif event.tag in tags:
            # Who pushes it carries the contradiction into every clone.
            hint = withdrawal_command(event.tag)
            yield LedgerFinding(True, where, f"{words}; and it is in this clone", hint, WITHDRAWAL)
        else:
            if back := brought_back(registry, runs[event.withdraws]):
                words += f"; {back} is in use again"
            yield LedgerFinding(False, where, words, f"gitops-mlops ledger show --model {event.model}", WITHDRAWAL)


def _against_commits(
    events: Sequence[LedgerEvent], registry: Registry, repository: Repository
) -> Iterator[LedgerFinding]:
    registered = {
        (event.artifact, event.version): event.commit
        for event in reversed(registry.events())
        if event.action is TagAction.REGISTER
    }
    here = repository.known_commits({event.commit for event in events if event.commit})
    for event in events:
        where = f"{event.kind} of {event.model} {event.version} at {event.moment:%Y-%m-%d %H:%M:%S}"
        if event.commit and event.commit not in here:
            yield _wrong(where, f"the commit {short_sha(event.commit)} is not in this clone", "git fetch --all")
        elif event.kind == DEPLOYMENT:
            commit = registered.get((event.model, event.version), event.commit)
            if commit != event.commit:
                message = (
                    f"the ledger has the commit {short_sha(event.commit)}, the version's tag {short_sha(commit)}"
                )
                yield _wrong(where, message, f"gitops-mlops history {event.model}")


def _unrecorded(events: Iterable[LedgerEvent], registry: Registry) -> Iterator[LedgerFinding]:
    known = {event.tag for event in events}
    missing: dict[str, list[str]] = {}
    for event in reversed(registry.events()):
        if event.tag not in known:
            missing.setdefault(event.artifact, []).append(event.tag)
    for model, tags in sorted(missing.items()):
        yield LedgerFinding(False, model, f"{first_of(tags, 1)} not recorded", "gitops-mlops ledger sync")


_BY_HAND = "it was not written by gitops-mlops: git log mlops-ledger shows who did"
