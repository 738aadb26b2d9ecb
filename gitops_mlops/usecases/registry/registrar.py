"""Writing the registry: tags that are made whole or not at all, pushed all or none, and taken back when refused.

A decision is a function of a registry. It is made anew when another writer was faster, and not made twice when
the command was cut off after its tags were there.
"""

from __future__ import annotations

import contextlib
import random
import shlex
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass

from gitops_mlops.domain.digests import sha256_of
from gitops_mlops.domain.errors import ConcurrentUpdate, ExternalError, MlopsError, TagConflict
from gitops_mlops.domain.ports import Clock, Journal, Ledger, Repository, Timer
from gitops_mlops.domain.registry.change import ChangeState, RegistryChange, RegistryDecision
from gitops_mlops.domain.registry.ledger import model_folder
from gitops_mlops.domain.registry.pending_writes import PendingWrite
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.log import Logger
from gitops_mlops.usecases.clone_state import complete_registry, future_warnings, moment
from gitops_mlops.usecases.lineage.ledger import read_lines

_LOG = Logger(__name__)

# Seconds before another attempt, on average. A push takes about one, so that two writers part soon.
_PAUSES = (0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Registrar:
    """Writes what was decided into a repository's registry."""

    repository: Repository
    clock: Clock
    timer: Timer
    journal: Journal
    ledger: Ledger

    def settle(
        self, artifact: str, asked: object, decide: Callable[[Registry], RegistryDecision], *, push: bool = False
    ) -> RegistryChange:
        """Decide on the registry as it is (with `push`: as it is on the remote) and do what was decided.

        `asked` is what the user wants, as a value with a telling `repr`: asked again after it was cut off, a
        change that is there already is finished, not made twice. `decide` must not write; it is called again,
        with a fresh registry, when another writer was faster. Call `acknowledge` once the user has the answer.

        Raises what `decide` raises, EvidenceMissing for a clone that may lack tags, TagsDiffer when a tag here is
        another one on the remote, OutsideError.
        """
        _LOG.debug("requested of %s: %r", artifact, asked)
        request = sha256_of(repr(asked).encode())
        for pause in _PAUSES:
            with contextlib.suppress(ConcurrentUpdate):
                return self._attempt(artifact, request, decide, push)
            self.timer.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - only to part two writers
        try:
            return self._attempt(artifact, request, decide, push)
        except ConcurrentUpdate as error:
            message = f"{error.message}, {len(_PAUSES) + 1} times in a row; nothing was written"
            raise ExternalError(message, where=error.where, hint="run the same command again") from error

    def fetch(self, artifact: str) -> None:
        """Bring the remote's tags; those that a command about this artifact left behind give way to faster ones.

        Raises TagsDiffer, OutsideError.
        """
        self._fetch(PendingWrite.parse(self.journal.read(artifact)))

    def acknowledge(self, change: RegistryChange) -> None:
        """The user knows of the change: asked for once more, it is another one."""
        if change.state is ChangeState.WRITTEN:
            self.journal.clear(change.artifact)

    def _attempt(
        self, artifact: str, request: str, decide: Callable[[Registry], RegistryDecision], push: bool
    ) -> RegistryChange:
        note = PendingWrite.parse(self.journal.read(artifact))
        if push and not self.repository.is_shallow():
            self._fetch(note)
        registry = complete_registry(self.repository, self._recorded(artifact))
        if note and note.begun(request, registry):
            self._write(note, push, note.made(registry))
            return note.decision.change
        decision = decide(registry)
        change = decision.change
        _LOG.info("decided for %s: %s, %s", artifact, change.state, change.summary)
        for refusal in change.refusals:
            _LOG.info("refused by %s: %s → needed: %s", refusal.rule, refusal.observed, refusal.requirement)
        if change.state is ChangeState.WRITTEN:
            warnings = future_warnings(registry, artifact, self.clock)
            note = PendingWrite(request, decision, moment(registry, artifact, self.clock))
            self.journal.write(artifact, note.content())
            self._write(note, push)
            return change._replace(warnings=(*change.warnings, *warnings))
        if push and change.state is ChangeState.UNCHANGED:
            send(self.repository, decision.also)
        return change

    def _recorded(self, artifact: str) -> set[str]:
        """The names of tags that the ledger knows: one whose tag is gone is not given again."""
        return {
            recorded.event.tag
            for recorded in read_lines(self.ledger, (model_folder(artifact),))[0]
            if recorded.event.tag
        }

    def _fetch(self, note: PendingWrite | None) -> None:
        """Bring the remote's tags. Tags of a command that was cut off give way to those that were faster."""
        try:
            self.repository.fetch_tags()
        except TagConflict as error:
            made = note.made(Registry.from_tags(self.repository.tags())) if note else set()
            if not made.issuperset(error.names):
                raise
            for name in error.names:
                self.repository.delete_tag(name)
            self.repository.fetch_tags()

    def _write(self, note: PendingWrite, push: bool, there: Set[str] = frozenset()) -> None:
        """Write those that are not `there`, in order, and push all; what cannot be done to its end is taken back."""
        made: list[str] = []
        try:
            for draft, when in zip(note.decision.drafts, note.moments(), strict=True):
                if draft.tag not in there:
                    self.repository.create_tag(draft.tag, draft.commit, draft.message, when)
                    made.append(draft.tag)
                    _LOG.info("made the tag %s of %s", draft.tag, draft.commit)
            if push:
                send(self.repository, [*note.decision.also, *(draft.tag for draft in note.decision.drafts)])
        except MlopsError as error:
            if left := self._take_back(made):
                message = f"{error.message}; the new tags could not be deleted"
                hint = f"git tag -d {shlex.join(left)}, unless they should stay"
                raise ExternalError(message, where=error.where, hint=hint) from error
            if made and not isinstance(error, ConcurrentUpdate):
                message = f"{error.message}; the new tag was deleted"
                raise ExternalError(message, where=error.where, hint=error.hint) from error
            raise
        except BaseException:
            # An interrupt may come between a tag and the word that it is there.
            with contextlib.suppress(MlopsError):
                self._take_back(note.made(Registry.from_tags(self.repository.tags())))
            raise

    def _take_back(self, names: Iterable[str]) -> list[str]:
        """Delete tags of this clone; those that could not be deleted."""
        left = []
        for name in names:
            try:
                self.repository.delete_tag(name)
            except MlopsError:
                left.append(name)
        return left


def send(repository: Repository, tags: Sequence[str]) -> None:
    """Push tags, all or none; those that the remote has are left alone."""
    if tags:
        repository.push([f"refs/tags/{name}:refs/tags/{name}" for name in tags])
