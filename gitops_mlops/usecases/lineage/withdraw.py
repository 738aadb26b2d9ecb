"""Take a tag back that was never pushed: the tag, and what the ledger tells of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gitops_mlops.domain.digests import version_name
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.lineage.openlineage import tag_event, withdrawal_lines
from gitops_mlops.domain.lineage.withdrawal import UNSHARED, built_on, withdraw, withdrawals
from gitops_mlops.domain.ports import Clock, Clone, Ledger, RemoteTag, Repository
from gitops_mlops.domain.registry.change import ChangeState, RegistryChange, RuleRefusal
from gitops_mlops.domain.registry.ledger import ENVIRONMENTS, WITHDRAWAL, LedgerEvent, distinct, model_folder
from gitops_mlops.domain.registry.reactivation import brought_back, withdrawal_refusals
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.domain.registry.tags import TagName, parse_tag_name
from gitops_mlops.domain.shortening import quoted
from gitops_mlops.usecases.clone_state import complete_registry
from gitops_mlops.usecases.lineage.ledger import read_lines

_REMOTE = "origin"


@dataclass(frozen=True)
class Withdrawal:
    """What was asked for. `revive` lets what a retirement took out of use return."""

    tag: str
    reason: str
    push: bool = False
    revive: bool = False


@dataclass(frozen=True)
class _WithdrawalState:
    """What this clone knows: its registry, the event of the tag that is here, and what the ledger tells."""

    registry: Registry
    here: tuple[LedgerEvent, ...]
    recorded: tuple[LedgerEvent, ...]
    taken: Mapping[str, LedgerEvent]

    @classmethod
    def of(cls, tag: str, model: str, repository: Repository, ledger: Ledger) -> _WithdrawalState:
        registry = complete_registry(repository)
        here = tuple(tag_event(event) for event in registry.events(model) if event.tag == tag)
        recorded = tuple(distinct(each.event for each in read_lines(ledger)[0]))
        return cls(registry, here, recorded, withdrawals(recorded))

    def standing(self, tag: str) -> list[LedgerEvent]:
        """What the ledger tells of the tag, and was not taken back."""
        events = (event for event in self.recorded if event.tag == tag and event.run not in self.taken)
        return [event for event in events if event.kind != WITHDRAWAL]

    def against(self, wanted: Withdrawal, events: Iterable[LedgerEvent]) -> tuple[RuleRefusal, ...]:
        """Why these events may not be taken back."""
        known = [
            each for each in (*self.recorded, *map(tag_event, self.registry.events())) if each.run not in self.taken
        ]
        left = self.registry.without(wanted.tag)
        for event in events:
            if stands := built_on(event, known):
                seen = f"{stands.kind} of {version_name(stands.version, stands.commit)} is built on it"
                return (RuleRefusal("only what nothing is built on", seen, "gitops-mlops retire"),)
            if refusals := withdrawal_refusals(left, event, wanted.revive):
                return refusals
        return ()


def withdraw_tag(
    wanted: Withdrawal, repository: Repository, clone: Clone, ledger: Ledger, clock: Clock
) -> RegistryChange:
    """Delete a tag of this clone that the remote does not have, and record that its event is taken back.

    A tag that the remote has, one on which something was built, and a retirement that kept something out of use are
    refused. Where the remote has another tag of this name, what only this clone recorded of its own is dropped.
    Raises UsageError for what is not a registry tag, EvidenceMissing for one that nothing records, OutsideError
    when the remote cannot be asked.
    """
    name = parse_tag_name(wanted.tag)
    if name is None:
        raise UsageError("is not a tag of the registry", where=quoted(wanted.tag), hint="gitops-mlops history")
    remote = _REMOTE in clone.remotes()
    if wanted.push:
        ledger.fetch()
    if remote and (there := clone.remote_tags(_REMOTE).get(wanted.tag)):
        return _yield(wanted, name, there, repository, ledger)
    known = _WithdrawalState.of(wanted.tag, name.artifact, repository, ledger)
    events = known.standing(wanted.tag)
    if not events and not known.here:
        if any(event.tag == wanted.tag for event in known.taken.values()):
            return _change(ChangeState.UNCHANGED, name, wanted)
        raise MissingEvidence("is not in this clone, and the ledger does not record it", where=f"tag {wanted.tag}")
    if refusals := known.against(wanted, [*events, *known.here]):
        return _change(ChangeState.REFUSED, name, wanted, *refusals)
    # The ledger first: where this is cut off, the same command deletes the tag.
    _record(ledger, events, clock, wanted.reason)
    if known.here:
        repository.delete_tag(wanted.tag)
    if wanted.push:
        ledger.push()
    return _change(ChangeState.WRITTEN, name, wanted)


def _yield(
    wanted: Withdrawal, name: TagName, there: RemoteTag, repository: Repository, ledger: Ledger
) -> RegistryChange:
    """Give way to another tag of this name, where nobody else saw what this clone recorded of its own."""
    known = _WithdrawalState.of(wanted.tag, name.artifact, repository, ledger)
    ours = {tag.object for tag in repository.tags() if tag.name == wanted.tag}
    theirs = {event.run for event in known.here} if ours == {there.object} else set()
    lone = unshared(ledger, (model_folder(name.artifact),))
    lost = [event for event in known.standing(wanted.tag) if event.run in lone - theirs]
    # Where the remote's ledger tells of the tag that is here, the one on the remote may be a moved one.
    if not lost or any(event.run not in lone | theirs for event in known.here):
        seen, hint = f"{_REMOTE} has {wanted.tag}", "gitops-mlops retire, which takes out of use what others may know"
        return _change(ChangeState.REFUSED, name, wanted, RuleRefusal("only what was never pushed", seen, hint))
    if not theirs and (refusals := known.against(wanted, lost)):
        return _change(ChangeState.REFUSED, name, wanted, *refusals)
    if ours and not theirs:
        repository.delete_tag(wanted.tag)
    if not theirs:
        repository.fetch_tags()
    ledger.drop({event.run for event in lost})
    return _change(ChangeState.WRITTEN, name, wanted)


def unshared(ledger: Ledger, folders: Sequence[str]) -> set[str]:
    """The runs that only this clone recorded, as far as it saw the remote's ledger."""
    shared = ledger.shared(folders)
    recorded = read_lines(ledger, folders)[0]
    return {each.event.run for each in recorded} - {each.event.run for each in recorded if each.line.text in shared}


def withdraw_unshared(model: str, registry: Registry, ledger: Ledger, clock: Clock) -> int:
    """Take back what only this clone recorded of tags that are neither here nor on the remote; how many.

    The registry is of the tags that both have. To be called after the remote's tags and ledger were fetched: what
    another clone may have seen is left to a person, and so is a retirement that kept something out of use.
    """
    folders = (model_folder(model), ENVIRONMENTS)
    recorded, lone = distinct(each.event for each in read_lines(ledger, folders)[0]), unshared(ledger, folders)
    there, taken = registry.tag_names(model), withdrawals(recorded)
    lost = [
        event
        for event in recorded
        if event.model == model and event.tag and event.kind != WITHDRAWAL
        if event.tag not in there and event.run in lone and event.run not in taken
        if not brought_back(registry, event)
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


def _change(state: ChangeState, name: TagName, wanted: Withdrawal, *refusals: RuleRefusal) -> RegistryChange:
    words = {ChangeState.REFUSED: "is not withdrawn", ChangeState.UNCHANGED: "is withdrawn already"}
    pushed = wanted.push and state is ChangeState.WRITTEN
    summary = f"{wanted.tag} {words.get(state, 'is withdrawn')}"
    return RegistryChange(state, name.artifact, summary, name.version, name.stage, pushed=pushed, refusals=refusals)
