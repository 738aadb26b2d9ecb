"""Four pull requests on the flagship, and the report of each: what docs/reports shows is what comes out here.

python -m tests.e2e.flagship_reports        # or: make reports
"""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitops_mlops.adapters.machine.shell import UserShell
from gitops_mlops.adapters.shipped.flagship import project_files
from gitops_mlops.usecases.scaffold.demo import BETTER, WORSE, DemoPullRequest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "reports"
# The same sources make the same commits: a report that is made again differs only where it says something new.
MOMENT = "2026-01-05T09:00:00+00:00"
ENVIRONMENT = {"GIT_AUTHOR_DATE": MOMENT, "GIT_COMMITTER_DATE": MOMENT, "PYTHONPATH": str(ROOT)}


@dataclass(frozen=True)
class Change:
    """A pull request: what its author says of it, and per file the texts that are replaced."""

    message: str
    edits: tuple[tuple[str, str, str], ...]


def _of_demo(variant: DemoPullRequest) -> Change:
    return Change(variant.message, tuple(("params.yaml", old, new) for old, new in variant.edits))


CHANGES = {
    "better": _of_demo(BETTER),
    "worse": _of_demo(WORSE),
    "cannot-tell": Change(
        "Forget the winter: train on the last two months only",
        (("params.yaml", "train-months: [1, 2, 3, 4]", "train-months: [3, 4]"),),
    ),
    # Innocent to read: clock times that the source has. But nobody knows at departure when the flight will land.
    "leak": Change(
        "Tell the model how far the flight is behind its schedule",
        (
            ("pipeline/prepare.py", '"hour", "minute")', '"hour", "minute", "behind")'),
            (
                "pipeline/prepare.py",
                '            (pl.col("arr_delay") > late_after).alias(TARGET),\n',
                '            (pl.col("arr_delay") > late_after).alias(TARGET),\n'
                '            _behind("arr_time", "sched_arr_time").alias("behind"),\n',
            ),
            (
                "pipeline/prepare.py",
                "def flights() ->",
                "def _behind(clock: str, schedule: str) -> pl.Expr:\n"
                '    """Minutes between two clock times such as 2355 and 10, at most half a day."""\n'
                "    minutes = [pl.col(name) // 100 * 60 + pl.col(name) % 100 for name in (clock, schedule)]\n"
                "    return (minutes[0] - minutes[1] + 720) % 1440 - 720\n\n\n"
                "def flights() ->",
            ),
            ("pipeline/train.py", '["distance", *weather]', '["distance", "behind", *weather]'),
            *(
                (path, "  # The weather at", "  behind: {type: int64, unit: min}\n  # The weather at")
                for path in ("contracts/flights.yaml", "contracts/delay-input.yaml")
            ),
        ),
    ),
}


@dataclass(frozen=True)
class Judged:
    """What `compare` found of a change, and its report as a comment."""

    report: dict[str, Any]
    markdown: str


class Flagship:
    """The flagship in a folder of its own, with its first version in production."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._shell = UserShell()
        for path, content in project_files().items():
            self._write(path, content)
        self._write(".gitignore", b"__pycache__/\n/.gitops-mlops/\n/report.json\n/report.md\n")
        self.run("git init --quiet --initial-branch main")
        self.run("git config user.name Ada")
        self.run("git config user.email ada@example.org")
        self.run("dvc init --quiet")
        self.run("dvc repro --quiet")
        self._commit("Predict late flights")
        self.run("gitops-mlops compare delay")
        self.run("gitops-mlops register delay --report report.json")
        for stage in ("staging", "production"):
            self.run(f"gitops-mlops promote delay {stage}")

    def run(self, line: str, codes: tuple[int, ...] = (0,)) -> int:
        ended = self._shell.run(shlex.split(line), self.root)
        assert ended.code in codes, f"{line} ended with {ended.code}:\n{ended.output}"
        return ended.code

    def judge(self, name: str) -> tuple[int, Judged]:
        """The pull request on a branch of its own, off main; the exit code of `compare` and what it found."""
        change = CHANGES[name]
        self.run("git switch --quiet main")
        self.run(f"git switch --quiet --create {name}")
        for path, old, new in change.edits:
            text = (self.root / path).read_text()
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
            self._write(path, text.replace(old, new).encode())
        self.run("dvc repro --quiet")
        self._commit(change.message)
        code = self.run("gitops-mlops compare delay --config-from main --kind pull-request", (0, 1))
        self.run("gitops-mlops report --format markdown --out report.md")
        found = Judged(json.loads((self.root / "report.json").read_text()), (self.root / "report.md").read_text())
        return code, found

    def _commit(self, message: str) -> None:
        self.run("git add --all")
        self.run(f"git commit --quiet --message {shlex.quote(message)}")

    def _write(self, path: str, content: bytes) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(content)


def main() -> None:
    os.environ.update(ENVIRONMENT)
    with tempfile.TemporaryDirectory() as folder:
        flagship = Flagship(Path(folder))
        for name in CHANGES:
            _, judged = flagship.judge(name)
            (DOCS / f"{name}.md").write_text(judged.markdown)
            print(f"{name}: {judged.markdown.splitlines()[1]}")


if __name__ == "__main__":
    main()
