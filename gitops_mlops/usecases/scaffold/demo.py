"""The whole loop on real data: pull request, report, merge, version, deployment, prediction.

Every step is a command that a user would type, run as that user would run it; nothing is called from inside.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.domain.ports import Files, ProgramResult, Shell

MODEL = "delay"
CHAPTERS = 6


@dataclass(frozen=True)
class DemoChapter:
    """A heading, and what the reader is about to see."""

    number: int
    title: str
    text: str


@dataclass(frozen=True)
class TypedCommand:
    """A command line that is about to run."""

    line: str


@dataclass(frozen=True)
class EditedFile:
    """A file that was changed by hand: the lines that went and the lines that came."""

    path: str
    removed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True)
class CommandOutput:
    """What the command said; `shown` is False for a command whose output teaches nothing."""

    ended: ProgramResult
    shown: bool


Event = DemoChapter | TypedCommand | EditedFile | CommandOutput


@dataclass(frozen=True)
class DemoPullRequest:
    """A pull request: its branch, its commit, and the edits of `params.yaml` that it makes."""

    branch: str
    message: str
    edits: tuple[tuple[str, str], ...]


BETTER = DemoPullRequest(
    "add-weather",
    "Use the weather, and boosting to make something of it",
    (("algorithm: logistic # or boosting", "algorithm: boosting"), ("weather: false", "weather: true")),
)
WORSE = DemoPullRequest(
    "balance-classes",
    "Balance the classes: late flights are rare",
    (("class-weight: null # or balanced", "class-weight: balanced"),),
)

# A flight of the data that was late: a Thursday evening at LaGuardia, low pressure, wind from the sea.
FLIGHT = {
    "carrier": "AA",
    "origin": "LGA",
    "dest": "MIA",
    "distance": 1096,
    "weekday": 4,
    "hour": 17,
    "minute": 45,
    "temp": 66.02,
    "dewp": 59.0,
    "humid": 78.08,
    "wind_dir": 100,
    "wind_speed": 17.2617,
    "precip": 0.0,
    "pressure": 999.2,
    "visib": 10.0,
}


class Demo:
    """One run in the folder of `files`, with the flagship's `project` and a free port for each environment."""

    def __init__(
        self, shell: Shell, files: Files, root: Path, project: Mapping[str, bytes], ports: Mapping[str, int]
    ) -> None:
        self._shell = shell
        self._files = files
        self._root = root
        self._project = project
        self._ports = ports
        self._deployed = False

    def run(self, keep: bool = False) -> Generator[Event]:
        """The events, as they happen; at the end what was deployed stops, unless a whole run is to be kept.

        Raises OutsideError when a step ends otherwise than it should.
        """
        kept = False
        try:
            yield from self._make_project()
            yield from self._first_release()
            yield from self._better()
            yield from self._worse()
            yield from self._merge()
            yield from self._look()
            kept = keep
        finally:
            if not kept:
                self.stop()

    def stop(self) -> None:
        """Stop what was deployed; safe to call at any time."""
        if self._deployed:
            for environment in self._ports:
                self._shell.run(["gitops-mlops", "deploy", environment, "--stop"], self._root)
            self._deployed = False

    def _make_project(self) -> Generator[Event]:
        yield DemoChapter(
            1,
            "A project",
            "336,776 flights that left New York in 2013: which will arrive more than 30 minutes late?\n"
            "A git repository, a bare remote next to it, and a folder as the DVC remote.",
        )
        self._write_project()
        yield from self._do("git init --quiet --initial-branch main")
        # A fresh machine has no identity yet, and a commit needs one.
        self._shell.run(["git", "config", "user.name", "Ada"], self._root)
        self._shell.run(["git", "config", "user.email", "ada@example.org"], self._root)
        yield from self._do("git init --quiet --bare --initial-branch main ../remote.git")
        yield from self._do("git remote add origin ../remote.git")
        yield from self._do("dvc init --quiet")
        yield from self._do("dvc remote add --quiet --default storage ../storage")
        yield from self._do("dvc repro --quiet")
        yield from self._do("gitops-mlops check", shown=True)
        yield from self._do("gitops-mlops validate", shown=True)
        yield from self._commit("Predict late flights")
        yield from self._publish("main")

    def _first_release(self) -> Generator[Event]:
        yield DemoChapter(
            2,
            "The first version",
            "There is no champion yet, so only the absolute gates count.\n"
            "A version is an annotated tag; so is the stage that it is assigned to.",
        )
        yield from self._do(f"gitops-mlops compare {MODEL}", shown=True)
        yield from self._release()

    def _better(self) -> Generator[Event]:
        yield DemoChapter(
            3,
            "A pull request that helps",
            "A colleague adds the weather. Both models score the same rows; days are the independent units,\n"
            "because one storm delays a whole day's flights.",
        )
        yield from self._pull_request(BETTER, code=0)

    def _worse(self) -> Generator[Event]:
        yield DemoChapter(
            4,
            "A pull request that looks innocent",
            "Another one balances the classes because late flights are rare. The ranking hardly moves,\n"
            "but every probability is now wrong.",
        )
        yield from self._do("git switch --quiet main")
        yield from self._do("dvc checkout --quiet")
        yield from self._pull_request(WORSE, code=1)

    def _merge(self) -> Generator[Event]:
        yield DemoChapter(
            5,
            "Merge, release, deploy",
            "Main compares once more, on the merge commit. Then staging, then production: the new version starts\n"
            "next to the old one and takes over when it is ready and gives its golden predictions.",
        )
        yield from self._do("git switch --quiet main")
        yield from self._do(f"git merge --quiet --no-ff --message 'Merge {BETTER.branch}' {BETTER.branch}")
        yield from self._do("dvc checkout --quiet")
        yield from self._do("dvc repro --quiet")
        yield from self._do(f"gitops-mlops compare {MODEL}")
        yield from self._publish("main")
        yield from self._release()

    def _look(self) -> Generator[Event]:
        yield DemoChapter(6, "Query it, and look back", "The live endpoint answers; git remembers everything.")
        self._files.write("flight.json", json.dumps([FLIGHT], indent=1).encode())
        yield from self._do("cat flight.json", shown=True)
        yield from self._do(f"gitops-mlops predict {MODEL} --env production --data flight.json", shown=True)
        yield from self._do("gitops-mlops status", shown=True)
        yield from self._do(f"gitops-mlops show {MODEL}", shown=True)
        yield from self._do(f"gitops-mlops history {MODEL}", shown=True)

    def _pull_request(self, variant: DemoPullRequest, code: int) -> Generator[Event]:
        yield from self._do(f"git switch --quiet --create {variant.branch}")
        yield self._edit("params.yaml", variant.edits)
        yield from self._do("dvc repro --quiet")
        yield from self._commit(variant.message)
        yield from self._publish(variant.branch)
        yield from self._do(f"gitops-mlops compare {MODEL}", shown=True, code=code)
        yield from self._do(f"gitops-mlops report --format markdown --out ../report-{variant.branch}.md")
        yield from self._do(f"gitops-mlops report --format html --out ../report-{variant.branch}.html")

    def _release(self) -> Generator[Event]:
        yield from self._do(f"gitops-mlops register {MODEL} --report report.json --push", shown=True)
        for environment in self._ports:
            self._deployed = True
            yield from self._do(f"gitops-mlops promote {MODEL} {environment} --push", shown=True)
            yield from self._do(f"gitops-mlops deploy {environment}", shown=True)

    def _commit(self, message: str) -> Generator[Event]:
        yield from self._do("git add --all")
        yield from self._do(f"git commit --quiet --message '{message}'")

    def _publish(self, branch: str) -> Generator[Event]:
        yield from self._do("dvc push --quiet")
        yield from self._do(f"git push --quiet origin {branch}")

    def _do(self, line: str, *, shown: bool = False, code: int = 0) -> Generator[Event]:
        yield TypedCommand(line)
        ended = self._shell.run(shlex.split(line), self._root)
        yield CommandOutput(ended, shown)
        if ended.code != code:
            raise ExternalError(f"ended with {ended.code} instead of {code}:\n{ended.output.strip()}", where=line)

    def _write_project(self) -> None:
        for path, content in self._project.items():
            self._files.write(path, content)
        self._files.write(".gitignore", b"__pycache__/\n/.gitops-mlops/\n/report.json\n")
        # 8080 is often taken on a machine where people work.
        standard = ("port: 8081", "port: 8080")
        wanted = [f"port: {port}" for port in self._ports.values()]
        self._edit("mlops.yaml", list(zip(standard, wanted, strict=True)))

    def _edit(self, path: str, edits: Sequence[tuple[str, str]]) -> EditedFile:
        text = before = (self._files.read(path) or b"").decode()
        for old, new in edits:
            if text.count(old) != 1:
                raise ExternalError(f"{old!r} appears {text.count(old)} times, not once", where=path)
            text = text.replace(old, new)
        self._files.write(path, text.encode())
        removed, added = before.splitlines(), text.splitlines()
        return EditedFile(
            path,
            tuple(line for line in removed if line not in added),
            tuple(line for line in added if line not in removed),
        )
