"""What can be wrong with the registry: with its tags here, and with those of the remote."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gitops_mlops.domain.digests import short_sha, version_name
from gitops_mlops.domain.doctor.checks import CheckFinding, DoctorCheck, FixKind, Severity
from gitops_mlops.domain.lineage.integrity import (
    RESTORE,
    TagContradiction,
    assignment_contradictions,
    version_contradictions,
)
from gitops_mlops.domain.lineage.openlineage import tag_event
from gitops_mlops.domain.lineage.withdrawal import built_on, withdrawal_command
from gitops_mlops.domain.registry.ledger import WITHDRAWAL, LedgerFinding
from gitops_mlops.domain.registry.registry import Registry, RegistryEvent
from gitops_mlops.domain.registry.remote import GitLock, RemoteTag
from gitops_mlops.domain.registry.tags import TagRecord, parse_tag_name
from gitops_mlops.domain.shortening import first_of

# Clocks of machines that take part are minutes apart at most, and git holds a lock on a tag for milliseconds.
CLOCKS_APART = timedelta(hours=1)
STALE_SECONDS = 600.0
_TAGS_SHOWN = 20


@dataclass(frozen=True)
class RegistryFacts:
    """What is known of the registry.

    `unmerged` are the models and stages that hold a commit which is not on `main`, and must be.
    `there` are the remote's tags, None when it was not asked; `md5` is what `dvc.lock` records of a model (artifact)
    at a commit, "" for nothing, and lacks what this clone does not have.
    """

    registry: Registry
    now: datetime
    tags: Mapping[str, TagRecord] = field(default_factory=dict)
    there: Mapping[str, RemoteTag] | None = None
    remote: str = "origin"
    remote_problem: str = ""
    shallow: bool = False
    lacks_tags: bool = False
    outside_branches: Collection[str] = ()
    main: str = ""
    unmerged: Collection[tuple[str, str]] = ()
    md5: Mapping[tuple[str, str], str] = field(default_factory=dict)
    ledger: tuple[LedgerFinding, ...] = ()
    locks: tuple[GitLock, ...] = ()

    def ours(self) -> Iterator[TagRecord]:
        """The tags whose names are the registry's, lightweight ones as well."""
        return (tag for tag in self.tags.values() if parse_tag_name(tag.name))


def shallow_clone(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """History was cut off, and versions with it."""
    if facts.shallow:
        mend = "git fetch --unshallow --tags (in actions/checkout: fetch-depth: 0)"
        yield CheckFinding("this clone", "is shallow: versions and stages may be missing", mend, FixKind.UNSHALLOW)


def clone_without_tags(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """It was cloned with --no-tags."""
    if facts.lacks_tags and facts.there != {}:
        what = "was made without tags: versions and stages are unknown"
        yield CheckFinding("this clone", what, "git fetch --tags", FixKind.FETCH_TAGS)


def remote_unreachable(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """The remote did not answer."""
    if facts.remote_problem:
        mend = "see git remote -v and your access, or look with --offline"
        yield CheckFinding(facts.remote, f"cannot be queried for its tags ({facts.remote_problem})", mend)


def differs_from_remote(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """One name, two tags: one of them was moved or created again."""
    for tag in facts.ours():
        there = (facts.there or {}).get(tag.name)
        if there is None or there.object == tag.object or _is_thinned(tag, there):
            continue
        here_at, there_at = short_sha(tag.commit) or "no commit", short_sha(there.commit)
        what = (
            f"is at {here_at} here and at {there_at} on {facts.remote}"
            if here_at != there_at
            else (f"differs from the one on {facts.remote}, at the same commit {here_at}")
        )
        yield CheckFinding(
            _tag(tag.name), f"{what}: it was moved or created again", "find out who did it; " + RESTORE
        )


def lightweight_here(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """The remote has the tag annotated, at the same commit: some checkouts drop the annotation."""
    for tag in facts.ours():
        there = (facts.there or {}).get(tag.name)
        if there and _is_thinned(tag, there):
            ref = f"refs/tags/{tag.name}"
            mend = shlex.join(["git", "fetch", facts.remote, f"+{ref}:{ref}"])
            what = f"is lightweight here and annotated on {facts.remote}: what it records is lost on this clone"
            yield CheckFinding(_tag(tag.name), what, mend, FixKind.REPLACE_TAG, tag.name)


def strays(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """Tags that look like the registry's and do not count."""
    mended = {found.where for found in lightweight_here(facts)}
    for problem in facts.registry.problems:
        if problem.ignored and _tag(problem.tag) not in mended:
            yield CheckFinding(_tag(problem.tag), problem.message, problem.hint)


def ambiguous(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """Tags that count, and leave open what they mean."""
    for problem in facts.registry.problems:
        if not problem.ignored:
            yield CheckFinding(_tag(problem.tag), problem.message, problem.hint)


def in_the_future(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """A wrong clock, or a hostile hand: such a tag wins over all that follow it."""
    for event in facts.registry.events():
        if event.created > facts.now + CLOCKS_APART:
            what = f"is dated {event.created:%Y-%m-%d %H:%M} UTC, in the future: it wins over what is decided now"
            yield CheckFinding(_tag(event.tag), what, f"check the clocks; {_take_back(facts, event)}")


def outside_branches(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """The commit of a tag is on no branch, so that only the tag keeps it, and no review saw it."""
    for event in facts.registry.events():
        if event.commit in facts.outside_branches:
            what = f"is at {short_sha(event.commit)}, which is on no branch"
            yield CheckFinding(
                _tag(event.tag), what, "git fetch the branch that holds it, or register from main again"
            )


def unmerged(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """A stage holds what was never merged: whoever may push a tag would deploy it."""
    for artifact, stage in sorted(facts.unmerged):
        if held := facts.registry.assignment(artifact, stage):
            name = version_name(held.version, held.commit)
            what = f"holds {name} at {short_sha(held.commit)}, which is not on {facts.main}"
            mend = f"merge it, or promote another version to {stage}; if it is there: git fetch {facts.remote}"
            yield CheckFinding(f"{artifact}#{stage}", what, mend)


def contradicted(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """A tag contradicts its commit, or a stage's tag that of the version it names."""
    for contradiction in _contradictions(facts):
        yield CheckFinding(_tag(contradiction.tag), contradiction.message, RESTORE)


def ledger_contradicts(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """The ledger tells something else than the tags, the commits or its own history."""
    return (CheckFinding(each.where, each.message, each.hint) for each in facts.ledger if each.wrong)


def unrecorded(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """Tags that the ledger does not record yet. Where one may be a moved tag, a person decides."""
    doubts = (check(facts) for check in (differs_from_remote, contradicted, ledger_contradicts))
    remedy = None if any(True for found in doubts for _ in found) else FixKind.RECORD
    for each in facts.ledger:
        if not each.wrong and not each.kind:
            yield CheckFinding(each.where, each.message, each.hint, remedy)


def withdrawn(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """Tags that somebody took back before they were pushed."""
    return (CheckFinding(each.where, each.message, each.hint) for each in facts.ledger if _is_withdrawn(each))


def unpushed(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """Tags of the registry that are here alone."""
    there = facts.there
    # A tag that was withdrawn is told with the ledger, and must not be pushed.
    gone = {each.where for each in facts.ledger if each.wrong and each.kind == WITHDRAWAL}
    ours = [tag.name for tag in facts.ours() if tag.annotated and _tag(tag.name) not in gone]
    lacking = [name for name in ours if there is not None and name not in there]
    if lacking:
        what = f"{_several(lacking)} not on {facts.remote}: never pushed, or deleted there"
        mend = shlex.join(
            ["git", "push", "--atomic", facts.remote, *(f"refs/tags/{name}" for name in lacking[:_TAGS_SHOWN])]
        )
        if (more := len(lacking) - _TAGS_SHOWN) > 0:
            mend += f"; then {more} more: git push --dry-run --tags {shlex.quote(facts.remote)} lists all"
        yield CheckFinding("registry tags", what, f"{mend}; or delete it: {withdrawal_command(lacking[0])}")


def unfetched(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """Tags of the registry that the remote has alone."""
    lacking = [name for name in facts.there or {} if name not in facts.tags and parse_tag_name(name)]
    if lacking and not facts.lacks_tags:
        what = f"{_several(lacking)} on {facts.remote} and not here"
        yield CheckFinding("registry tags", what, "git fetch --tags", FixKind.FETCH_TAGS)


def stale_locks(facts: RegistryFacts) -> Iterator[CheckFinding]:
    """A git that was killed leaves its lock, and nobody can write what it locked."""
    for lock in facts.locks:
        if lock.age >= STALE_SECONDS:
            what = f"is {lock.age / 60:,.0f} minutes old: a git was killed while it wrote, and blocks every other"
            mend = f"if no git runs there: rm .git/{shlex.quote(lock.path)}"
            yield CheckFinding(f".git/{lock.path}", what, mend, FixKind.REMOVE_LOCK, lock.path)


REGISTRY: tuple[DoctorCheck[RegistryFacts], ...] = (
    DoctorCheck("shallow-clone", Severity.ERROR, shallow_clone),
    DoctorCheck("clone-without-tags", Severity.ERROR, clone_without_tags),
    DoctorCheck("remote-unreachable", Severity.WARNING, remote_unreachable),
    DoctorCheck("tag-differs-from-remote", Severity.ERROR, differs_from_remote),
    DoctorCheck("tag-contradicted", Severity.ERROR, contradicted),
    DoctorCheck("ledger-contradicts", Severity.ERROR, ledger_contradicts),
    DoctorCheck("tag-lightweight", Severity.ERROR, lightweight_here),
    DoctorCheck("tag-ambiguous", Severity.WARNING, ambiguous),
    DoctorCheck("tag-ignored", Severity.WARNING, strays),
    DoctorCheck("tag-in-future", Severity.WARNING, in_the_future),
    DoctorCheck("tag-off-branches", Severity.WARNING, outside_branches),
    DoctorCheck("stage-off-main", Severity.ERROR, unmerged),
    DoctorCheck("lock-stale", Severity.ERROR, stale_locks),
    DoctorCheck("tags-unpushed", Severity.WARNING, unpushed),
    DoctorCheck("tags-unfetched", Severity.WARNING, unfetched),
    DoctorCheck("ledger-incomplete", Severity.NOTE, unrecorded),
    DoctorCheck("tag-withdrawn", Severity.NOTE, withdrawn),
)


def _contradictions(facts: RegistryFacts) -> Iterator[TagContradiction]:
    for artifact in facts.registry.artifacts():
        for version in facts.registry.versions(artifact):
            if (md5 := facts.md5.get((version.commit, artifact))) is not None:
                yield from version_contradictions(version, md5)
        for assignment in facts.registry.assignments(artifact).values():
            yield from assignment_contradictions(facts.registry, assignment)


def _is_withdrawn(finding: LedgerFinding) -> bool:
    return finding.kind == WITHDRAWAL and not finding.wrong


def _take_back(facts: RegistryFacts, event: RegistryEvent) -> str:
    """What to do about a tag made by mistake, so that neither a tag nor the ledger contradicts it afterwards."""
    if built_on(tag_event(event), map(tag_event, facts.registry.events(event.artifact))):
        # What was decided on it would lose its ground; what is decided now is dated after it.
        reference = f"{event.artifact}@{event.version}" if event.version else event.artifact
        return f"if it is a mistake: {shlex.join(['gitops-mlops', 'retire', reference, '--reason', 'WHY'])}"
    there = shlex.join(["git", "push", facts.remote, "--delete", f"refs/tags/{event.tag}"])
    back = withdrawal_command(event.tag) + (" --push" if facts.there else "")
    shared = facts.there is None or event.tag in facts.there
    return f"if it is a mistake: {there} && {back}" if shared else f"if it is a mistake: {back}"


def _is_thinned(tag: TagRecord, there: RemoteTag) -> bool:
    return not tag.annotated and there.annotated and bool(tag.commit) and tag.commit == there.commit


def _tag(name: str) -> str:
    return f"tag {name}"


def _several(names: list[str]) -> str:
    return f"{first_of(names, 1)} {'is' if len(names) == 1 else 'are'}"
