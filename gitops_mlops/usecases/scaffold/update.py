"""Bring the files that a scaffold wrote to the present version of the toolkit, and lose nothing of the user's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from gitops_mlops.domain.digests import blob_id
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.ports import Files, Index, ScaffoldHistory, Templates
from gitops_mlops.domain.scaffold.pieces import with_hooks, with_lines
from gitops_mlops.domain.scaffold.plan import (
    EditKind,
    FileEdit,
    ScaffoldAnswers,
    ScaffoldPlan,
    ToolkitReference,
    fill_all,
    pinned,
)
from gitops_mlops.domain.scaffold.public_imports import private_imports, with_public_imports
from gitops_mlops.domain.scaffold.record import RECORD, ScaffoldRecord, parse_record, record_yaml
from gitops_mlops.domain.scaffold.update import three_way
from gitops_mlops.usecases.scaffold.new_project import rendered, with_remote


def plan_update(
    templates: Templates, git: ScaffoldHistory, files: Files, index: Index, toolkit: ToolkitReference
) -> ScaffoldPlan:
    """What an update would write.

    Raises UsageError where nothing was scaffolded, and where a file that would change holds what only it holds.
    """
    content = files.read(RECORD)
    if content is None:
        hint = "gitops-mlops init adds the toolkit to this repository"
        raise UsageError("there is no such file, so nothing here was written by init", where=RECORD, hint=hint)
    record = parse_record(content)
    answers = replace(record.answers(), toolkit=toolkit)
    if record.template:
        new = rendered(templates, record.template, answers)
    else:
        new = with_remote(fill_all({**templates.dvc(), **templates.toolkit()}, answers), answers.remote)
        new = {path: text for path, text in new.items() if path in record.files or path in templates.toolkit()}
    update = _Update(git, files, record, answers)
    for path, text in new.items():
        update.take(path, text)
    for path in sorted(record.files.keys() - new.keys()):
        update.drop(path)
    for path, entry in sorted(index.staged().items()):
        if path.endswith(".py") and path not in update.ids and not entry.symlink:
            update.take_import(path)
    plan = update.plan(content)
    if endangered := sorted(index.unstaged() & {edit.path for edit in plan.edits if edit.after is not None}):
        hint = "commit or git stash it, then update"
        raise UsageError("has changes that are not committed, and would be updated", where=endangered[0], hint=hint)
    return plan


@dataclass
class _Update:
    git: ScaffoldHistory
    files: Files
    record: ScaffoldRecord
    answers: ScaffoldAnswers
    edits: list[FileEdit] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    bases: dict[str, bytes] = field(default_factory=dict)
    pieces: dict[str, str] = field(default_factory=dict)

    def take(self, path: str, new: bytes) -> None:
        """Decide about one file of the present version."""
        ours = self.files.read(path)
        if path in self.record.pieces:
            self._take_piece(path, ours, new)
        elif path in self.record.files:
            self._take_file(path, ours, new)
        elif ours is None:
            self.ids[path] = blob_id(new)
            self.edits.append(FileEdit(EditKind.ADDED, path, None, new))
        elif ours == new:
            self.ids[path] = blob_id(new)
        else:
            self.notes.append(f"{path}: the toolkit has a file of this name too; yours was kept")

    def drop(self, path: str) -> None:
        """Decide about a file that the present version has no more."""
        ours = self.files.read(path)
        if ours is None:
            return
        if blob_id(self._before(ours)) == self.record.files[path]:
            self.edits.append(FileEdit(EditKind.REMOVED, path, ours, None))
        else:
            self.notes.append(f"{path}: the toolkit no longer has it; yours was kept, since you changed it")

    def take_import(self, path: str) -> None:
        """Bring the imports of a file that is wholly the user's to the public names."""
        if (ours := self.files.read(path)) is not None:
            self._keep(path, ours, with_public_imports(ours), EditKind.CHANGED)

    def plan(self, before: bytes) -> ScaffoldPlan:
        """All that was decided, and the record of it."""
        after = record_yaml(self.record.template, self.answers, self.ids, self.bases, self.pieces)
        edits = sorted(self.edits, key=lambda edit: edit.path)
        if after != before:
            edits.append(FileEdit(EditKind.CHANGED, RECORD, before, after))
        return ScaffoldPlan(tuple(edits), tuple(self.notes), tuple(self._steps(edits)))

    def _take_file(self, path: str, ours: bytes | None, new: bytes) -> None:
        self.ids[path] = blob_id(new)
        if ours is None:
            # It was deleted on purpose, and stays so.
            return
        # On both sides, so that an import that moved contradicts no edit of the user's.
        base, moved = self._base(path), ours
        if path.endswith(".py"):
            base, moved = base and with_public_imports(base), with_public_imports(ours)
        edit = three_way(path, base, self._before(moved), new, self.git.merge_file)
        after = moved if edit is None or edit.after is None else edit.after
        self._keep(path, ours, after, edit.kind if edit else EditKind.CHANGED if after == new else EditKind.MERGED)
        if after != new:
            # No commit will ever hold it.
            self.bases[path] = new

    def _keep(self, path: str, ours: bytes, after: bytes, kind: EditKind) -> None:
        """Write what became of a file, and name what it still imports of the toolkit's inside."""
        if after != ours:
            self.edits.append(FileEdit(kind, path, ours, after))
        for line, module in private_imports(after) if path.endswith(".py") else ():
            self.notes.append(
                f"{path}:{line}: {module} is private and may move; docs/api.md names what may be imported"
            )

    def _take_piece(self, path: str, ours: bytes | None, new: bytes) -> None:
        old = self.record.pieces[path]
        self.pieces[path] = old
        if ours is None:
            return
        if path.endswith(".yaml"):
            self._take_hooks(path, ours, new, old)
            return
        wanted = "".join(f"{line}\n" for line in new.decode().splitlines() if line not in old.splitlines())
        after, piece = with_lines(ours, wanted.encode())
        if piece:
            self.pieces[path] = old + piece
            self.edits.append(FileEdit(EditKind.CHANGED, path, ours, after))

    def _take_hooks(self, path: str, ours: bytes, new: bytes, old: str) -> None:
        before = self._before(ours)
        taken_out = before.replace(old.encode(), b"", 1)
        put_in = with_hooks(taken_out, new, path) if taken_out != before else None
        if put_in is None or not put_in[1]:
            self.notes.append(f"{path}: you changed our hooks, so they were left as they are")
            return
        self.pieces[path] = put_in[1]
        after = before.replace(old.encode(), put_in[1].encode(), 1)
        if after != ours:
            self.edits.append(FileEdit(EditKind.CHANGED, path, ours, after))

    def _base(self, path: str) -> bytes | None:
        known = self.record.bases.get(path)
        return known.encode() if known is not None else self.git.blob(self.record.files[path])

    def _before(self, ours: bytes) -> bytes:
        """As if no bot had moved the pins since the last update."""
        return pinned(ours, self.record.toolkit.repository, self.record.answers().toolkit)

    def _steps(self, edits: list[FileEdit]) -> Iterator[str]:
        if edits:
            version = self.answers.toolkit.version
            yield "git diff"
            yield f'git add --all && git commit --message "Update to gitops-mlops {version}"'
