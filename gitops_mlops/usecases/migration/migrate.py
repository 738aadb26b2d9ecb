"""Bring workflows from CML to us: what would change, and, when asked, the change itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gitops_mlops.domain.document.yaml import MAX_BYTES
from gitops_mlops.domain.errors import FileProblemLine, MissingEvidence, UsageError
from gitops_mlops.domain.migration.cml import CmlMigration, TranslationTerms, may_use_cml, translate

if TYPE_CHECKING:
    from gitops_mlops.domain.migration.step_text import ActionSource
    from gitops_mlops.domain.ports import Files, Repository, Tree

WORKFLOWS = ".github/workflows"
_OTHER_FORGES = {".gitlab-ci.yml": "GitLab", "bitbucket-pipelines.yml": "Bitbucket"}


@dataclass(frozen=True)
class MigrationPorts:
    """The repository, which files it has, and where they are read and written."""

    repository: Repository
    tree: Tree
    files: Files


def migrate(places: MigrationPorts, names: Sequence[str], toolkit: ActionSource, *, write: bool) -> CmlMigration:
    """Translate the named workflows, or all that use CML, and write those that change when `write` says so.

    Raises UsageError for a name that is no text file of the repository.
    """
    paths = places.tree.paths()
    wanted = dict.fromkeys(names or [path for path in paths if _is_workflow(path) or path in _OTHER_FORGES])
    texts = {name: _text(places.files, name) for name in wanted}
    terms = TranslationTerms(toolkit, default_branch(places.repository))
    translations = tuple(
        translate(text, name, terms)
        for name, text in texts.items()
        if name not in _OTHER_FORGES and (names or may_use_cml(text))
    )
    found = CmlMigration(translations, tuple(_elsewhere(texts)))
    if not write:
        return found
    for one in found.changed:
        places.files.write(one.name, one.after.encode())
    return replace(found, workflows=tuple(one.written() for one in translations))


def default_branch(repository: Repository) -> str:
    """`main`, or `master` where only that exists."""
    for name in ("main", "master"):
        for revision in (f"origin/{name}", name):
            try:
                repository.resolve(revision)
            except MissingEvidence:
                continue
            return name
    return "main"


def _is_workflow(path: str) -> bool:
    return path.rpartition("/")[0] == WORKFLOWS and path.endswith((".yml", ".yaml"))


def _text(files: Files, name: str) -> str:
    content = files.read(name)
    if content is None:
        raise UsageError("there is no such file", where=name, hint=f"name a workflow in {WORKFLOWS}")
    if len(content) > MAX_BYTES:
        raise UsageError(f"larger than {MAX_BYTES} bytes", where=name, hint="name a workflow")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise UsageError("not UTF-8", where=name, hint="save the file as UTF-8") from error


def _elsewhere(texts: Mapping[str, str]) -> list[FileProblemLine]:
    hint = "keep cml there: it takes our markdown, gitops-mlops report --format markdown"
    return [
        FileProblemLine(
            name, 0, 0, "", f"{_OTHER_FORGES[name]} is not covered: only GitHub workflows are translated", hint
        )
        for name, text in texts.items()
        if name in _OTHER_FORGES and may_use_cml(text)
    ]
