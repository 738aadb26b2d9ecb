"""`.gitops-mlops.yaml`: what a scaffold wrote, so that a later version of the toolkit can bring it up to date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

from gitops_mlops.domain.document.typed import ConfigSection, typed
from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import ConfigError, FileProblemLine
from gitops_mlops.domain.names import path_problem
from gitops_mlops.domain.scaffold.plan import ScaffoldAnswers, ToolkitReference

RECORD = ".gitops-mlops.yaml"
_HEAD = (
    "# Written by `gitops-mlops init`, which reads it to bring these files up to date; commit it, do not edit it.\n"
)

_Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class ToolkitRecord(ConfigSection):
    """Which toolkit wrote the files."""

    repository: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9_][A-Za-z0-9._-]*$")]
    commit: _Sha
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]*$")]


class ScaffoldRecord(ConfigSection):
    """The template, what was filled in, and the files.

    `files` are those that are wholly the scaffold's, with the ID of the blob that it wrote; `bases` holds that
    content for those where no commit does, because the user's edits were merged in. `pieces` are texts that were
    put into files of the user's.
    """

    version: Literal[1]
    template: Annotated[str, Field(pattern=r"^[a-z]+$")] | None = None
    project: str
    branch: str
    remote: str = ""
    toolkit: ToolkitRecord
    files: dict[str, _Sha] = Field(default_factory=dict)
    bases: dict[str, str] = Field(default_factory=dict)
    pieces: dict[str, str] = Field(default_factory=dict)

    def answers(self) -> ScaffoldAnswers:
        """What was filled in."""
        return ScaffoldAnswers(self.project, self.branch, ToolkitReference(**self.toolkit.model_dump()), self.remote)


def parse_record(content: bytes) -> ScaffoldRecord:
    """Raises ConfigError with every problem, paths that leave the repository among them."""
    document = parse_yaml(content, RECORD)
    record = typed(document, ScaffoldRecord)
    named = {*record.files, *record.bases, *record.pieces}
    wrong = [FileProblemLine(RECORD, 0, 0, path, f"the path {why}") for path in named if (why := path_problem(path))]
    if wrong:
        raise ConfigError(wrong)
    return record


def record_yaml(
    template: str | None,
    answers: ScaffoldAnswers,
    files: Mapping[str, str],
    bases: Mapping[str, bytes] | None = None,
    pieces: Mapping[str, str] | None = None,
) -> bytes:
    """The record of what was written; `files` are blob IDs by path."""
    toolkit = answers.toolkit
    data = {
        "version": 1,
        "template": template,
        "project": answers.project,
        "branch": answers.branch,
        "remote": answers.remote,
        "toolkit": {"repository": toolkit.repository, "commit": toolkit.commit, "version": toolkit.version},
        "files": dict(sorted(files.items())),
        "bases": {path: content.decode() for path, content in sorted((bases or {}).items())},
        "pieces": dict(sorted((pieces or {}).items())),
    }
    kept = {key: value for key, value in data.items() if value not in (None, "", {})}
    return (_HEAD + yaml.dump(_quoted(kept), Dumper=_QuotingDumper, sort_keys=False, width=2**31)).encode()


class _QuotedText(str):
    """A text in double quotes and ASCII: bare, `1e5` would be a number, and some letters would be line ends."""


class _QuotingDumper(yaml.SafeDumper):
    """Writes `_Quoted`."""


_QuotingDumper.add_representer(
    _QuotedText, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


def _quoted(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _quoted(value) for key, value in data.items()}
    return _QuotedText(data) if isinstance(data, str) else data
