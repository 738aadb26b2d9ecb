"""Take a tag back that was never pushed: the tag, and what the ledger tells of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitops_mlops.domain.change import Change, Refusal, State
from gitops_mlops.domain.errors import EvidenceMissing, UsageError
from gitops_mlops.domain.ledger import ENVIRONMENTS, WITHDRAWAL, LedgerEvent, distinct, model_folder
from gitops_mlops.domain.openlineage import tag_event, withdrawal_lines
from gitops_mlops.domain.ports import Clock, Clone, Ledger, Repository
from gitops_mlops.domain.tags import TagName, parse_tag_name
from gitops_mlops.domain.withdrawal import UNSHARED, built_on, withdraw, withdrawals
from gitops_mlops.usecases.ledger import read_lines
from gitops_mlops.usecases.tagging import complete_registry

_REMOTE = "origin"


@dataclass(frozen=True)
class Withdrawal:
    """What was asked for."""

    tag: str
    reason: str
    push: bool = False


def withdraw_tag(wanted: Withdrawal, repository: Repository, clone: Clone, ledger: Ledger, clock: Clock) -> Change:
    """Delete a tag of this clone that the remote does not have, and record that its event is taken back.

    A tag that the remote has, and one on which something was built, is refused. Raises UsageError for what is no tag
    of the registry, EvidenceMissing for one that nothing tells of, OutsideError when the remote cannot be asked.
    """
    name = parse_tag_name(wanted.tag)
    if name is None:
        raise UsageError("is no tag of the registry", where=repr(wanted.tag[:100]), hint="gitops-mlops history")
    remote = _REMOTE in clone.remotes()
    if remote and wanted.tag in clone.remote_tags(_REMOTE):
        seen, hint = f"{_REMOTE} has {wanted.tag}", "gitops-mlops retire, which takes out of use what others may know"
        return _change(State.REFUSED, name, wanted, Refusal("only what was never pushed", seen, hint))
    if wanted.push:
        ledger.fetch()
    registry = complete_registry(repository)
    here = {event.tag: tag_event(event) for event in registry.events(name.artifact)}
    recorded = distinct(told.event for told in read_lines(ledger)[0])
    taken = withdrawals(recorded)
    open_events = [event for event in recorded if event.tag == wanted.tag and event.run not in taken]
    open_events = [event for event in open_events if event.kind != WITHDRAWAL]
    if not open_events and wanted.tag not in here:
        if any(event.tag == wanted.tag for event in taken.values()):
            return _change(State.UNCHANGED, name, wanted)
        raise EvidenceMissing("is not in this clone, and the ledger does not tell of it", where=f"tag {wanted.tag}")
    known = [*recorded, *here.values()]
    for event in [*open_events, *filter(None, [here.get(wanted.tag)])]:
        if stands := built_on(event, [each for each in known if each.run not in taken]):
            seen = f"{stands.kind} of {stands.version or stands.commit[:10]} is built on it"
            return _change(
                State.REFUSED, name, wanted, Refusal("only what nothing is built on", seen, "gitops-mlops retire")
            )
    # The ledger first: where this is cut off, the same command deletes the tag.
    _record(ledger, open_events, clock, wanted.reason)
    if wanted.tag in here:
        repository.delete_tag(wanted.tag)
    if wanted.push:
        ledger.push()
    return _change(State.WRITTEN, name, wanted)


def withdraw_unshared(model: str, tags: Iterable[str], ledger: Ledger, clock: Clock) -> int:
    """Take back what only this clone recorded of tags that are neither here nor on the remote; how many.

    `tags` are those that both have. To be called after the remote's tags and ledger were fetched: what another clone
    may have seen is left to a person.
    """
    folders = (model_folder(model), ENVIRONMENTS)
    told, shared = read_lines(ledger, folders)[0], ledger.shared(folders)
    recorded, there = distinct(each.event for each in told), set(tags)
    seen = {each.event.run for each in told if each.line.text in shared} | {*withdrawals(recorded)}
    lost = [
        event
        for event in recorded
        if event.model == model and event.tag and event.kind != WITHDRAWAL
        if event.tag not in there and event.run not in seen
    ]
    runs = {event.run for event in lost}
    lost = [event for event in lost if not built_on(event, [each for each in recorded if each.run not in runs])]
    _record(ledger, lost, clock, UNSHARED)
    return len(lost)


def _record(ledger: Ledger, events: Iterable[LedgerEvent], clock: Clock, reason: str) -> None:
    lines: dict[str, list[str]] = {}
    for event in events:
        taken = withdraw(event, clock.now().replace(microsecond=0), ledger.writer(), reason)
        lines.setdefault(taken.file, []).extend(withdrawal_lines(taken))
    if lines:
        ledger.append(lines)


def _change(state: State, name: TagName, wanted: Withdrawal, *refusals: Refusal) -> Change:
    words = {State.REFUSED: "is not withdrawn", State.UNCHANGED: "is withdrawn already"}
    pushed = wanted.push and state is State.WRITTEN
    summary = f"{wanted.tag} {words.get(state, 'is withdrawn')}"
    return Change(state, name.artifact, summary, name.version, name.stage, pushed=pushed, refusals=refusals)
