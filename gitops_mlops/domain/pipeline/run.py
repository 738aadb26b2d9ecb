"""What running a pipeline did: `.gitops-mlops/repro.json`, schema 2.

It is written by a job that runs a stranger's code and read by one that holds a token, so every text is bounded and
nothing unknown is accepted. A new optional field keeps the schema's number; anything else raises it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from gitops_mlops.domain.document.bounded import DocumentPart, Text, Word
from gitops_mlops.domain.document.recorded import RecordedForm, read_recorded

SCHEMA: Literal["gitops-mlops/repro/2"] = "gitops-mlops/repro/2"
REPRO_FILE = ".gitops-mlops/repro.json"
MAX_REPRO_BYTES = 1024 * 1024
MAX_STAGES = 2000
TAIL_LINES = 20

# How Python says that a module of ours, or a name in it, is not there.
_PRIVATE_IMPORT = re.compile(
    r"(?:ModuleNotFoundError: No module named|ImportError: cannot import name .+ from) '(gitops_mlops\.[\w.]+)'"
)

RepoFile = Annotated[str, Field(max_length=500)]
Count = Annotated[int, Field(ge=0, le=10**15)]
# `unchanged`: nothing had to run. `failed`: a stage of the project did. `differs`: running again gave other outputs.
Outcome = Literal["unchanged", "ran", "failed", "differs", "reproduced"]


class StageRun(DocumentPart):
    """A stage that was due: it ran, its outputs came from the run cache, or it failed. `seconds` is wall time."""

    name: Word
    outcome: Literal["ran", "cached", "failed"]
    seconds: float = Field(ge=0)


class RemoteTraffic(DocumentPart):
    """What went over the wire. `bytes` is None where the remote does not report it (cloud versioning)."""

    files: Count = 0
    bytes: Count | None = 0


class OutputDifference(DocumentPart):
    """An output that came out otherwise when its stage ran again: the digests that were recorded, and got."""

    stage: Word
    path: RepoFile
    recorded_digest: Word
    observed_digest: Word


class PipelineRunReport(DocumentPart):
    """One run of the pipeline.

    `commit` is what was checked out, `skipped` the stages that were up to date and did not run,
    `lock_files` the files in git that the run changed: `dvc.lock` and outputs with `cache: false`. `log_tail` is the
    end of what a failed stage printed.
    """

    schema_: Literal["gitops-mlops/repro/2"] = Field(default=SCHEMA, alias="schema")
    commit: Word
    outcome: Outcome
    seconds: float = Field(ge=0)
    stages: list[StageRun] = Field(default_factory=list, max_length=MAX_STAGES)
    skipped: list[Word] = Field(default_factory=list, max_length=MAX_STAGES)
    pulled: RemoteTraffic = RemoteTraffic()
    pushed: RemoteTraffic = RemoteTraffic()
    lock_files: list[RepoFile] = Field(default_factory=list, max_length=MAX_STAGES)
    reason: Text = ""
    log_tail: list[Text] = Field(default_factory=list, max_length=TAIL_LINES)
    differences: list[OutputDifference] = Field(default_factory=list, max_length=MAX_STAGES)

    @property
    def lock_changed(self) -> bool:
        """Whether the run left something to commit."""
        return bool(self.lock_files)


def import_hint(tail: Iterable[str]) -> str:
    """What to do when the end of what a stage printed says that it imports the toolkit's inside, "" otherwise."""
    found = next((match for line in tail if (match := _PRIVATE_IMPORT.match(line))), None)
    return f" → {found[1]} is private and moved: run gitops-mlops init --update" if found else ""


def parse_repro(content: str | bytes, name: str = REPRO_FILE) -> PipelineRunReport:
    """The document out of JSON that nobody vouches for. Raises EvidenceMissing when it is not one."""
    return read_recorded(content, PipelineRunReport, RecordedForm(SCHEMA, MAX_REPRO_BYTES, "run repro again"), name)


def dump_repro(repro: PipelineRunReport) -> bytes:
    """The document as JSON that `parse_repro` reads back."""
    return (repro.model_dump_json(by_alias=True, indent=1) + "\n").encode()
