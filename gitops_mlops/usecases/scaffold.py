"""A new project from a template."""

from __future__ import annotations

from gitops_mlops.domain.ports import Templates
from gitops_mlops.domain.scaffold import Answers, Edit, Kind, Plan, fill_all
from gitops_mlops.domain.scaffold_record import RECORD, record_yaml

MESSAGE = "Start from the {template} template of gitops-mlops {version}"


def rendered(templates: Templates, template: str, answers: Answers) -> dict[str, bytes]:
    """Every file of a project that was made from a template."""
    return fill_all({**templates.dvc(), **templates.toolkit(), **templates.template(template)}, answers)


def new_project(templates: Templates, template: str, answers: Answers, remote: str = "") -> Plan:
    """The files of a new project, and what to type up to the first pull request.

    `remote` is the address of the DVC remote, "" for none yet. Raises UsageError for an unknown template.
    """
    files = rendered(templates, template, answers)
    if remote:
        files[".dvc/config"] = with_remote(files[".dvc/config"], remote)
    written = {**files, RECORD: record_yaml(template, answers, files)}
    edits = [Edit(Kind.ADDED, path, None, content) for path, content in sorted(written.items())]
    add_remote = (
        [] if remote else ["dvc remote add --default storage s3://BUCKET/PREFIX   # where data and models go"]
    )
    return Plan(tuple(edits), (), (*add_remote, *_steps(answers)))


def with_remote(config: bytes, remote: str) -> bytes:
    """DVC's configuration with a default remote."""
    return config + f"    remote = storage\n['remote \"storage\"']\n    url = {remote}\n".encode()


def _steps(answers: Answers) -> tuple[str, ...]:
    return (
        "gh repo create --private --source . --push   # or add a remote by hand, and git push",
        "git switch --create first-model",
        "dvc repro && dvc push",
        'git add --all && git commit --message "First model"',
        "gh pr create --fill",
    )
