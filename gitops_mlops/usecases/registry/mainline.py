"""Whether what enters an environment was merged: it must be an ancestor of main, whoever made its tag."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.registry.change import RuleRefusal
from gitops_mlops.domain.registry.mainline import Mainline

if TYPE_CHECKING:
    from gitops_mlops.domain.config.sections import EnvironmentConfig
    from gitops_mlops.domain.ports import Repository


def unmerged(repository: Repository, commits: Iterable[str], *, ask: bool = True) -> tuple[Mainline, set[str]]:
    """The main branch, and those of some commits that it does not lead back to.

    Raises EvidenceMissing for a clone that lacks the answer: it is shallow, or nothing says which branch is main;
    without `ask`, the remote is left alone.
    """
    if repository.is_shallow():
        raise MissingEvidence(
            "this clone is shallow, so what was merged is unknown", hint="git fetch --unshallow --tags"
        )
    main = repository.mainline(ask=ask)
    return main, repository.unreachable(commits, main.tips)


def merge_refusals(
    repository: Repository, environment: EnvironmentConfig, version: str, commit: str
) -> tuple[RuleRefusal, ...]:
    """Why a version may not be in an environment: it was not merged, and must be. Raises as `unmerged`."""
    if environment.allow_unmerged:
        return ()
    main, left = unmerged(repository, [commit])
    return (main.refusal(version, commit),) if left else ()
