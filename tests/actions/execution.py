"""Takes a run through its jobs, each on a machine of its own with a token of its own."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tests.actions import engine
from tests.actions.engine import Machine
from tests.actions.permissions import Permissions, exceeding, of_job, read_only
from tests.actions.run import Environment, Record, Run, Settings, World
from tests.actions.workflow import Done, Workflow, WorkflowError, alone, in_matrix_order, in_order, needs, write

SKIPPED, CANCELLED = Done("skipped", {}), Done("cancelled", {})


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
    """Takes a run as far as it goes; after an approval another one goes on from there."""

    def __init__(self, run: Run, world: World) -> None:
        self.run = run
        self.world = world
        self._folders: Iterator[int] = itertools.count(len(list(run.folder.glob("job-*"))))
        self._callers: dict[str, str] = {}

    def go(self) -> None:
        run, outer = self.run, self.run.settings.default_permissions
        try:
            self._check(run.workflow, outer, outermost=True)
            ended = self._file(run.workflow, (), outer)
        except WorkflowError as error:
            run.conclusion, run.error = "startup_failure", str(error)
            return
        run.conclusion = together(ended.values()) if len(ended) == len(run.workflow.jobs) else ""

    def groups(self) -> list[tuple[str, bool, bool]]:
        """The concurrency groups of the run and of what it calls: name, cancels what runs, lets all wait."""
        found = [self._group((), self.run.workflow)]
        for name, body in self.run.workflow.jobs.items():
            if "uses" in body:
                level = Level(self.run.workflow, name, dict.fromkeys(self.run.workflow.jobs, Done("success", {})))
                found.append(self._group((level,), self.world.called(body["uses"], self.run.workflow)))
        return [group for group in found if group[0]]

    def _group(self, chain: Chain, workflow: Workflow) -> tuple[str, bool, bool]:
        asked = workflow.body.get("concurrency")
        if not asked:
            return "", False, False
        given = {"group": asked} if isinstance(asked, str) else asked
        reader = replace(workflow, body={**workflow.body, "jobs": {"__reader": {}}})
        texts = [str(given["group"]), str(given.get("cancel-in-progress", False)).lower()]
        said = self._ask((*chain, Level(reader, "__reader", {})), texts, {}) or ["", ""]
        return said[0].lower(), said[1] == "true", given.get("queue") == "max"

    def _check(self, workflow: Workflow, outer: Permissions, *, outermost: bool = False) -> None:
        """What GitHub refuses before anything runs: circles, wrong calls, too much asked of a caller."""
        for name in in_order(workflow):
            body = workflow.jobs[name]
            given = of_job(workflow.body, body, outer)
            if not outermost and (more := exceeding(given, outer)):
                raise WorkflowError(
                    f"Error calling workflow '{workflow.path}': the nested job '{name}' is requesting "
                    f"'{', '.join(more)}', but is only allowed '{dict(outer)}'"
                )
            if "uses" in body:
                if "strategy" in body:
                    raise WorkflowError(f"{workflow.path}: a matrix of called workflows is not supported here")
                called = self.world.called(body["uses"], workflow)
                _check_call(called, body, name)
                self._check(called, given)

    # Jobs

    def _file(self, workflow: Workflow, chain: Chain, outer: Permissions) -> dict[str, Done]:
        """The jobs of a file that ended; one that waits holds back those that need it."""
        ended: dict[str, Done] = {}
        for name in in_order(workflow):
            if set(needs(workflow.jobs[name])) <= set(ended):
                done = self._job((*chain, Level(workflow, name, dict(ended))), outer)
                if done:
                    ended[name] = done
        return ended

    def _job(self, chain: Chain, outer: Permissions) -> Done | None:
        level = chain[-1]
        given = of_job(level.workflow.body, level.body, outer)
        if "uses" in level.body:
            return self._call(chain, given)
        if "matrix" not in level.body.get("strategy", {}):
            return self._one(chain, given, _path(chain), level.body, "")
        return self._matrix(chain, given)

    def _matrix(self, chain: Chain, given: Permissions) -> Done | None:
        """One machine after the other, in the order of the matrix; the first failure cancels those after it."""
        path, body = _path(chain), chain[-1].body
        combinations = self._combinations(chain)
        if not combinations:
            return self._keep(path, self._record(chain, body, "", SKIPPED))
        written, ended = str(body.get("name") or chain[-1].job), list[Done]()
        for number, values in enumerate(combinations):
            suffix = "" if "matrix." in written else f" ({', '.join(map(str, values.values()))})"
            one = {**body, "strategy": {"matrix": {name: [value] for name, value in values.items()}}}
            one["name"] = re.sub(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}", partial(_value, values), written)
            place = f"{path}[{number}]"
            if "failure" in {done.result for done in ended} and body["strategy"].get("fail-fast", True) is not False:
                done = self._keep(place, self._record(chain, one, suffix, CANCELLED))
            else:
                done = self._one(chain, given, place, one, suffix)
            if done is None:
                return None
            ended.append(done)
        outputs = {name: value for done in ended for name, value in done.outputs.items() if value}
        return Done(together(ended), outputs)

    def _one(self, chain: Chain, given: Permissions, path: str, body: Mapping[str, Any], suffix: str) -> Done | None:
        """A job on one machine, unless it ended before, waits, or is not let in."""
        if (known := self.run.jobs.get(path)) and known.done:
            return known.done
        if self.run.cancelled:
            return self._keep(path, self._record(chain, body, suffix, CANCELLED))
        record = replace(self._record(chain, body, suffix, None), permissions=given)
        settings = self.run.settings
        if "environment" in body:
            wanted = body["environment"]
            found = self._ask(chain, [wanted if isinstance(wanted, str) else wanted["name"]], body)
            if found is None:
                return self._keep(path, replace(record, done=SKIPPED))
            record.environment = found[0]
            if (gate := self._gate(found[0])) != "open":
                return self._keep(path, replace(record, done=Done("failure", {}) if gate == "refused" else None))
            settings = _with_environment(settings, found[0])
        ended = self._run(chain, body, self._machine(chain, given, settings))
        if ended.jobs:
            record.machine = ended.jobs[0]
            record.machine.name += suffix
        return self._keep(path, replace(record, done=ended.done or SKIPPED))

    def _keep(self, path: str, record: Record) -> Done | None:
        self.run.jobs[path] = record
        return record.done

    def _record(self, chain: Chain, body: Mapping[str, Any], suffix: str, done: Done | None) -> Record:
        return Record(self._names(chain), str(body.get("name") or chain[-1].job) + suffix, done)

    def _call(self, chain: Chain, given: Permissions) -> Done | None:
        level = chain[-1]
        if self._ask(chain, [], level.body) is None:
            return self._keep(_path(chain), self._record(chain, level.body, "", SKIPPED))
        called = self.world.called(level.body["uses"], level.workflow)
        ended = self._file(called, chain, given)
        if len(ended) < len(called.jobs):
            return None
        outputs = called.triggers["workflow_call"].get("outputs") or {}
        # Read as `needs` by a job that needs them all: `jobs.<id>.outputs` exists nowhere else.
        texts = [str(one["value"]).replace("jobs.", "needs.") for one in outputs.values()]
        body = {"needs": list(called.jobs), "if": "${{ always() }}"}
        reader = replace(called, body={**called.body, "jobs": {**called.jobs, "__reader": body}})
        values = self._ask((*chain, Level(reader, "__reader", ended)), texts, body) if texts else []
        return Done(together(ended.values()), dict(zip(outputs, values or [], strict=False)))

    def _names(self, chain: Chain) -> str:
        """The names of the calling jobs, which come before that of a job."""
        found = ""
        for depth, level in enumerate(chain[:-1], start=1):
            path = _path(chain[:depth])
            if path not in self._callers:
                name = str(level.body.get("name") or level.job)
                always = {**level.body, "if": "${{ always() }}"}
                said = self._ask(chain[:depth], [name], always) if "${{" in name else None
                self._callers[path] = said[0] if said else name
            found += f"{self._callers[path]} / "
        return found

    def _gate(self, environment: str) -> str:
        rules = self.run.settings.environments.get(environment, Environment())
        branch = self.run.ref.removeprefix("refs/heads/")
        if environment in self.run.refused or (rules.branches and branch not in rules.branches):
            return "refused"
        return "waiting" if rules.reviewed and environment not in self.run.approved else "open"

    # Machines

    def _machine(self, chain: Chain, given: Permissions, settings: Settings) -> Machine:
        level = chain[-1]
        if not self.run.trusted:
            given, settings = read_only(given), replace(settings, secrets={}, variables={})
        actions = self.world.actions(level.body["steps"], level.workflow)
        return replace(self.world.machine(self.run, given, settings), actions=actions)

    def _folder(self) -> Path:
        return self.run.folder / f"job-{next(self._folders):02}"

    def _run(self, chain: Chain, body: Mapping[str, Any], machine: Machine) -> engine.Ended:
        folder, level = self._folder(), chain[-1]
        if self.run.settings.stays:
            body = {**body, "steps": engine.staying(body["steps"], self.run.folder.parent / "workspace")}
        extra = {engine.COLLECTOR: engine.collector(level.job, folder / "collected")}
        files = self._files(chain, body, extra, machine.secrets)
        try:
            return engine.run_job(folder, files, level.job, self.run.workflow.name, machine)
        finally:
            self.world.ended(machine)

    def _ask(self, chain: Chain, expressions: list[str], body: Mapping[str, Any]) -> list[str] | None:
        """What expressions are where a job is, None when its `if` is false: the engine is asked, by a job like it."""
        if not expressions and "if" not in body and {one.result for one in chain[-1].ended.values()} <= {"success"}:
            return []
        folder = self._folder()
        texts = {f"VALUE_{number}": text for number, text in enumerate(expressions)}
        listed = " ".join(f'"${name}"' for name in texts)
        target = folder / "values"
        said = f"printf '%s\\0' {listed} > '{target}'" if texts else f": > '{target}'"
        self._probe(chain, body, folder, {"shell": "bash", "env": texts, "run": said})
        return target.read_text().split("\0")[:-1] if target.exists() else None

    def _combinations(self, chain: Chain) -> list[dict[str, Any]]:
        """What a matrix comes to, none when the job's `if` is false."""
        strategy = {"matrix": chain[-1].body["strategy"]["matrix"]}
        found = self._probe(chain, {**chain[-1].body, "strategy": strategy}, self._folder(), {"run": "exit 0"})
        return in_matrix_order(
            strategy["matrix"], [one.matrix for one in sorted(found.jobs, key=lambda job: job.index)]
        )

    def _probe(self, chain: Chain, body: Mapping[str, Any], folder: Path, step: Mapping[str, Any]) -> engine.Ended:
        """Run a job that is where this one is, with one step of ours, and no secret."""
        like = {key: body[key] for key in ("needs", "if", "strategy") if key in body}
        machine = self.world.machine(self.run, {}, replace(self.run.settings, secrets={}))
        files = self._files(chain, {**like, "runs-on": "ubuntu-latest", "steps": [step]}, {}, {})
        try:
            return engine.run_job(folder, files, chain[-1].job, self.run.workflow.name, machine)
        finally:
            self.world.ended(machine)

    def _files(
        self, chain: Chain, body: Mapping[str, Any], extra: Mapping[str, Any], secrets: Mapping[str, str]
    ) -> dict[str, str]:
        """The files that lead to one job: the run's, and each called one, under the run's name."""
        files = {}
        for depth, level in enumerate(chain):
            last = depth == len(chain) - 1
            definition = body if last else _calling(level.body, depth + 1, secrets)
            made = alone(level.workflow, level.job, definition, level.ended, extra if last else {})
            files[f"level-{depth}.yml"] = write({**made, "name": self.run.workflow.name})
        return files


def _value(values: Mapping[str, Any], found: re.Match[str]) -> str:
    """What an expression of the matrix is in one combination."""
    return str(values[found[1]])


def together(ended: Iterable[Done]) -> str:
    """How several jobs ended, as one."""
    found = {one.result for one in ended}
    return next((result for result in ("failure", "cancelled", "success") if result in found), "skipped")


def _path(chain: Chain) -> str:
    return "/".join(one.job for one in chain)


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
