"""A repository: its commits, its files at a revision, and its tags."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_mlops.adapters.git import exchange
from gitops_mlops.adapters.git.running import lock_hint, output, paths, reason, run
from gitops_mlops.adapters.git.tags import TagStream
from gitops_mlops.domain.errors import ConcurrentUpdate, ExternalError, MissingEvidence, UsageError
from gitops_mlops.domain.registry.tags import TagRecord

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import Experiment, FileChange
    from gitops_mlops.domain.registry.approvals import TagSignature
    from gitops_mlops.domain.registry.mainline import Mainline

_SHA = re.compile(r"[0-9a-f]{40,64}\Z")
_SIGNING = "fix user.signingKey, or unset tag.gpgSign to write tags without a signature"

# DVC splits the baseline's hash as git splits objects.
_EXPERIMENT = re.compile(r"refs/exps/([0-9a-f]{2})/([0-9a-f]{38})/(\S+) ([0-9a-f]{40})")


class GitRepository:
    """The repository at `root`."""

    def __init__(self, root: Path, shallow: bool | None = None, tags: TagStream | None = None) -> None:
        self.root = root
        self._shallow = shallow
        self._tags = tags
        # SHAs that were resolved: nothing else can ever answer to them.
        self._commits: set[str] = set()

    @classmethod
    def around(cls, start: Path, tags: TagStream | None = None) -> GitRepository:
        """The repository that `start` is in; `tags` when reading them was begun there.

        Raises UsageError when it is in none.
        """
        found = run(["rev-parse", "--is-shallow-repository", "--show-toplevel"], start)
        if found.returncode:
            if "not a git repository" in found.stderr.decode(errors="replace"):
                raise UsageError("not a git repository", where=str(start), hint="run git init, or use -C DIR")
            safe = f"chown it, or git config --global --add safe.directory '{start}'"
            raise ExternalError(
                reason(found), where=str(start), hint=safe if b"safe.directory" in found.stderr else "git status"
            )
        shallow, _, root = found.stdout.partition(b"\n")
        if not root.strip():
            raise UsageError("a bare repository has no working tree", where=str(start), hint="clone it first")
        return cls(Path(os.fsdecode(root.removesuffix(b"\n"))), shallow == b"true", tags)

    def head(self) -> str:
        """The checked-out commit."""
        return self.resolve("HEAD")

    def branch(self) -> str | None:
        """The checked-out branch, None when HEAD is detached."""
        found = run(["symbolic-ref", "--quiet", "--short", "HEAD"], self.root)
        return found.stdout.decode().strip() or None

    def is_shallow(self) -> bool:
        """Whether history was cut off."""
        if self._shallow is None:
            self._shallow = self._run(["rev-parse", "--is-shallow-repository"]).strip() == b"true"
        return self._shallow

    def resolve(self, revision: str) -> str:
        """The SHA of the commit that a revision names."""
        if revision in self._commits:
            return revision
        found = run(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"], self.root)
        if found.returncode == 0:
            commit = found.stdout.decode().strip()
            self._commits.add(commit)
            return commit
        if revision == "HEAD":
            raise MissingEvidence("the repository has no commits", hint="commit something first")
        raise MissingEvidence("no such revision", where=repr(revision), hint="git fetch --tags, or check the name")

    def merge_base(self, one: str, other: str) -> str | None:
        """The newest commit that two revisions share; None when the clone holds none."""
        found = run(["merge-base", self.resolve(one), self.resolve(other)], self.root)
        return found.stdout.decode().strip() or None

    def known_commits(self, names: Iterable[str]) -> set[str]:
        """Those of some full SHAs that are commits here."""
        asked = "".join(f"{name}\n" for name in names if _SHA.match(name)).encode()
        told = output(["cat-file", "--batch-check=%(objecttype) %(objectname)"], self.root, asked).decode()
        return {line.removeprefix("commit ") for line in told.splitlines() if line.startswith("commit ")}

    def read(self, revision: str, path: str) -> bytes | None:
        """A file as it was at a revision; None when it was not there."""
        commit = self.resolve(revision)
        found = run(["cat-file", "blob", f"{commit}:{path}"], self.root)
        return found.stdout if found.returncode == 0 else None

    def files(self, revision: str | None = None) -> list[str]:
        """The tracked paths of a revision, or of the index."""
        command = (
            ["ls-files", "-z"] if revision is None else ["ls-tree", "-rz", "--name-only", self.resolve(revision)]
        )
        return paths(self._run(command))

    def tags(self) -> Iterator[TagRecord]:
        """Every tag, in one git process; each is given while git still reads the next."""
        begun, self._tags = self._tags, None
        return iter(begun or TagStream(self.root))

    def lacks_tags(self) -> bool:
        """Whether the clone was made with --no-tags and none was fetched since."""
        if self._run(["for-each-ref", "--count=1", "refs/tags"]):
            return False
        found = run(["config", "--get-regexp", r"^remote\..*\.tagopt$"], self.root)
        return b"--no-tags" in found.stdout

    def tags_containing(self, commit: str) -> set[str]:
        """The names of the tags whose commit is this one, or comes after it."""
        found = self._run(["for-each-ref", f"--contains={commit}", "--format=%(refname:lstrip=2)", "refs/tags"])
        return set(os.fsdecode(found).splitlines())

    def is_ancestor(self, commit: str, of: str) -> bool:
        """Whether a commit is another one, or comes before it. Raises OutsideError for what is not a commit."""
        done = run(["merge-base", "--is-ancestor", commit, of], self.root)
        if done.returncode not in (0, 1):
            raise ExternalError(reason(done), where="git merge-base")
        return done.returncode == 0

    def mainline(self, *, ask: bool = True) -> Mainline:
        """The branch that changes are merged into."""
        # Looking at the registry does not need it.
        from gitops_mlops.adapters.git.mainline import mainline

        return mainline(self.root, ask)

    def unreachable(self, commits: Iterable[str], tips: Sequence[str]) -> set[str]:
        """Those of some commits that no tip is, or comes after; also those that are not here."""
        asked = set(commits)
        # A server may claim any text as its commit: only commits that are here reach git's command language.
        known = self.known_commits(asked)
        lines = "".join(f"{line}\n" for line in (*known, *(f"^{tip}" for tip in tips)))
        told = output(["rev-list", "--stdin"], self.root, lines.encode()).decode() if known else ""
        return (asked - known) | known.intersection(told.split())

    def create_tag(self, name: str, commit: str, message: str, when: datetime | None = None) -> None:
        """Write an annotated tag; `--cleanup=verbatim` keeps the trailers as they are."""
        made = run(
            ["tag", "--annotate", "--cleanup=verbatim", "--file=-", "--", name, commit],
            self.root,
            message.encode(),
            {"GIT_COMMITTER_DATE": f"@{int(when.timestamp())} +0000"} if when else {},
        )
        if made.returncode:
            if run(["show-ref", "--verify", "--quiet", f"refs/tags/{name}"], self.root).returncode == 0:
                raise ConcurrentUpdate(reason(made), where=f"tag {name}", hint="see gitops-mlops history")
            signing = b"sign the" in made.stderr or b"signingkey" in made.stderr
            raise ExternalError(reason(made), where=f"tag {name}", hint=_SIGNING if signing else lock_hint(made))
        if b"error:" in made.stderr:
            # Git 2.39 says why it cannot sign with an SSH key, writes the tag all the same and ends with 0.
            self.delete_tag(name)
            raise ExternalError(f"cannot be signed: {reason(made)}", where=f"tag {name}", hint=_SIGNING)

    def verify_tag(self, name: str, allowed_signers: bytes) -> TagSignature:
        """Who signed a tag under this very name."""
        # Only a policy that asks for signatures needs it.
        from gitops_mlops.adapters.git import signatures

        return signatures.verify_tag(self.root, name, allowed_signers)

    def delete_tag(self, name: str) -> None:
        """Delete a tag of this clone."""
        self._run(["tag", "--delete", name])

    def push(self, refs: Sequence[str], remote: str = "origin") -> None:
        """Push refs, all or none, never forced."""
        exchange.push(self.root, refs, remote)

    def fetch_tags(self, remote: str = "origin") -> None:
        """Bring the tags of a remote; those that are here stay as they are."""
        exchange.fetch_tags(self.root, remote)

    def storage(self) -> Path:
        """Git's own folder, which the working trees of a clone share."""
        folder = self._run(["rev-parse", "--git-common-dir"]).removesuffix(b"\n")
        return (self.root / os.fsdecode(folder)).resolve()

    def changes(self, old: str, new: str | None = None) -> list[FileChange]:
        """What git says of files between a commit and another, or the working tree with its new files."""
        from gitops_mlops.adapters.git.changes import changes

        return changes(self.root, old, new)

    def changed_files(self, old: str, new: str | None = None) -> list[str]:
        """Paths that differ between a revision and another, or the working tree."""
        revisions = [self.resolve(old)] + ([self.resolve(new)] if new else [])
        return paths(self._run(["diff", "--name-only", "-z", *revisions, "--"]))

    def message(self, revision: str) -> str:
        """What was said of a commit."""
        return self._run(["log", "--max-count=1", "--format=%B", self.resolve(revision), "--"]).decode(
            errors="replace"
        )

    def checkout_detached(self, commit: str) -> None:
        """Check a commit out, on no branch."""
        self._run(["checkout", "--quiet", "--detach", commit])

    def experiments(self) -> list[Experiment]:
        """What DVC kept below refs/exps/<baseline>/<name>, the newest first; its queue and workers are left out."""
        from gitops_mlops.domain.ports import Experiment

        listed = self._run(
            ["for-each-ref", "--sort=-committerdate", "--format=%(refname) %(objectname)", "refs/exps"]
        )
        found = (_EXPERIMENT.fullmatch(line) for line in listed.decode(errors="replace").splitlines())
        return [Experiment(match[3], match[4], match[1] + match[2]) for match in found if match]

    def export(self, revision: str, folder: Path) -> None:
        """The files of a revision, as a checkout would write them, into an empty folder."""
        # It imports more than looking at the registry needs in all.
        from tempfile import TemporaryDirectory

        commit = self.resolve(revision)
        # An index of its own: what the user has staged stays as it is.
        with TemporaryDirectory(prefix="gitops-mlops-index-") as scratch:
            own = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            output(["read-tree", commit], self.root, extra=own)
            output(["checkout-index", "--all", "--quiet", f"--prefix={folder}/"], self.root, extra=own)

    def _run(self, arguments: Sequence[str]) -> bytes:
        return output(arguments, self.root)
