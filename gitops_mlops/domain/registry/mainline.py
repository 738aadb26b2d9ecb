"""Whether a version was merged: its commit is one of main's, or main leads back to it."""

from __future__ import annotations

from typing import NamedTuple

from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.registry.change import RuleRefusal


class Mainline(NamedTuple):
    """The branch that changes are merged into: its name, and the commits that it is at, on the remote and here."""

    name: str
    tips: tuple[str, ...]

    def refusal(self, version: str, commit: str) -> RuleRefusal:
        """Why a version whose commit this branch does not hold enters no environment."""
        return RuleRefusal(f"a commit of {self.name}", self.unmerged(version, commit), self.remedy())

    def unmerged(self, version: str, commit: str) -> str:
        """What is wrong with a version whose commit this branch does not hold."""
        return f"{version} is at {short_sha(commit)}, which is not on {self.name}"

    def remedy(self) -> str:
        """What to do about it."""
        return f"merge it into {self.name} and register the merge commit; if it is there: git fetch origin"
