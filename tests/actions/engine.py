"""act, which runs the workflow files for real: one process a job, nothing of this machine but its programs.

Everything that GitHub decides before a machine gets the job (filters, permissions, secrets, approvals, needs) is
decided by the dispatcher; here a job runs, and what it said is read.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import psutil

from tests.actions.workflow import STAND_IN, Done, WorkflowError
from tests.ports import free_ports

LABELS = ("ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04", "self-hosted", "linux", "x64")
MARK = "GITOPS_MLOPS_HARNESS"
COLLECTOR = "__collector"
ROOT = Path(__file__).parents[2]
_INSTALLED = any(metadata.distributions(name="gitops-mlops"))


@dataclass(frozen=True)
class Annotation:
    """A note at a file and a line, or at the job."""

    level: str
    message: str
    file: str = ""
    line: int = 0


@dataclass
class Step:
    """A step of a job: `result` before continue-on-error was applied."""

    name: str
    result: str = ""
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class Job:
    """One job on one machine; a matrix gives several, with its values."""

    name: str
    matrix: Mapping[str, Any] = field(default_factory=dict)
    result: str = ""
    steps: list[Step] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    summary: str = ""
    log: str = ""

    @property
    def index(self) -> int:
        """Its place in the matrix: the engine numbers the names."""
        last = self.name.rpartition("-")[2]
        return int(last) if last.isdigit() else 0


@dataclass(frozen=True)
class Machine:
    """What a job finds on its machine, and who asked for it. `commit` is that of GITHUB_SHA.

    `objects` is where its repository keeps them, `actions` maps `owner/repo@ref` to folders,
    `artifacts` is the folder of the run.
    """

    event: str
    payload: Mapping[str, Any]
    commit: str
    objects: Path
    actor: str
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    variables: Mapping[str, str]
    actions: Mapping[str, Path]
    artifacts: Path
    labels: tuple[str, ...] = ()
    limit: float = 180.0


@dataclass(frozen=True)
class Ended:
    """A job that ran: `done` for those that need it (None: it was not reached), and each of its machines."""

    done: Done | None
    jobs: list[Job]


def collector(job: str, target: Path) -> dict[str, Any]:
    """A job that writes down how another ended."""
    step = {"shell": "bash", "env": {"NEEDS": "${{ toJSON(needs) }}"}, "run": f"printf '%s' \"$NEEDS\" > '{target}'"}
    return {
        "name": STAND_IN + "collector",
        "needs": [job],
        "if": "${{ always() }}",
        "runs-on": "ubuntu-latest",
        "steps": [step],
    }


def staying(steps: Iterable[Mapping[str, Any]], left: Path) -> list[Mapping[str, Any]]:
    """The steps of a job on a runner that stays: they begin in what the last job left, and leave it to the next."""
    place = {"shell": "bash", "env": {"LEFT": str(left)}, "working-directory": "${{ github.workspace }}"}
    before = {**place, "name": STAND_IN + "what was left", "run": 'if [ -d "$LEFT" ]; then cp -a "$LEFT/." .; fi'}
    after = {**place, "name": STAND_IN + "what is left", "run": 'rm -rf "$LEFT" && cp -a . "$LEFT"'}
    return [before, *steps, {**after, "if": "${{ always() }}"}]


def runner_path() -> str:
    """The programs of the machine, without the environment of the tests, and a bash that has no terminal."""
    ours = {str(Path(sys.executable).parent), str(Path(sys.prefix) / "bin")}
    theirs = [one for one in os.environ["PATH"].split(os.pathsep) if one not in ours]
    return os.pathsep.join([str(Path(__file__).parent / "machine"), *theirs])


def _memory() -> str | None:
    """A file system in memory, where there is one with room: an action is copied for every step that uses it."""
    place = Path("/dev/shm")
    return str(place) if place.is_dir() and shutil.disk_usage(place).free > 4 << 30 else None


def _scratch(folder: Path, files: Mapping[str, str], machine: Machine) -> Path:
    """A folder that looks like a clone at the commit: the engine asks git for nothing else."""
    scratch = folder / "repository"
    (scratch / ".git" / "objects" / "info").mkdir(parents=True)
    (scratch / ".git" / "refs").mkdir()
    (scratch / ".git" / "HEAD").write_text(machine.commit + "\n")
    (scratch / ".git" / "objects" / "info" / "alternates").write_text(f"{machine.objects}\n")
    (scratch / ".github" / "workflows").mkdir(parents=True)
    for name, text in files.items():
        (scratch / ".github" / "workflows" / name).write_text(text, encoding="utf-8")
    return scratch


def _words(folder: Path, work: str, scratch: Path, first: str, machine: Machine, tracking: str) -> list[str]:
    given = {
        **machine.environment,
        "GITOPS_MLOPS_ENVIRONMENT": str(Path(sys.executable).parents[1]),
        "HARNESS_PYTHON": sys.executable,
        MARK: str(folder),
        "RUNNER_TRACKING_ID": tracking,
        "RUNNER_ENVIRONMENT": "github-hosted",
        # Where the toolkit is not installed beside what it requires, this working tree is what a prepared one has.
        "PYTHONPATH": "" if _INSTALLED else str(ROOT),
    }
    words = [str(Path(sys.executable).parent / "act"), machine.event, "--json", "--no-cache-server"]
    words += ["-C", str(scratch), "-W", f".github/workflows/{first}", "-e", str(folder / "event.json")]
    words += ["-a", machine.actor, "--no-skip-checkout", "--action-cache-path", work]
    words += ["--artifact-server-path", str(machine.artifacts), "--artifact-server-addr", "127.0.0.1"]
    words += ["--artifact-server-port", str(free_ports(1)[0])]
    for kind in ("secret", "var", "env", "input"):
        words += [f"--{kind}-file", str(folder / "none")]
    for name, value in machine.secrets.items():
        words += ["--secret", f"{name}={value}"]
    for label in (*LABELS, *machine.labels):
        words += ["-P", f"{label}=-self-hosted"]
    for name, value in given.items():
        words += ["--env", f"{name}={value}"]
    for name, value in machine.variables.items():
        words += ["--var", f"{name}={value}"]
    for uses, path in machine.actions.items():
        words += ["--local-repository", f"{uses}={path}"]
    return words


def _stop(tracking: str) -> None:
    """What a job left behind ends with it, as on GitHub: every process that carries its tracking ID."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("RUNNER_TRACKING_ID") == tracking:
                process.kill()


def stop_marked(folder: Path) -> None:
    """End whatever the jobs below a folder left running, also what had asked to stay."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK, "").startswith(f"{folder}{os.sep}"):
                process.kill()


def _engine(
    words: list[str], environment: Mapping[str, str], limit: float, tracking: str
) -> subprocess.CompletedProcess[str]:
    """What the engine said; after `limit` seconds it is ended."""
    process = subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        said, complained = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        _stop(tracking)
        said, complained = process.communicate()
    _stop(tracking)
    return subprocess.CompletedProcess(words, process.returncode, said, complained)


def run_job(folder: Path, files: Mapping[str, str], job: str, names: str, machine: Machine) -> Ended:
    """Run the first of `files`, whose job `job` a collector watches; `names` begins the engine's name of it.

    Raises WorkflowError when the engine refuses the file.
    """
    folder.mkdir(parents=True)
    scratch, home, tracking = _scratch(folder, files, machine), folder / "home", f"github_{uuid4()}"
    home.mkdir()
    machine.artifacts.mkdir(parents=True, exist_ok=True)
    (folder / "event.json").write_text(json.dumps(machine.payload))
    (folder / "none").touch()
    environment = {"PATH": runner_path(), "HOME": str(home), "LANG": "C.UTF-8"}
    for _ in range(5):
        with TemporaryDirectory(prefix="job-", dir=_memory(), ignore_cleanup_errors=True) as work:
            words = _words(folder, work, scratch, next(iter(files)), machine, tracking)
            ran = _engine(words, environment, machine.limit, tracking)
        # The port of its artifact server was free when it was chosen; the engine ends before any job when it is not.
        if "bind: address already in use" not in ran.stderr:
            break
    (folder / "engine.jsonl").write_text(ran.stdout)
    jobs = read(ran.stdout, job, names)
    done = _collected(folder / "collected", job, machine)
    if done is None and jobs:
        done = Done("cancelled", {})
    # A job whose `if` is false is not mentioned, and no failure.
    if ran.returncode and '"jobID"' not in ran.stdout:
        raise WorkflowError(ran.stderr)
    return Ended(done, jobs)


def _collected(target: Path, job: str, machine: Machine) -> Done | None:
    if not target.exists():
        return None
    found = json.loads(target.read_text())[job]
    hidden = [value for value in machine.secrets.values() if value]
    outputs = {
        name: "" if any(secret in value for secret in hidden) else value
        for name, value in (found["outputs"] or {}).items()
    }
    return Done(found["result"], outputs)


def read(said: str, job: str, names: str) -> list[Job]:
    """What the engine's lines tell of a job, one for each machine of a matrix; `names` comes before its name."""
    jobs: dict[str, Job] = {}
    for line in said.splitlines():
        if not line.endswith("}"):
            continue  # the last one, cut where the engine was ended
        one = json.loads(line)
        full = one.get("job", "").rstrip()
        if one.get("jobID") != job or STAND_IN in full:
            continue
        if "Skipping unsupported platform" in one["msg"]:
            raise WorkflowError(f"no runner has the labels of job {job}: {one['msg']}")
        if full not in jobs:
            jobs[full] = Job(full.rpartition(names + "/")[2], matrix=one.get("matrix") or {})
        _note(jobs[full], one)
    return list(jobs.values())


def _note(job: Job, one: Mapping[str, Any]) -> None:
    job.result = one.get("jobResult", job.result)
    if one.get("raw_output"):
        job.log += one["msg"]
    command = one.get("command")
    if command == "summary":
        job.summary += one["content"]
    elif command in ("error", "warning", "notice"):
        at = one.get("kvPairs") or {}
        job.annotations.append(Annotation(command, one["arg"], at.get("file", ""), int(at.get("line") or 0)))
    if one.get("stage") != "Main" or len(one.get("stepID", ())) != 1 or one["step"].startswith(STAND_IN):
        return
    if not job.steps or one["step"] != job.steps[-1].name:
        job.steps.append(Step(one["step"]))
    job.steps[-1].result = one.get("stepResult", job.steps[-1].result)
    if command == "set-output":
        job.steps[-1].outputs[one["name"]] = one["arg"]
