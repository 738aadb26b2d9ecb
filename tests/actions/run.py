"""One run of one workflow: its jobs in order, each on a machine of its own with a token of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tests.actions import engine
from tests.actions.engine import Annotation, Job, Machine
from tests.actions.permissions import Permissions, exceeding, of_job, read_only
from tests.actions.workflow import Done, Workflow, WorkflowError, alone, in_order, needs, write


@dataclass(frozen=True)
class Environment:
    """A deployment environment: its own secrets and variables, and who lets a job in.

    `reviewed` holds a job back until someone approves; `branches` are the only ones that deploy to it.
    """

    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    reviewed: bool = False
    branches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What a repository gives its runs."""

    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[str, Environment] = field(default_factory=dict)
    default_permissions: Permissions = field(default_factory=lambda: {"contents": "read", "packages": "read"})
    labels: tuple[str, ...] = ()
    approve_forks: bool = False


class World(Protocol):
    """What a run asks of the dispatcher."""

    def called(self, uses: str, within: Workflow) -> Workflow:
        """The workflow that a job calls."""

    def actions(self, steps: list[Mapping[str, Any]], within: Workflow) -> Mapping[str, Path]:
        """The folders of the actions that steps use."""

    def machine(self, run: Run, permissions: Permissions, settings: Settings) -> Machine:
        """A machine for a job, with a new token that may do so much and no more."""

    def ended(self, machine: Machine) -> None:
        """A job ended, and its token with it."""


@dataclass
class Record:
    """A job of a run as the checks of a commit show it; `machines` has one for each of a matrix."""

    prefix: str
    written: str
    done: Done | None
    machines: list[Job]
    permissions: Permissions = field(default_factory=dict)
    environment: str = ""

    @property
    def name(self) -> str:
        """The name of the check, that of the calling jobs before it; of a matrix, the first one's."""
        return next(iter(self.checks))

    @property
    def checks(self) -> dict[str, str]:
        """The checks that the commit shows for this job."""
        if not self.machines:
            return {self.prefix + self.written: self.result}
        return {self.prefix + one.name: one.result or "cancelled" for one in self.machines}

    @property
    def result(self) -> str:
        """success, failure, cancelled or skipped; waiting before an approval."""
        return self.done.result if self.done else "waiting"

    @property
    def outputs(self) -> Mapping[str, str]:
        return self.done.outputs if self.done else {}

    @property
    def log(self) -> str:
        return "".join(job.log for job in self.machines)

    @property
    def summary(self) -> str:
        return "".join(job.summary for job in self.machines)

    @property
    def annotations(self) -> list[Annotation]:
        return [one for job in self.machines for one in job.annotations]


@dataclass(repr=False)
class Run:
    """A run: what started it, and how it goes. `trusted` is false for what comes from a fork or from Dependabot."""

    id: int
    number: int
    workflow: Workflow
    event: str
    payload: Mapping[str, Any]
    repository: str
    actor: str
    commit: str
    ref: str
    head: str
    head_branch: str
    head_repository: str
    trusted: bool
    folder: Path
    settings: Settings
    artifacts_in: Path
    attempt: int = 1
    conclusion: str = ""
    error: str = ""
    jobs: dict[str, Record] = field(default_factory=dict)
    approved: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    cancelled: bool = False

    @property
    def artifacts(self) -> dict[str, Path]:
        """The zips that the run uploaded."""
        return {path.stem: path for path in sorted(self.artifacts_in.glob("*/*.zip"))}

    @property
    def log(self) -> str:
        return "".join(record.log for record in self.jobs.values())

    def __repr__(self) -> str:
        """What a failing test should show."""
        told = [f"{self.workflow.path} on {self.event}: {self.conclusion or 'waiting'} {self.error}"]
        for key, record in self.jobs.items():
            told.append(f"--- {key}: {record.result} {dict(record.permissions)}\n{record.log}")
            told += [f"    {one.level}: {one.file}:{one.line} {one.message}" for one in record.annotations]
        return "\n".join(told)

    def job(self, name: str) -> Record:
        """A job by the name that its check has."""
        for record in self.jobs.values():
            if name in record.checks:
                return record
        raise KeyError(f"{name}: there are {list(self.checks())} {self.error}")

    def checks(self) -> dict[str, str]:
        """Every check of the run and how it ended."""
        return {name: result for record in self.jobs.values() for name, result in record.checks.items()}


class Level(NamedTuple):
    """A job on the way down to a machine: of which file it is, and how the others of that file ended."""

    workflow: Workflow
    job: str
    ended: Mapping[str, Done]

    @property
    def body(self) -> Mapping[str, Any]:
        return self.workflow.jobs[self.job]


Chain = tuple[Level, ...]


class Execution:
    """Takes a run as far as it goes; calling `go` again after an approval goes on from there."""

    def __init__(self, run: Run, world: World) -> None:
        self.run = run
        self.world = world
        self._folders: Iterator[int] = itertools.count(len(list(run.folder.glob("job-*"))))
        self._shown: dict[str, str] = {}

    def go(self) -> None:
        run = self.run
        try:
            outer = run.settings.default_permissions
            self._check(run.workflow, outer, ())
            ended = self._file(run.workflow, (), outer)
        except WorkflowError as error:
            run.conclusion, run.error = "startup_failure", str(error)
            return
        run.conclusion = _together(ended.values()) if len(ended) == len(run.workflow.jobs) else ""

    def ask_run(self, expressions: list[str]) -> list[str]:
        """What expressions are for the run as a whole."""
        folder = self._folder()
        body = _writes(folder / "values", expressions)
        reader = replace(self.run.workflow, body={**self.run.workflow.body, "jobs": {"__reader": body}})
        return self._evaluate((Level(reader, "__reader", {}),), body, {}, folder) or expressions

    def _check(self, workflow: Workflow, outer: Permissions, path: tuple[str, ...]) -> None:
        """What GitHub refuses before anything runs: circles, unknown needs, too much asked of a caller."""
        for name in in_order(workflow):
            body = workflow.jobs[name]
            given = of_job(workflow.body, body, outer)
            if path and (more := exceeding(given, outer)):
                raise WorkflowError(
                    f"Error calling workflow '{workflow.path}': the nested job '{name}' is requesting "
                    f"'{', '.join(more)}', but is only allowed '{_spelled(more, outer)}'"
                )
            if "uses" in body:
                if "strategy" in body:
                    raise WorkflowError(f"{workflow.path}: a matrix of called workflows is not supported here")
                called = self.world.called(body["uses"], workflow)
                _check_call(called, body, name)
                self._check(called, given, (*path, name))

    def _file(self, workflow: Workflow, chain: Chain, outer: Permissions) -> dict[str, Done]:
        """The jobs of a file that ended; one that waits holds back those that need it."""
        ended: dict[str, Done] = {}
        for name in in_order(workflow):
            if set(needs(workflow.jobs[name])) - set(ended):
                continue
            done = self._job((*chain, Level(workflow, name, dict(ended))), outer)
            if done:
                ended[name] = done
        return ended

    def _job(self, chain: Chain, outer: Permissions) -> Done | None:
        level = chain[-1]
        key = "/".join(one.job for one in chain)
        if (known := self.run.jobs.get(key)) and known.done:
            return known.done
        if self.run.cancelled:
            return self._record(chain, Record(*self._name(chain), Done("cancelled", {}), []))
        given = of_job(level.workflow.body, level.body, outer)
        if "uses" in level.body:
            return self._call(chain, given)
        settings, environment = self.run.settings, ""
        if "environment" in level.body:
            if "matrix." in str(level.body["environment"]):
                raise WorkflowError(f"job {level.job}: an environment out of a matrix is not supported here")
            wanted = level.body["environment"]
            found = self._ask(chain, [wanted if isinstance(wanted, str) else wanted["name"]])
            if found is None:
                return self._record(chain, Record(*self._name(chain), Done("skipped", {}), []))
            environment = found[0]
            gate = self._enter(environment)
            if gate != "in":
                done = Done("failure", {}) if gate == "refused" else None
                return self._record(chain, Record(*self._name(chain), done, [], given, environment))
            settings = _with_environment(settings, environment)
        machine = self._machine(chain, given, settings)
        ended = self._run(chain, machine)
        done = ended.done or Done("skipped", {})
        return self._record(chain, Record(*self._name(chain), done, ended.jobs, given, environment))

    def _record(self, chain: Chain, record: Record) -> Done | None:
        self.run.jobs["/".join(one.job for one in chain)] = record
        return record.done

    def _call(self, chain: Chain, given: Permissions) -> Done | None:
        level = chain[-1]
        if self._ask(chain, []) is None:
            return self._record(chain, Record(*self._name(chain), Done("skipped", {}), []))
        called = self.world.called(level.body["uses"], level.workflow)
        ended = self._file(called, chain, given)
        if len(ended) < len(called.jobs):
            return None
        outputs = called.triggers["workflow_call"].get("outputs") or {}
        values: dict[str, str] = {}
        if outputs:
            last = self._outputs(chain, called, ended, {name: one["value"] for name, one in outputs.items()})
            values = dict(zip(outputs, last, strict=True))
        return Done(_together(ended.values()), values)

    def _prefix(self, chain: Chain) -> str:
        """The names of the calling jobs, which come before that of a job."""
        for depth in range(1, len(chain)):
            key = "/".join(one.job for one in chain[:depth])
            level = chain[depth - 1]
            name = str(level.body.get("name") or level.job)
            if key not in self._shown and "${{" in name:
                found = self._ask(chain[:depth], [name], {**level.body, "if": "${{ always() }}"})
                name = found[0] if found else name
            self._shown.setdefault(key, name)
        names = [self._shown["/".join(one.job for one in chain[:depth])] for depth in range(1, len(chain))]
        return "".join(f"{name} / " for name in names)

    def _name(self, chain: Chain) -> tuple[str, str]:
        level = chain[-1]
        return self._prefix(chain), str(level.body.get("name") or level.job)

    def _enter(self, environment: str) -> str:
        rules = self.run.settings.environments.get(environment, Environment())
        branch = self.run.ref.removeprefix("refs/heads/")
        if environment in self.run.refused or (rules.branches and branch not in rules.branches):
            return "refused"
        return "waiting" if rules.reviewed and environment not in self.run.approved else "in"

    # Machines

    def _machine(self, chain: Chain, given: Permissions, settings: Settings) -> Machine:
        level = chain[-1]
        allowed = given if self.run.trusted else read_only(given)
        if not self.run.trusted:
            settings = replace(settings, secrets={}, variables={})
        machine = self.world.machine(self.run, allowed, settings)
        return replace(machine, actions=self.world.actions(level.body["steps"], level.workflow))

    def _folder(self) -> Path:
        return self.run.folder / f"job-{next(self._folders):02}"

    def _run(self, chain: Chain, machine: Machine) -> engine.Ended:
        folder, level = self._folder(), chain[-1]
        extra = {engine.COLLECTOR: engine.collector(level.job, folder / "collected", {})}
        files = self._files(chain, level.body, extra, machine.secrets)
        try:
            return engine.run_job(folder, files, level.job, self.run.workflow.name, machine)
        finally:
            self.world.ended(machine)

    def _ask(self, chain: Chain, expressions: list[str], body: Mapping[str, Any] | None = None) -> list[str] | None:
        """What expressions are where a job is, None when its `if` is false: the engine is asked, by a job like it."""
        level = chain[-1]
        body = body or level.body
        if not expressions and "if" not in body and all(one.result == "success" for one in level.ended.values()):
            return []
        folder = self._folder()
        asking = {key: body[key] for key in ("needs", "if") if key in body}
        return self._evaluate(chain, {**asking, **_writes(folder / "values", expressions)}, {}, folder)

    def _outputs(
        self, chain: Chain, called: Workflow, ended: Mapping[str, Done], expressions: Mapping[str, str]
    ) -> list[str]:
        """The outputs of a called workflow: `jobs.<id>.outputs` read as `needs` by a job that needs them all."""
        folder = self._folder()
        texts = [value.replace("jobs.", "needs.") for value in expressions.values()]
        body = {"needs": list(called.jobs), "if": "${{ always() }}", **_writes(folder / "values", texts)}
        reader = replace(called, body={**called.body, "jobs": {**called.jobs, "__reader": body}})
        return self._evaluate((*chain, Level(reader, "__reader", ended)), body, {}, folder) or [""] * len(texts)

    def _evaluate(
        self, chain: Chain, body: Mapping[str, Any], extra: Mapping[str, Any], folder: Path
    ) -> list[str] | None:
        machine = self.world.machine(self.run, {}, replace(self.run.settings, secrets={}))
        files = self._files(chain, body, extra, {})
        engine.run_job(folder, files, chain[-1].job, self.run.workflow.name, machine)
        self.world.ended(machine)
        values = folder / "values"
        return values.read_text().split("\0")[:-1] if values.exists() else None

    def _files(
        self, chain: Chain, body: Mapping[str, Any], extra: Mapping[str, Any], secrets: Mapping[str, str]
    ) -> dict[str, str]:
        """The files that lead to one job: the run's, and each called one, under the run's name."""
        files = {}
        for depth, level in enumerate(chain):
            last = depth == len(chain) - 1
            definition = body if last else _calling(level.body, depth + 1, secrets)
            made = alone(level.workflow, level.job, definition, level.ended, extra if last else {})
            made["name"] = self.run.workflow.name
            files[f"level-{depth}.yml"] = write(made)
        return files


def _writes(target: Path, expressions: list[str]) -> dict[str, Any]:
    """A job that writes down what expressions are."""
    variables = {f"VALUE_{number}": text for number, text in enumerate(expressions)}
    listed = " ".join(f'"${name}"' for name in variables)
    run = f"printf '%s\\0' {listed} > '{target}'" if variables else f": > '{target}'"
    return {"runs-on": "ubuntu-latest", "steps": [{"shell": "bash", "env": variables, "run": run}]}


def _calling(body: Mapping[str, Any], depth: int, secrets: Mapping[str, str]) -> dict[str, Any]:
    """A calling job, with the file that it calls beside it. The token is always there, as on GitHub."""
    made = {**body, "uses": f"./.github/workflows/level-{depth}.yml"}
    if body.get("secrets") != "inherit":
        token = {"GITHUB_TOKEN": "${{ secrets.GITHUB_TOKEN }}"} if "GITHUB_TOKEN" in secrets else {}
        made["secrets"] = {**(body.get("secrets") or {}), **token}
    return made


def _check_call(called: Workflow, body: Mapping[str, Any], name: str) -> None:
    if "workflow_call" not in called.triggers:
        raise WorkflowError(f"job {name}: {called.path} is not reusable: it has no `on.workflow_call`")
    takes = called.triggers["workflow_call"]
    for key, given in (("inputs", body.get("with") or {}), ("secrets", body.get("secrets") or {})):
        declared: Mapping[str, Mapping[str, Any]] = takes.get(key) or {}
        if given == "inherit":
            continue
        if strange := sorted(set(given) - set(declared)):
            raise WorkflowError(f"job {name}: {called.path} takes no {key} {', '.join(strange)}")
        if missing := [one for one, what in declared.items() if what and what.get("required") and one not in given]:
            raise WorkflowError(f"job {name}: {called.path} requires the {key} {', '.join(missing)}")


def _with_environment(settings: Settings, name: str) -> Settings:
    rules = settings.environments.get(name, Environment())
    return replace(
        settings,
        secrets={**settings.secrets, **rules.secrets},
        variables={**settings.variables, **rules.variables},
    )


def _spelled(more: list[str], allowed: Permissions) -> str:
    return ", ".join(f"{one.partition(':')[0]}: {allowed.get(one.partition(':')[0], 'none')}" for one in more)


def _together(results: Any) -> str:
    """How several jobs ended, as one."""
    found = {one.result for one in results}
    for result in ("failure", "cancelled", "success"):
        if result in found:
            return result
    return "skipped"
