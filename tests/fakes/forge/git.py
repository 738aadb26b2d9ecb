"""Bare repositories, with git's own commands."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

NOBODY = "0" * 40


class GitRefused(Exception):
    """What git said."""


@dataclass(frozen=True)
class Bare:
    """A bare repository."""

    folder: Path

    @staticmethod
    def create(folder: Path, branch: str = "main") -> Bare:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Bare(folder)
        made._run("init", "--quiet", "--bare", "--initial-branch", branch, str(folder), inside=False)
        made("config", "http.receivepack", "true")
        return made

    @staticmethod
    def fork(source: Bare, folder: Path) -> Bare:
        made = Bare.create(folder)
        made("fetch", "--quiet", str(source.folder), "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        return made

    def __call__(self, *words: str, given: str | None = None) -> str:
        return self._run(*words, given=given)

    def _run(self, *words: str, inside: bool = True, given: str | None = None) -> str:
        # Its own identity, for merges; a hook of a test's environment has no place here.
        stamp = os.environ.get("GIT_COMMITTER_DATE", "2026-01-01T12:00:00+0000")
        who = {"NAME": "Forge", "EMAIL": "noreply@forge.invalid", "DATE": stamp}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment |= {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
        environment |= {"GIT_CONFIG_NOSYSTEM": "1"}
        place = ["--git-dir", str(self.folder)] if inside else []
        done = subprocess.run(
            ["git", *place, *words], env=environment, capture_output=True, text=True, check=False, input=given
        )
        if done.returncode:
            raise GitRefused(f"git {' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def commit(self, revision: str) -> str | None:
        """The commit at a revision; None when there is none."""
        try:
            return self("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        except GitRefused:
            return None

    def refs(self) -> dict[str, str]:
        """What branches and tags point to."""
        listed = self("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags")
        return {name: target for target, _, name in (line.partition(" ") for line in listed.splitlines())}

    def set(self, ref: str, target: str | None, old: str | None = None) -> None:
        if target is None:
            self("update-ref", "-d", ref)
        else:
            self("update-ref", ref, target, *([old] if old is not None else []))

    def take(self, other: Bare, branch: str, ref: str) -> None:
        """Fetch a branch of another repository into a ref."""
        self("fetch", "--quiet", "--no-tags", str(other.folder), f"+refs/heads/{branch}:{ref}")

    def merged_tree(self, base: str, head: str) -> str | None:
        """The tree of a merge; None when it conflicts."""
        try:
            return self("merge-tree", "--write-tree", base, head).splitlines()[0]
        except GitRefused:
            return None

    def commit_tree(self, tree: str, parents: list[str], message: str) -> str:
        words = [word for parent in parents for word in ("-p", parent)]
        return self("commit-tree", tree, *words, "-F", "-", given=message)

    def is_ancestor(self, older: str, newer: str) -> bool:
        try:
            self("merge-base", "--is-ancestor", older, newer)
        except GitRefused:
            return False
        return True

    def message(self, commit: str) -> str:
        return self("log", "-1", "--format=%B", commit)

    def between(self, before: str, after: str) -> list[str]:
        """The commits that a push brought, the oldest first."""
        since = [f"^{before}"] if before != NOBODY and self.commit(before) else []
        return self("rev-list", "--reverse", after, *since).split()

    def changed(self, commit: str) -> dict[str, list[str]]:
        """The paths that a commit added, removed and modified, against its first parent."""
        found: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
        words = (
            "diff-tree",
            "--root",
            "--no-commit-id",
            "--name-status",
            "--no-renames",
            "-r",
            "-m",
            "--first-parent",
        )
        kinds = {"A": "added", "D": "removed"}
        for line in self(*words, commit).splitlines():
            kind, _, path = line.partition("\t")
            found[kinds.get(kind, "modified")].append(path)
        return found
