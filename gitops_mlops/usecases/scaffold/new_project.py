"""A new project from a template."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from gitops_mlops.domain.digests import blob_id
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.ports import Files, ScaffoldHistory, Templates
from gitops_mlops.domain.scaffold.plan import (
    EditKind,
    FileEdit,
    ScaffoldAnswers,
    ScaffoldPlan,
    ToolkitReference,
    fill_all,
)
from gitops_mlops.domain.scaffold.record import RECORD, record_yaml

_ADD_REMOTE = "dvc remote add --default storage s3://BUCKET/PREFIX   # where data and models go"


@dataclass(frozen=True)
class ScaffoldPorts:
    """What a new project is made with. `new_folder` fills a folder that is there whole, or not at all."""

    templates: Templates
    git: ScaffoldHistory
    new_folder: Callable[[Path], AbstractContextManager[Files]]


def new_project(
    workshop: ScaffoldPorts,
    target: Path,
    template: str,
    toolkit: ToolkitReference,
    branch: str = "",
    remote: str = "",
) -> ScaffoldPlan:
    """Make a project in a new or empty folder: its files, a repository, the first commit. All of it, or nothing.

    `branch` is git's own when it is not given; `remote` is the DVC remote's address. Raises UsageError.
    """
    if target.parent.is_dir() and (around := workshop.git.root_around(target.parent)):
        raise UsageError("is in a git repository", where=str(target), hint=f"leave {around} first")
    answers = ScaffoldAnswers(target.name, branch or workshop.git.new_branch(), toolkit, remote)
    files = rendered(workshop.templates, template, answers)
    written = {**files, RECORD: record_yaml(template, answers, {path: blob_id(text) for path, text in files.items()})}
    edits = [FileEdit(EditKind.ADDED, path, None, content) for path, content in sorted(written.items())]
    message = f"Start from the {template} template of gitops-mlops {toolkit.version}"
    with workshop.new_folder(target) as folder:
        folder.write_all({**written})
        committed = workshop.git.begin(folder.resolve(RECORD).parent, answers.branch, message)
    notes = () if committed else ("nothing is committed, as git does not know who you are: git config user.email",)
    return ScaffoldPlan(tuple(edits), notes, _steps(answers, target, committed))


def rendered(templates: Templates, template: str, answers: ScaffoldAnswers) -> dict[str, bytes]:
    """Every file of a project that is made from a template. Raises UsageError when there is none of this name."""
    files = {**templates.dvc(), **templates.toolkit(), **templates.template(template)}
    return with_remote(fill_all(files, answers), answers.remote)


def with_remote(files: dict[str, bytes], remote: str) -> dict[str, bytes]:
    """The files with a default remote in DVC's configuration."""
    if remote and (config := files.get(".dvc/config")):
        lines = f"    remote = storage\n['remote \"storage\"']\n    url = {remote}\n    verify = true\n"
        return {**files, ".dvc/config": config + lines.encode()}
    return files


def _steps(answers: ScaffoldAnswers, target: Path, committed: bool) -> tuple[str, ...]:
    first = (
        *(() if committed else ('git add --all && git commit --message "Start"',)),
        *(() if answers.remote else (_ADD_REMOTE,)),
        "gh repo create --private --source . --push   # or add a remote by hand, and git push",
    )
    return (
        f"cd {target.name} && {first[0]}",
        *first[1:],
        "git switch --create first-model",
        "pip install -r requirements.txt && dvc repro && dvc push",
        'git add --all && git commit --message "First model"',
        "gh pr create --fill",
    )
