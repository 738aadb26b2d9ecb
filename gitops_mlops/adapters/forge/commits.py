"""States beside commits."""

from __future__ import annotations

from gitops_mlops.adapters.forge.endpoints import Endpoints
from gitops_mlops.adapters.forge.refusals import EndpointSubject
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.review.forge import CommitState
from gitops_mlops.domain.shortening import shorten

_LONGEST_DESCRIPTION = 140


class CommitEndpoints(Endpoints):
    """What the forge shows beside commits."""

    def set_status(self, commit: str, context: str, state: CommitState, description: str, address: str = "") -> None:
        """Show a state beside a commit; the newest of a context counts. A description has at most 140 characters."""
        body = {"state": state, "context": context, "description": shorten(description, _LONGEST_DESCRIPTION)}
        body |= {"target_url": address} if address else {}
        self._write(
            "POST",
            f"/statuses/{commit}",
            body,
            EndpointSubject(f"a status of {short_sha(commit)}", "statuses: write"),
        )
