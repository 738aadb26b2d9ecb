"""Bring workflows from CML to us: what would change, and, when asked, the change itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitops_mlops.domain.cml import Migration, Terms, may_use_cml, translate
from gitops_mlops.domain.document import MAX_BYTES
from gitops_mlops.domain.errors import EvidenceMissing, Problem, UsageError

if TYPE_CHECKING:
    from gitops_mlops.domain.cml_steps import Toolkit
    from gitops_mlops.domain.ports import Repository, Tree

WORKFLOWS = ".github/workflows"
_OTHER_FORGES = {".gitlab-ci.yml": "GitLab", "bitbucket-pipelines.yml": "Bitbucket"}


def migrate(repository: Repository, tree: Tree, names: Sequence[str], toolkit: Toolkit) -> Migration:
    """Translate the named workflows, or all that use CML. Raises UsageError for a name that is no text file."""
    paths = tree.paths()
    elsewhere = tuple(_elsewhere(tree, names or [path for path in paths if path in _OTHER_FORGES]))
    wanted = [name for name in names if name not in _OTHER_FORGES] or (() if names else _workflows(paths))
    terms = Terms(toolkit, default_branch(repository))
    read = ((name, _text(tree, name)) for name in dict.fromkeys(wanted))
    return Migration(
        tuple(translate(text, name, terms) for name, text in read if names or may_use_cml(text)), elsewhere
    )


def default_branch(repository: Repository) -> str:
    """`main`, or `master` where only that exists."""
    for name in ("main", "master"):
        for revision in (f"origin/{name}", name):
            try:
                repository.resolve(revision)
            except EvidenceMissing:
                continue
            return name
    return "main"


def _workflows(paths: Sequence[str]) -> list[str]:
    return sorted(path for path in paths if path.rpartition("/")[0] == WORKFLOWS and path.endswith((".yml", ".yaml")))


def _text(tree: Tree, name: str) -> str:
    content = tree.read(name)
    if content is None:
        raise UsageError("there is no such file", where=name, hint=f"name a workflow in {WORKFLOWS}")
    if len(content) > MAX_BYTES:
        raise UsageError(f"larger than {MAX_BYTES} bytes", where=name, hint="name a workflow")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise UsageError("not UTF-8", where=name, hint="save the file as UTF-8") from error


def _elsewhere(tree: Tree, names: Sequence[str]) -> list[Problem]:
    hint = "keep cml there: it takes our markdown, gitops-mlops report --format markdown"
    return [
        Problem(name, 0, 0, "", f"{_OTHER_FORGES[name]} is not covered: only GitHub workflows are translated", hint)
        for name in names
        if name in _OTHER_FORGES and may_use_cml(_text(tree, name))
    ]
