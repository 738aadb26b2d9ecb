"""Writing the registry: tags that are made whole or not at all, pushed all or none, and taken back when refused."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from gitops_mlops.domain.errors import EvidenceMissing, MlopsError, OutsideError
from gitops_mlops.domain.ports import Clock, Repository
from gitops_mlops.domain.registry import Registry


def complete_registry(repository: Repository) -> Registry:
    """The registry of a clone that has all of it. Raises EvidenceMissing for a clone that may lack tags."""
    registry = Registry.from_tags(repository.tags())
    if warning := incompleteness(repository, registry):
        message, hint = warning
        raise EvidenceMissing(message, where="registry", hint=hint)
    return registry


def incompleteness(repository: Repository, registry: Registry) -> tuple[str, str] | None:
    """Why the clone that a registry was read from may lack tags, and what to do about it."""
    if repository.is_shallow():
        return (
            "the clone is shallow, so versions and stages may be missing",
            "git fetch --unshallow --tags (in actions/checkout: fetch-depth: 0)",
        )
    if registry.empty and repository.lacks_tags():
        return (
            "the clone was made without tags, so nothing can be known of versions and stages",
            "git fetch --tags; where the remote has none yet: git config --unset remote.origin.tagOpt",
        )
    return None


def moment(registry: Registry, artifact: str, clock: Clock) -> datetime:
    """Now in whole seconds, but after every event of the artifact: in one second the order would be lost."""
    now = clock.now().replace(microsecond=0)
    events = registry.events(artifact)
    return max(now, events[0].created + timedelta(seconds=1)) if events else now


def write(
    repository: Repository, tags: Sequence[tuple[str, str, str]], when: datetime, push: Sequence[str] | None
) -> None:
    """Write (name, commit, message) tags in order; with `push`, send them and those named in it.

    When the remote refuses, or the user interrupts, the new tags are deleted again, so that the same command
    starts afresh.
    """
    made: list[str] = []
    try:
        for name, commit, message in tags:
            repository.create_tag(name, commit, message, when)
            made.append(name)
        if push is not None:
            send(repository, [*push, *made])
    except BaseException as error:
        for name in made:
            with contextlib.suppress(MlopsError):
                repository.delete_tag(name)
        if isinstance(error, OutsideError) and made:
            raise OutsideError(
                f"{error.message}; the new tag was taken back", where=error.where, hint=error.hint
            ) from error
        raise


def send(repository: Repository, tags: Sequence[str]) -> None:
    """Push tags, all or none; those that the remote has are left alone."""
    repository.push([f"refs/tags/{name}:refs/tags/{name}" for name in tags])
