"""What GitHub does between an event and a machine: which workflows run, with what, in which order."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from tests.actions.engine import Machine
from tests.actions.execution import Execution
from tests.actions.occasions import Start, start
from tests.actions.permissions import Permissions
from tests.actions.run import Run, Settings
from tests.actions.sources import Sources
from tests.actions.triggers import starts
from tests.actions.workflow import Origin, Workflow, WorkflowError
from tests.fakes.forge.state import Event
from tests.fakes.forge.world import Forge
from tests.fakes.git_http import GitServer

BOT = "github-actions[bot]"
LIMIT = 60


class Keeper:
    """The forge's tokens at the door of its git server. People write to what is theirs or shared with them."""

    def __init__(self, forge: Forge) -> None:
        self.forge = forge
        self.collaborators: dict[str, set[str]] = {}

    def may(self, token: str | None, repository: str, write: bool) -> int:
        if token is not None and token not in self.forge.token_of:
            return 401
        if repository not in self.forge.repositories:
            return 404 if token else 401
        private = self.forge.repository(repository).private
        if token is None:
            return 401 if write or private else 200
        known = self.forge.token_of[token]
        if known.kind == "user":
            allowed = known.login in {repository.partition("/")[0], *self.collaborators.get(repository, ())}
        else:
            allowed = known.repository in ("", repository) and known.may(f"contents: {'write' if write else 'read'}")
        if allowed or not (write or private):
            return 200
        return 404 if private else 403

    def pushed(self, token: str | None) -> None:
        known = self.forge.token_of[token or ""]
        self.forge.sync(known.login, starts=known.kind != "workflow")


class Dispatcher:
    """Runs the workflows of a forge's repositories until nothing is due."""

    def __init__(self, forge: Forge, git: GitServer, sources: Sources, folder: Path) -> None:
        self.forge = forge
        self.git = git
        self.sources = sources
        self.folder = folder
        self.settings: dict[str, Settings] = {}
        self.runs: list[Run] = []
        self._queue: list[Run] = []
        self._turns = count(1)
        self._groups: dict[int, list[tuple[str, bool, bool]]] = {}
        self._seen = 0

    # What a run asks of its world

    def called(self, uses: str, within: Workflow) -> Workflow:
        return self.sources.called(uses, within)

    def actions(self, steps: list[Mapping[str, Any]], within: Workflow) -> Mapping[str, Path]:
        return self.sources.actions(steps, within)

    def machine(self, run: Run, permissions: Permissions, settings: Settings) -> Machine:
        token = self.forge.add_token(BOT, dict(permissions), repository=run.repository)
        repository = self.forge.repository(run.repository)
        kind = "tag" if run.ref.startswith("refs/tags/") else "branch"
        environment = {
            "GITHUB_REPOSITORY": run.repository,
            "GITHUB_REPOSITORY_ID": str(repository.id),
            "GITHUB_RUN_ID": str(run.id),
            "GITHUB_RUN_NUMBER": str(run.number),
            "GITHUB_RUN_ATTEMPT": str(run.attempt),
            "GITHUB_API_URL": self.forge.address,
            "GITHUB_SERVER_URL": self.git.address,
            "GITHUB_REF": run.ref,
            "GITHUB_REF_TYPE": kind,
            "GITHUB_TRIGGERING_ACTOR": run.actor,
            "GITHUB_WORKFLOW_REF": f"{run.repository}/{run.workflow.path}@{run.ref}",
            "GITHUB_WORKFLOW_SHA": run.workflow.origin.commit,
        }
        if permissions.get("id-token") == "write":
            environment["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{self.git.address}/id-token"
            environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = token
        return Machine(
            event=run.event,
            payload=run.payload,
            commit=run.commit,
            objects=repository.git.folder / "objects",
            actor=run.actor,
            environment=environment,
            secrets={**settings.secrets, "GITHUB_TOKEN": token},
            variables=settings.variables,
            actions={},
            artifacts=self.forge.artifacts,
            labels=settings.labels,
        )

    def ended(self, machine: Machine) -> None:
        """A token ends with its job."""
        del self.forge.token_of[machine.secrets["GITHUB_TOKEN"]]

    # From events to runs

    def settle(self) -> list[Run]:
        """Run all that is due, and what that starts, until nothing is; the runs, in the order they ended or wait."""
        done: list[Run] = []
        while True:
            self.forge.sync()
            while self._seen < len(self.forge.events):
                self._seen += 1
                for run in self._started(self.forge.events[self._seen - 1]):
                    (done if run.conclusion else self._queue).append(run)
            self._replace_pending()
            if not self._queue:
                return done
            done.append(self._go(self._queue.pop(0)))
            assert len(done) < LIMIT, "workflows start each other without end"

    def skip(self) -> None:
        """What happened until now starts nothing."""
        self._seen = len(self.forge.events)

    def _started(self, event: Event) -> list[Run]:
        if not event.starts or event.repository not in self.forge.repositories:
            return []
        git = self.forge.repository(event.repository).git
        found = start(git, event.repository, event.name, event.action, event.payload, event.actor)
        if found is None:
            return []
        runs = []
        for workflow, broken in self.sources.workflows(Origin(event.repository, found.commit)):
            if found.only and workflow.path != found.only:
                continue
            try:
                due = starts(workflow, found.occasion)
            except WorkflowError as error:
                due, broken = False, str(error)
            if due or (broken and event.name in ("push", "pull_request")):
                runs.append(self._run(workflow, event, found, broken))
        return runs

    def _run(self, workflow: Workflow, event: Event, found: Start, error: str = "") -> Run:
        number = self.forge.add_run(
            event.name,
            workflow.path,
            found.head,
            found.head_branch,
            head_repository=found.head_repository or None,
            by=event.actor,
            name=workflow.name,
            repository=event.repository,
        )
        settings = self.settings.get(event.repository, Settings())
        run = Run(
            id=number,
            number=1 + sum(one.workflow.path == workflow.path for one in self.runs),
            workflow=workflow,
            event=event.name,
            payload=event.payload,
            repository=event.repository,
            actor=event.actor,
            commit=found.commit,
            ref=found.ref,
            head=found.head,
            head_branch=found.head_branch,
            head_repository=found.head_repository,
            trusted=found.trusted,
            folder=self.folder / str(number),
            settings=settings,
            artifacts_in=self.forge.artifacts / str(number),
        )
        self.runs.append(run)
        if error:
            run.conclusion, run.error = "startup_failure", error
        elif not found.trusted and settings.approve_forks:
            run.conclusion = "action_required"
        if run.conclusion:
            self.forge.end_run(run.id, run.conclusion, run.repository)
        return run

    def _go(self, run: Run) -> Run:
        run.turn = next(self._turns)
        Execution(run, self).go()
        if run.conclusion:
            self.forge.end_run(run.id, run.conclusion, run.repository)
        return run

    # People's buttons

    def approve(self, run: Run, environment: str = "") -> list[Run]:
        """Let a fork's run start, or the jobs of a run into an environment."""
        if environment:
            run.approved.add(environment)
        run.conclusion = ""
        self._queue.append(run)
        return self.settle()

    def refuse(self, run: Run, environment: str) -> list[Run]:
        """Keep the jobs of a run out of an environment: they fail."""
        run.refused.add(environment)
        self._queue.append(run)
        return self.settle()

    def rerun(self, run: Run, *, failed_only: bool = False) -> list[Run]:
        """Run a run's jobs again, all of them or those that did not succeed."""
        kept = {key: one for key, one in run.jobs.items() if failed_only and one.result == "success"}
        run.attempt, run.conclusion, run.jobs, run.cancelled = run.attempt + 1, "", kept, False
        if not failed_only:
            shutil.rmtree(run.artifacts_in, ignore_errors=True)
        self._queue.append(run)
        return self.settle()

    # Concurrency

    def _replace_pending(self) -> None:
        """Of the runs of one group that wait, GitHub keeps the first, which runs, and the last."""
        groups: dict[str, list[tuple[Run, bool, bool]]] = {}
        for run in self._queue if len(self._queue) > 1 else []:
            if run.id not in self._groups:
                self._groups[run.id] = Execution(run, self).groups()
            for name, cancels, all_wait in self._groups[run.id]:
                groups.setdefault(f"{run.repository}/{name}", []).append((run, cancels, all_wait))
        for waiting in groups.values():
            _, cancels, all_wait = waiting[-1]
            for run, _, _ in [] if all_wait else waiting[:-1] if cancels else waiting[1:-1]:
                if run in self._queue:
                    run.cancelled, run.conclusion = True, "cancelled"
                    self._queue.remove(run)
                    self.forge.end_run(run.id, "cancelled", run.repository)
