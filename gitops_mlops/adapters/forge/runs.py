"""Runs of workflows, and what they uploaded."""

from __future__ import annotations

from typing import Any

from gitops_mlops.adapters.forge.answers import optional, text, truth, whole, words
from gitops_mlops.adapters.forge.endpoints import Endpoints
from gitops_mlops.adapters.forge.refusals import EndpointSubject
from gitops_mlops.domain.review.forge import RunArtifact, WorkflowRun

_READ = "actions: read"


class RunEndpoints(Endpoints):
    """The runs of a repository's workflows."""

    def run(self, number: int) -> WorkflowRun:
        """A run of a workflow."""
        self._supported()
        return self._read(f"/actions/runs/{number}", _run, EndpointSubject(f"run {number}", _READ))

    def artifacts(self, run: int) -> list[RunArtifact]:
        """What a run uploaded."""
        self._supported()
        what = EndpointSubject(f"the artifacts of run {run}", _READ)
        return self._list(f"/actions/runs/{run}/artifacts?per_page=100", _artifact, what, "artifacts")

    def download(self, artifact: int, limit: int) -> bytes:
        """The zip of an artifact. Raises OutsideError once more than `limit` bytes came."""
        self._supported()
        what = EndpointSubject(f"artifact {artifact}", _READ, "it has expired: run the workflow again")
        answer = self._transport.download(self._path(f"/actions/artifacts/{artifact}/zip"), limit)
        self._require(answer, what)
        return bytes(answer.data)

    def _supported(self) -> None:
        if self._gitea:
            raise self._unsupported("runs of workflows")


def _run(data: Any) -> WorkflowRun:
    head = data["head_repository"]
    return WorkflowRun(
        whole(data["id"]),
        text(data["event"]),
        # The ref that the file is of may follow.
        text(data["path"]).partition("@")[0],
        words(data["conclusion"]),
        text(data["head_sha"]),
        words(data["head_branch"]),
        optional(head, lambda repository: whole(repository["id"])),
        text(head["owner"]["login"]) if head is not None else "",
        whole(data["repository"]["id"]),
    )


def _artifact(data: Any) -> RunArtifact:
    return RunArtifact(whole(data["id"]), text(data["name"]), whole(data["size_in_bytes"]), truth(data["expired"]))
