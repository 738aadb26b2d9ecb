"""States beside commits, and events of our own."""

from __future__ import annotations

from gitops_mlops.adapters.forge.endpoints import Endpoints, EndpointSubject
from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.domain.review.forge import CommitState
from gitops_mlops.reports.rendering.escape import shorten

_LONGEST_DESCRIPTION = 140


class CommitEndpoints(Endpoints):
    """What the forge shows beside commits, and the events that start workflows."""

    def set_status(self, commit: str, context: str, state: CommitState, description: str, address: str = "") -> None:
        """Show a state beside a commit; the newest of a context counts. A description has at most 140 characters."""
        body = {"state": state, "context": context, "description": shorten(description, _LONGEST_DESCRIPTION)}
        body |= {"target_url": address} if address else {}
        self._write(
            "POST", f"/statuses/{commit}", body, EndpointSubject(f"a status of {commit[:10]}", "statuses: write")
        )

    def dispatch(self, event: str, payload: dict[str, str]) -> None:
        """Start the workflows that listen to a `repository_dispatch` of this type."""
        if self._gitea:
            raise self._unsupported("repository_dispatch")
        what = EndpointSubject(f"the event {event}", "contents: write")
        body = {"event_type": event, "client_payload": payload}
        self._create("/dispatches", body, lambda _: None, what, lambda: self._unseen(event))

    def _unseen(self, event: str) -> None:
        hint = "look at the repository's Actions, and run the command again if nothing started"
        raise ExternalError("a dispatch leaves nothing to look for", where=f"the event {event}", hint=hint)
