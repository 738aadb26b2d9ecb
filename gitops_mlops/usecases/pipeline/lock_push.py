"""Commit `dvc.lock`, as a run of the pipeline left it, to the branch that it was run for.

This is done where the write token is and the project's code is not: nothing of what a run left is executed, and only
paths that the commit's own `dvc.yaml` files give are read of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.errors import ConfigError, ExternalError, MissingEvidence, UsageError
from gitops_mlops.domain.pipeline.lock_report import LockReport
from gitops_mlops.domain.pipeline.lock_text import (
    PushedLock,
    lock_problems,
    merge_locks,
    pushable,
    split_lock,
    undigested,
)
from gitops_mlops.domain.pipeline.run import REPRO_FILE, PipelineRunReport, parse_repro
from gitops_mlops.domain.ports import RemoteBranch, Tree
from gitops_mlops.reports.pipeline.lock_commit import commit_message, commits_named
from gitops_mlops.usecases.pipeline.lock_status import lock_step

_SHA = re.compile(r"[0-9a-f]{40,64}\Z")
# Each attempt that fails means that somebody else pushed.
_ATTEMPTS = 5

Contents = Mapping[str, bytes | None]


class RunOutputs(Protocol):
    """What a run left."""

    def files(self, places: Iterable[str]) -> dict[str, bytes]:
        """The files at some paths, and in the folders at them. Raises UsageError for what is too large or no file."""


@dataclass(frozen=True)
class PushTarget:
    """The branch, and the files of a commit as they were committed."""

    branch: RemoteBranch
    tree_at: Callable[[str], Tree]


def push_lock(target: PushTarget, left: RunOutputs, expected: str) -> PushedLock:
    """Commit what a run at commit `expected` left, once: never by force, and never over what somebody else pushed.

    Where the branch moved, stages are merged as long as their inputs are the same there; otherwise nothing is pushed,
    as the run of the newer commit will do it. Raises ConfigError for a file that is not a lock, EvidenceMissing for
    one that was computed from something else.
    """
    if not _SHA.match(expected):
        raise UsageError(
            "is not a full commit SHA", where=f"--expected {expected!r}", hint="give the commit that ran"
        )
    for _ in range(_ATTEMPTS):
        tip = target.branch.tip()
        if tip is None:
            return PushedLock("gone", "there is no such branch")
        if not target.branch.fetch(expected):
            return PushedLock("moved", "the branch was rewritten; its own run will do it")
        done = _attempt(target, left, expected, tip)
        if done is not None:
            return done
    raise ExternalError("others pushed first, every time", where="git push", hint="run it again")


def _attempt(target: PushTarget, left: RunOutputs, expected: str, tip: str) -> PushedLock | None:
    """None when somebody else pushed meanwhile."""
    change = _LockChange(target.tree_at(expected), left)
    if not change.files:
        return PushedLock("unchanged", "the run left nothing to commit")
    if (known := _committed_before(target.branch, change, expected, tip)) is not None:
        return known
    files = change.files if tip == expected else change.onto(target.tree_at(tip))
    if files is None:
        return PushedLock("moved", "the branch moved, and changed the same; its own run will do it")
    if not files:
        return PushedLock("already", "the branch holds it already")
    message = commit_message(files, expected, _ran(left), {judged.address for judged in change.report.stages})
    commit = target.branch.commit(tip, files, message)
    if (wrong := change.contradicted(lock_step(target.tree_at(commit)))) is not None:
        if tip != expected:
            return PushedLock("moved", "the branch moved, and its inputs changed; its own run will do it")
        hint = "let repro run on the very commit that --expected names, and not on a merge of it"
        raise MissingEvidence(f"was not computed from {short_sha(expected)}: {wrong}", where="dvc.lock", hint=hint)
    if not target.branch.push(commit):
        return None
    return PushedLock("pushed", f"on top of {short_sha(tip)}", commit, sorted(files))


def _ran(left: RunOutputs) -> PipelineRunReport | None:
    """What the run says of itself; a commit is made without it, too."""
    try:
        return parse_repro(left.files([REPRO_FILE]).get(REPRO_FILE, b""))
    except MissingEvidence:
        return None


def _committed_before(branch: RemoteBranch, change: _LockChange, expected: str, tip: str) -> PushedLock | None:
    """The loop guard: what a commit of ours was made for is not committed a second time."""
    messages = branch.messages(expected, tip)
    for commit, message in messages.items():
        if commit != expected and expected in commits_named(message):
            return PushedLock("already", f"the branch holds what a run of {short_sha(expected)} made", commit)
    # A commit of ours changed no input. It may have left stages to run that changed before it; a run that changed
    # none of those has nothing new to say: a stage always runs, or never comes out the same.
    parent = branch.parent(expected)
    ours = parent and commits_named(messages[expected]) and change.only_ours(parent, expected, branch)
    if ours and change.contradicted(change.report) is None:
        return PushedLock("already", "the commit is one of ours: its stages do not come out the same twice", expected)
    return None


class _LockChange:
    """What a run left that differs from the commit that it ran at."""

    def __init__(self, before: Tree, left: RunOutputs) -> None:
        report = lock_step(before)
        if report.unreadable:
            raise ConfigError(report.unreadable)
        self.report = report
        self._before = before
        self._locks = {judged.lock for judged in report.stages}
        stored = {place for judged in report.stages for place in judged.stage.keeps()}
        self._stored = stored
        found = left.files([*self._locks, *stored])
        gone = [path for place in stored for path in self._gone(place, found)]
        offered: dict[str, bytes | None] = {**found, **dict.fromkeys(gone)}
        self.files = {path: content for path, content in offered.items() if content != before.read(path)}
        for path, content in self.files.items():
            self._demand_harmless(path, content)

    def _gone(self, place: str, found: Mapping[str, bytes]) -> list[str]:
        """The files of an output's folder that the run did not write again."""
        inside = f"{place}/"
        if not any(path.startswith(inside) for path in found):
            return []
        return [path for path in self._before.below(place) if path not in found]

    def _demand_harmless(self, path: str, content: bytes | None) -> None:
        if path in self._locks:
            if problems := list(lock_problems(content or b"", path)):
                raise ConfigError(problems)
            if stage := undigested(split_lock(content or b"", path)):
                raise MissingEvidence(
                    f"stage {stage!r} does not record a digest of all it reads and writes", where=path
                )
        elif not pushable(path):
            hint = "write metrics and plots elsewhere, or let DVC keep them"
            raise UsageError("is not a file that a run may commit", where=path, hint=hint)

    def only_ours(self, parent: str, commit: str, branch: RemoteBranch) -> bool:
        """Whether a commit changed nothing but what a run writes."""
        return all(
            path in self._locks or any(_inside(path, place) for place in self._stored)
            for path in branch.changed(parent, commit)
        )

    def onto(self, tip: Tree) -> Contents | None:
        """The change as it is on top of a newer commit; None when both changed the same."""
        merged: dict[str, bytes | None] = {}
        for path, content in self.files.items():
            base, now = self._before.read(path), tip.read(path)
            if path in self._locks:
                before, mine, theirs = ((text or b"").decode("utf-8", "replace") for text in (base, now, content))
                both = merge_locks(before, mine, theirs, path)
                if both.conflicts:
                    return None
                content = both.text.encode()
            elif now not in (base, content):
                return None
            if content != now:
                merged[path] = content
        return merged

    def contradicted(self, report: LockReport) -> str | None:
        """What a look at the commit says against the stages that the run changed; None when nothing does."""
        changed = {key for path in self.files if path in self._locks for key in self._stages(path)}
        for judged in report.stages:
            key = judged.lock, judged.stage.name
            wrote = any(_inside(path, place) for place in judged.stage.writes() for path in self.files)
            if judged.changed and (wrote or key in changed):
                return f"stage {judged.address!r} is out of date with it"
            changed.discard(key)
        # What a template stands for is not always known without DVC.
        unknown = {key for key in changed if (key[0], key[1].partition("@")[0]) not in report.unjudged}
        return f"dvc.yaml has no stage {min(unknown)[1]!r}" if unknown else None

    def _stages(self, path: str) -> set[tuple[str, str]]:
        old, new = (split_lock(text or b"", path).data for text in (self._before.read(path), self.files[path]))
        return {(path, key[1]) for key in old.keys() | new.keys() if len(key) == 2 and old.get(key) != new.get(key)}


def _inside(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")
