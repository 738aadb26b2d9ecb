"""Git: the repository, its clone, its index and its objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gitops_mlops.domain.lineage.file_changes import FileChange
from gitops_mlops.domain.registry.remote import GitLock, RemoteTag

if TYPE_CHECKING:
    from gitops_mlops.domain.registry.approvals import TagSignature
    from gitops_mlops.domain.registry.mainline import Mainline
    from gitops_mlops.domain.registry.tags import TagRecord


class Experiment(NamedTuple):
    """An experiment that DVC keeps: the name people call it, its commit, and the commit that it started from."""

    name: str
    commit: str
    baseline: str


class StagedFile(NamedTuple):
    """An entry of git's index: the blob's object ID, and whether it is a symlink."""

    object: str
    symlink: bool = False


class Repository(Protocol):
    """The git repository. Revisions are anything that git resolves; paths are relative to its root."""

    root: Path

    def head(self) -> str:
        """The SHA of the checked-out commit. Raises EvidenceMissing when there is none yet."""

    def branch(self) -> str | None:
        """The checked-out branch, None when HEAD is detached."""

    def is_shallow(self) -> bool:
        """Whether history was cut off by a shallow clone."""

    def resolve(self, revision: str) -> str:
        """The SHA of the commit that a revision names. Raises EvidenceMissing when there is none."""

    def merge_base(self, one: str, other: str) -> str | None:
        """The newest commit that two revisions share; None when the clone holds none. Raises as `resolve`."""

    def known_commits(self, names: Iterable[str]) -> set[str]:
        """Those of some full SHAs that are commits here, in one git process."""

    def read(self, revision: str, path: str) -> bytes | None:
        """A file as it was at a revision; None when it was not there."""

    def files(self, revision: str | None = None) -> list[str]:
        """The tracked paths of a revision, or of the index."""

    def tags(self) -> Iterator[TagRecord]:
        """Every tag, in one git process."""

    def lacks_tags(self) -> bool:
        """Whether the clone was made without tags and none was fetched since."""

    def tags_containing(self, commit: str) -> set[str]:
        """The names of the tags whose commit is this one, or comes after it."""

    def is_ancestor(self, commit: str, of: str) -> bool:
        """Whether a commit is another one, or comes before it."""

    def mainline(self, *, ask: bool = True) -> Mainline:
        """The branch that changes are merged into; the remote may have to be asked.

        Raises EvidenceMissing when nothing says which one it is.
        """

    def unreachable(self, commits: Iterable[str], tips: Sequence[str]) -> set[str]:
        """Those of some commits that no tip is, or comes after, also those that are not here."""

    def create_tag(self, name: str, commit: str, message: str, when: datetime | None = None) -> None:
        """Write an annotated tag, dated `when` or now. Raises Overtaken when the name is taken, else OutsideError."""

    def verify_tag(self, name: str, allowed_signers: bytes) -> TagSignature:
        """Who signed a tag under this very name; SSH keys count when `allowed_signers` lists them."""

    def delete_tag(self, name: str) -> None:
        """Delete a tag of this clone, so that a write that failed half-way leaves nothing."""

    def push(self, refs: Sequence[str], remote: str = "origin") -> None:
        """Push refs, all or none, never forced.

        Raises Overtaken when the remote got something else under one of the names meanwhile, OutsideError when it
        refuses for another reason or is not there.
        """

    def fetch_tags(self, remote: str = "origin") -> None:
        """Bring every tag of a remote; those that are here stay as they are.

        Raises TagsDiffer for tags of the registry's form that are something else there, OutsideError.
        """

    def storage(self) -> Path:
        """Git's own folder, which the working trees of a clone share."""

    def changes(self, old: str, new: str | None = None) -> list[FileChange]:
        """What git says of files between a commit and another, or the working tree with its new files."""

    def changed_files(self, old: str, new: str | None = None) -> list[str]:
        """Paths that differ between a revision and another, or the working tree."""

    def message(self, revision: str) -> str:
        """What was said of a commit."""

    def checkout_detached(self, commit: str) -> None:
        """Check a commit out, on no branch. Raises OutsideError where files that were edited are in the way."""

    def experiments(self) -> list[Experiment]:
        """What `dvc exp run` and `dvc exp save` kept, the newest first."""

    def export(self, revision: str, folder: Path) -> None:
        """The files of a revision, as a checkout would write them, into an empty folder."""


class RemoteBranch(Protocol):
    """A branch of a remote, committed to without a working tree. All raise OutsideError when git fails."""

    def tip(self) -> str | None:
        """The commit that the branch is at now, fetched; None when there is no such branch."""

    def fetch(self, commit: str) -> bool:
        """Make a commit of the remote known here; whether that could be done."""

    def messages(self, old: str, new: str) -> dict[str, str]:
        """The messages of the commits that `new` has and `old` has not, and of `old`, the newest first."""

    def parent(self, commit: str) -> str | None:
        """The only parent of a commit; None when it has none, or several."""

    def changed(self, old: str, new: str) -> list[str]:
        """The paths that differ between two commits."""

    def commit(self, parent: str, files: Mapping[str, bytes | None], message: str) -> str:
        """A commit on top of `parent` that nothing points at yet; None removes a file."""

    def push(self, commit: str) -> bool:
        """Move the branch on to a commit that contains it; False when somebody else moved it first."""


class Clone(Protocol):
    """The clone itself: how it is set up, what it lacks of its remote, and how that is fixed."""

    def git_version(self) -> tuple[int, ...]:
        """Git's own version."""

    def identity_problem(self) -> str:
        """Why git could not say who writes a tag, "" when it can."""

    def has_hook(self, name: str) -> bool:
        """Whether git runs a hook of this name."""

    def ignored(self, paths: Sequence[str]) -> set[str]:
        """Those of some paths that git ignores, or already tracks."""

    def merge_driver(self, path: str) -> tuple[str, str]:
        """The merge driver that .gitattributes names for a path, and its command here; "" for what is not set."""

    def configure_merge_driver(self, name: str, command: str) -> None:
        """Make a merge driver known to this clone."""

    def locks(self) -> list[GitLock]:
        """Locks on tags, the oldest first."""

    def remotes(self) -> list[str]:
        """The names of the remotes."""

    def remote_tags(self, remote: str) -> dict[str, RemoteTag]:
        """Every tag of a remote by its name, in one git process. Raises OutsideError when it cannot be asked."""

    def outside_branches(self, commits: Iterable[str]) -> set[str]:
        """Those of some commits that no branch, here or of a remote, leads to."""

    def unpushed(self, branch: str, remote: str) -> int:
        """How many commits of a branch the remote did not have when it was last seen."""

    def unshallow(self, remote: str) -> None:
        """Fetch the history that was cut off."""

    def replace_tags(self, names: Sequence[str], remote: str) -> None:
        """Fetch exactly these tags, instead of those that are here."""

    def remove_lock(self, lock: GitLock) -> None:
        """Remove a lock that nobody holds any more."""


class Objects(Protocol):
    """git's objects, any number of them by one process. All raise EvidenceMissing for what this clone lacks."""

    def files(self, commit: str, wanted: Callable[[str], bool]) -> dict[str, str]:
        """Blob IDs by path, of the files of a commit whose name is `wanted`."""

    def prepare(self, commits: Iterable[str]) -> None:
        """Read what `files` needs of many commits at once; of those that this clone lacks nothing."""

    def contents(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The contents of many blobs by ID, without those that this clone lacks."""

    def object_at(self, commit: str, path: str) -> str | None:
        """The ID of a file's blob or a folder's tree; None when a commit has nothing there."""

    def content(self, name: str) -> bytes:
        """The content of a blob."""


class Index(Protocol):
    """git's index: what the next commit will hold. Inside a hook it is the one that git prepared for it."""

    def staged(self) -> dict[str, StagedFile]:
        """Every entry by path; submodules are left out."""

    def unstaged(self) -> set[str]:
        """Tracked paths whose content on disk is not the staged one."""

    def edited(self) -> set[str]:
        """Paths whose staged content is not the committed one; all that is staged where there is no commit."""

    def untracked(self, folder: str = "", *, ignored: bool = False) -> list[str]:
        """Files on disk that git does not track; with `ignored` also those that it was told to ignore."""

    def sizes(self, objects: Iterable[str]) -> dict[str, int]:
        """Bytes of blobs by object ID, in one git process."""

    def blobs(self, objects: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Contents of blobs by object ID, in few git processes; about 32 MiB are held at a time."""


class ScaffoldHistory(Protocol):
    """Where a repository begins, and what its scaffold is merged with later."""

    def root_around(self, folder: Path) -> str:
        """The root of the repository that a folder is in, "" when it is in none."""

    def new_branch(self) -> str:
        """What git calls the first branch of a new repository."""

    def begin(self, root: Path, branch: str, message: str) -> bool:
        """Make a repository and commit everything below `root`; False when git does not know who commits."""

    def default_branch(self) -> str:
        """The branch that others start from: the remote's, else the one that is checked out."""

    def merge_file(self, base: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, bool]:
        """Both changes of a file since `base`, and whether some contradict each other, between git's marks."""

    def blob(self, name: str) -> bytes | None:
        """The content of a blob by its ID, None when the repository does not have it."""
