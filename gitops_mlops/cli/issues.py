"""`--issues`: what a command found, kept as issues at the forge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.options import progress
from gitops_mlops.domain.errors import UsageError

if TYPE_CHECKING:
    from gitops_mlops.domain.review.finding import IssueFinding

issues_option = click.option(
    "--issues", is_flag=True, help="Keep one issue at the forge for each finding, closed once it is fixed."
)


def keep(found: Iterable[IssueFinding], scopes: Sequence[str], *, whole: bool = True) -> None:
    """Bring the issues of some scopes to what was found. Raises UsageError when no forge is set up."""
    from gitops_mlops.usecases.review.findings import keep_issues

    forge = bootstrap.forge()
    if forge is None:
        hint = "set GITHUB_REPOSITORY=owner/name, and GITHUB_TOKEN with issues: write"
        raise UsageError("no forge is set up to hold issues", where="--issues", hint=hint)
    listed = list(found)
    for scope in scopes:
        inside = (finding for finding in listed if finding.key.startswith(scope))
        for word, numbers in keep_issues(inside, scope, forge, whole=whole)._asdict().items():
            if numbers:
                progress(f"{word} {', '.join(f'#{number}' for number in numbers)}")
