"""A forge's repositories, and what people and programs do there. HTTP and tests come in by the same doors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.fakes.forge.places import TOKEN
from tests.fakes.forge.state import (
    Deployment,
    Repository,
    Run,
    Status,
)
from tests.fakes.forge.talk import LONGEST_BODY, Talk

__all__ = ["LONGEST_BODY", "TOKEN", "Forge"]


class Forge(Talk):
    """The state, which tests set and look at. Where no repository is named, it is the first one.

    Every method that changes something tells of the event that GitHub would deliver: `events` keeps them, and each of
    `listeners` is called with them. `by` is a login; what a workflow's own token does starts no workflow.
    """

    def set_status(self, commit: str, context: str, state: str, *, by: str = "ada", repository: str = "") -> Status:
        target = self.repository(repository)
        made = Status(self.number(), commit, context, state, None, None, by, self.now())
        target.statuses.append(made)
        return made

    def deployments(self, environment: str = "", repository: str = "") -> list[Deployment]:
        """The oldest first."""
        kept = self.repository(repository).deployments
        return [one for one in kept if not environment or one.environment == environment]

    def dispatch(
        self, event: str, payload: dict[str, Any], *, by: str = "ada", repository: str = "", starts: bool = True
    ) -> None:
        """A `repository_dispatch`; the one thing with which a workflow's own token starts another workflow."""
        target = self.repository(repository)
        target.dispatches.append({"event_type": event, "client_payload": payload})
        told = {"branch": "main", "client_payload": payload}
        self.tell("repository_dispatch", event, target, by, starts, told)

    def add_run(
        self,
        event: str,
        path: str,
        head: str,
        head_branch: str | None,
        *,
        number: int = 0,
        head_repository: str | None = "",
        conclusion: str | None = None,
        by: str = "ada",
        name: str = "",
        repository: str = "",
    ) -> int:
        """A run that begins, or with a conclusion has ended; its ID, which is the artifacts' folder."""
        target = self.repository(repository)
        number = number or self.number()
        source = target.name if head_repository == "" else head_repository
        state = "completed" if conclusion else "in_progress"
        made = Run(number, event, path, name or path, head, head_branch, source, state, conclusion, by, self.now())
        target.runs[number] = made
        self._tell_run("completed" if conclusion else "requested", target, made)
        return number

    def end_run(self, number: int, conclusion: str, repository: str = "") -> None:
        """A run ends: `success`, `failure`, `cancelled` ..."""
        target = self.repository(repository)
        run = target.runs[number]
        run.status, run.conclusion = "completed", conclusion
        self._tell_run("completed", target, run)

    def upload(self, run: int, name: str, content: bytes) -> Path:
        """Put an artifact's zip where a run's uploads are."""
        file = self.artifacts / str(run) / name / f"{name}.zip"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def uploaded(self, run: int) -> list[tuple[int, str, Path]]:
        """The number, name and zip of each artifact of a run: `<run>/<name>/*.zip`, or `<run>/<name>.zip`."""
        folder = self.artifacts / str(run)
        found = {file.parent.name: file for file in folder.glob("*/*.zip")}
        found |= {file.stem: file for file in folder.glob("*.zip")}
        for name in sorted(found):
            if (run, name) not in self._artifact_numbers:
                self._artifact_numbers[run, name] = self.number()
        return [(self._artifact_numbers[run, name], name, found[name]) for name in sorted(found)]

    def _tell_run(self, action: str, repository: Repository, run: Run) -> None:
        shown = {"workflow_run": self.shown.run(run, repository), "workflow": self.shown.workflow(run, repository)}
        self.tell("workflow_run", action, repository, run.actor, True, shown)
