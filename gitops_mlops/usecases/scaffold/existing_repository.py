"""Add the toolkit to a repository that exists; what is there already stays as it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from gitops_mlops.domain.digests import blob_id
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.ports import Files, Templates
from gitops_mlops.domain.scaffold.pieces import with_hooks, with_lines
from gitops_mlops.domain.scaffold.plan import EditKind, FileEdit, ScaffoldAnswers, ScaffoldPlan, fill_all
from gitops_mlops.domain.scaffold.record import RECORD, record_yaml
from gitops_mlops.usecases.scaffold.draft import DraftAnswers, DraftSources, drafted
from gitops_mlops.usecases.scaffold.new_project import with_remote

_LISTS = (".gitignore", ".gitattributes")
_HOOKS = ".pre-commit-config.yaml"


def plan_adoption(
    templates: Templates, here: DraftSources, answers: ScaffoldAnswers, known: DraftAnswers
) -> ScaffoldPlan:
    """What would be added. Raises UsageError where the toolkit is already, or something has to be said first."""
    files = here.files
    if files.read(RECORD) is not None:
        raise UsageError("the toolkit is in this repository already", where=RECORD, hint="gitops-mlops init --update")
    has_dvc = files.resolve(".dvc").is_dir()
    if has_dvc and answers.remote:
        hint = "dvc remote add --default NAME URL"
        raise UsageError("DVC is set up here, and has its own remotes", where="--dvc-remote", hint=hint)
    adoption = _Adoption(files)
    for path, content in fill_all(templates.toolkit(), answers).items():
        adoption.add(path, content)
    if not has_dvc:
        for path, content in with_remote(fill_all(templates.dvc(), answers), answers.remote).items():
            adoption.add(path, content)
        adoption.notes.append("there was no DVC here: what `dvc init` writes is among the files")
    if files.read("mlops.yaml") is None:
        for path, content in drafted(here, known).items():
            adoption.add_once(path, content)
    return adoption.plan(answers)


@dataclass
class _Adoption:
    files: Files
    edits: list[FileEdit] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    pieces: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, content: bytes) -> None:
        """A file of the toolkit, or its lines in the user's."""
        before = self.files.read(path)
        if before is None:
            self.ids[path] = blob_id(content)
            self.edits.append(FileEdit(EditKind.ADDED, path, None, content))
        elif path in _LISTS:
            self._put_in(path, before, *with_lines(before, content))
        elif path == _HOOKS and (put_in := with_hooks(before, content, path)):
            self._put_in(path, before, *put_in)
        else:
            self.notes.append(f"{path} is there already and was left alone")

    def add_once(self, path: str, content: bytes) -> None:
        """A draft, which is the user's from now on."""
        if self.files.read(path) is None:
            self.edits.append(FileEdit(EditKind.ADDED, path, None, content))
        else:
            self.notes.append(f"{path} is there already and was left alone")

    def plan(self, answers: ScaffoldAnswers) -> ScaffoldPlan:
        """All edits, and the record of them."""
        record = record_yaml(None, answers, self.ids, pieces=self.pieces)
        edits = sorted((*self.edits, FileEdit(EditKind.ADDED, RECORD, None, record)), key=lambda edit: edit.path)
        steps = (
            "gitops-mlops check",
            "git switch --create gitops-mlops",
            'git add --all && git commit --message "Add gitops-mlops"',
            "git push --set-upstream origin gitops-mlops",
        )
        return ScaffoldPlan(tuple(edits), tuple(self.notes), steps)

    def _put_in(self, path: str, before: bytes, after: bytes, piece: str) -> None:
        if piece:
            self.pieces[path] = piece
            self.edits.append(FileEdit(EditKind.CHANGED, path, before, after))
