"""git: the only module that starts it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path

from gitops_mlops.domain.errors import EvidenceMissing, OutsideError, UsageError
from gitops_mlops.domain.ports import StagedFile, TagRecord

# Inside a hook git sets these for the repository that runs it; they would make us read another one's index.
_FOREIGN = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
)

# Characters read at once of a long output.
_PIECE = 256 * 1024

TAG_FIELDS = (
    "refname",
    "objecttype",
    "objectname",
    "*objecttype",
    "*objectname",
    "taggerdate:unix",
    "taggername",
    "contents",
)


_HELD = 32 * 1024 * 1024


class GitRepository:
    """The repository at `root`."""

    def __init__(self, root: Path, shallow: bool | None = None) -> None:
        self.root = root
        self._shallow = shallow

    @classmethod
    def around(cls, start: Path) -> GitRepository:
        """The repository that `start` is in. Raises UsageError when it is in none."""
        found = _git(["rev-parse", "--is-shallow-repository", "--show-toplevel"], start)
        if found.returncode:
            if "not a git repository" in found.stderr.decode(errors="replace"):
                raise UsageError("not a git repository", where=str(start), hint="run git init, or use -C DIR")
            safe = f"chown it, or git config --global --add safe.directory '{start}'"
            raise OutsideError(
                _reason(found), where=str(start), hint=safe if b"safe.directory" in found.stderr else "git status"
            )
        shallow, _, root = found.stdout.partition(b"\n")
        if not root.strip():
            raise UsageError("a bare repository has no working tree", where=str(start), hint="clone it first")
        return cls(Path(os.fsdecode(root.removesuffix(b"\n"))), shallow == b"true")

    def head(self) -> str:
        """The checked-out commit."""
        return self.resolve("HEAD")

    def branch(self) -> str | None:
        """The checked-out branch, None when HEAD is detached."""
        found = _git(["symbolic-ref", "--quiet", "--short", "HEAD"], self.root)
        return found.stdout.decode().strip() or None

    def is_shallow(self) -> bool:
        """Whether history was cut off."""
        if self._shallow is None:
            self._shallow = self._run(["rev-parse", "--is-shallow-repository"]).strip() == b"true"
        return self._shallow

    def resolve(self, revision: str) -> str:
        """The SHA of the commit that a revision names."""
        found = _git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"], self.root)
        if found.returncode == 0:
            return found.stdout.decode().strip()
        if revision == "HEAD":
            raise EvidenceMissing("the repository has no commits", hint="commit something first")
        raise EvidenceMissing("no such revision", where=repr(revision), hint="git fetch --tags, or check the name")

    def read(self, revision: str, path: str) -> bytes | None:
        """A file as it was at a revision; None when it was not there."""
        commit = self.resolve(revision)
        found = _git(["cat-file", "blob", f"{commit}:{path}"], self.root)
        return found.stdout if found.returncode == 0 else None

    def files(self, revision: str | None = None) -> list[str]:
        """The tracked paths of a revision, or of the index."""
        command = (
            ["ls-files", "-z"] if revision is None else ["ls-tree", "-rz", "--name-only", self.resolve(revision)]
        )
        return _paths(self._run(command))

    def tags(self) -> Iterator[TagRecord]:
        """Every tag, in one git process; each is given while git still reads the next."""
        # %00 ends a field: no message can hold a NUL, so nothing in it can imitate the next field.
        form = "".join(f"%({field})%00" for field in TAG_FIELDS)
        width = len(TAG_FIELDS)
        rest: list[str] = [""]
        for text in _stream(["for-each-ref", f"--format={form}", "refs/tags"], self.root):
            first, *others = text.split("\0")
            rest[-1] += first
            rest += others
            whole = (len(rest) - 1) // width * width
            for start in range(0, whole, width):
                yield _tag(rest[start : start + width])
            del rest[:whole]

    def lacks_tags(self) -> bool:
        """Whether the clone was made with --no-tags and none was fetched since."""
        if self._run(["for-each-ref", "--count=1", "refs/tags"]):
            return False
        found = _git(["config", "--get-regexp", r"^remote\..*\.tagopt$"], self.root)
        return b"--no-tags" in found.stdout

    def create_tag(self, name: str, commit: str, message: str, when: datetime | None = None) -> None:
        """Write an annotated tag; `--cleanup=verbatim` keeps the trailers as they are."""
        made = _git(
            ["tag", "--annotate", "--cleanup=verbatim", "--file=-", "--", name, commit],
            self.root,
            message.encode(),
            {"GIT_COMMITTER_DATE": f"@{int(when.timestamp())} +0000"} if when else {},
        )
        if made.returncode:
            raise OutsideError(_reason(made), where=f"tag {name}")

    def delete_tag(self, name: str) -> None:
        """Delete a tag of this clone."""
        self._run(["tag", "--delete", name])

    def push(self, refs: Sequence[str], remote: str = "origin") -> None:
        """Push refs, all or none, never forced."""
        pushed = _git(["push", "--quiet", "--atomic", "--", remote, *refs], self.root)
        if pushed.returncode:
            raise OutsideError(
                _reason(pushed),
                where=f"git push {remote}",
                hint="git fetch --tags, see git remote -v, then try again",
            )

    def changed_files(self, old: str, new: str | None = None) -> list[str]:
        """Paths that differ between a revision and another, or the working tree."""
        revisions = [self.resolve(old)] + ([self.resolve(new)] if new else [])
        return _paths(self._run(["diff", "--name-only", "-z", *revisions, "--"]))

    def _run(self, arguments: Sequence[str]) -> bytes:
        done = _git(arguments, self.root)
        if done.returncode:
            raise OutsideError(_reason(done), where=f"git {arguments[0]}")
        return done.stdout


class GitIndex:
    """The index of the repository at `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._environment = {"GIT_OPTIONAL_LOCKS": "0", **_own_index(root)}

    def staged(self) -> dict[str, StagedFile]:
        """Every entry by path; submodules are left out."""
        found = {}
        for line in self._run(["ls-files", "--stage", "-z"]).split(b"\0"):
            if line:
                facts, path = line.split(b"\t", 1)
                mode, name, _stage = facts.decode().split(" ")
                if mode != "160000":
                    found[os.fsdecode(path)] = StagedFile(name, mode == "120000")
        return found

    def unstaged(self) -> set[str]:
        """Tracked paths whose content on disk is not the staged one."""
        return set(_paths(self._run(["diff", "--name-only", "--no-ext-diff", "-z"])))

    def untracked(self, folder: str = "", *, ignored: bool = False) -> list[str]:
        """Files on disk that git does not track; with `ignored` also those that it was told to ignore."""
        exclude = [] if ignored else ["--exclude-standard"]
        where = ["--", folder] if folder else []
        return _paths(self._run(["--literal-pathspecs", "ls-files", "--others", "-z", *exclude, *where]))

    def sizes(self, objects: Iterable[str]) -> dict[str, int]:
        """Bytes of blobs by object ID, in one git process."""
        asked = "".join(f"{name}\n" for name in objects).encode()
        lines = self._run(["cat-file", "--batch-check=%(objectname) %(objectsize)"], asked).decode().splitlines()
        return {name: int(size) for name, size in (line.split(" ", 1) for line in lines) if size.isdigit()}

    def blobs(self, objects: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Contents of blobs by object ID, in few git processes; about 32 MiB are held at a time."""
        chunk: list[str] = []
        held = 0
        for name, size in self.sizes(objects).items():
            if chunk and held + size > _HELD:
                yield from self._contents(chunk)
                chunk, held = [], 0
            chunk.append(name)
            held += size
        if chunk:
            yield from self._contents(chunk)

    def _contents(self, objects: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        raw = self._run(["cat-file", "--batch"], "".join(f"{name}\n" for name in objects).encode())
        start = 0
        for name in objects:
            end = raw.index(b"\n", start)
            size = int(raw[start:end].split(b" ")[2])
            yield name, raw[end + 1 : end + 1 + size]
            start = end + 1 + size + 1

    def _run(self, arguments: Sequence[str], stdin: bytes | None = None) -> bytes:
        done = _git(arguments, self._root, stdin, self._environment)
        if done.returncode:
            raise OutsideError(_reason(done), where=f"git {arguments[0]}")
        return done.stdout


def _own_index(root: Path) -> dict[str, str]:
    """The index that `git commit -a` or `git commit PATH` prepared, when we run in a hook of this repository."""
    named = os.environ.get("GIT_INDEX_FILE")
    if not named:
        return {}
    folder = _git(["rev-parse", "--absolute-git-dir"], root).stdout.rstrip(b"\n")
    # Git names it relative to the top of the working tree.
    index = (root / named).resolve()
    own = folder and index.is_relative_to(Path(os.fsdecode(folder)).resolve()) and index.is_file()
    return {"GIT_INDEX_FILE": str(index)} if own else {}


def _paths(raw: bytes) -> list[str]:
    return [os.fsdecode(path) for path in raw.split(b"\0") if path]


def _git(
    arguments: Sequence[str], folder: Path, stdin: bytes | None = None, extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    with _starting(folder):
        return subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**_environment(), **(extra or {})},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            check=False,
        )


def _stream(arguments: Sequence[str], folder: Path) -> Iterator[str]:
    """Standard output in pieces, as git writes it. Raises OutsideError at the end when git failed."""
    with (
        _starting(folder),
        subprocess.Popen(
            ["git", *arguments],
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # Nobody reads it meanwhile, and a full pipe would stop git.
            stderr=subprocess.DEVNULL,
        ) as process,
    ):
        assert process.stdout is not None
        # A carriage return in a message stays one: as a line's end it could begin a trailer.
        text = TextIOWrapper(process.stdout, encoding="utf-8", errors="replace", newline="\n")
        while piece := text.read(_PIECE):
            yield piece
    if process.returncode:
        raise OutsideError(_reason(_git(arguments, folder)), where=f"git {arguments[0]}")


def _environment() -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if key not in _FOREIGN}
    # Messages are read by `around`; a prompt would hang a job that nobody watches.
    return environment | {"LC_ALL": "C.UTF-8", "LANGUAGE": "", "GIT_TERMINAL_PROMPT": "0"}


@contextmanager
def _starting(folder: Path) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise UsageError("a name that is given to git holds a NUL character") from error
    except OSError as error:
        if not folder.is_dir():
            raise UsageError("no such folder", where=str(folder)) from error
        raise OutsideError(f"git cannot be started ({error.strerror})", hint="install git 2.30 or newer") from error


def _reason(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "!", "remote:"))]
    first = (telling or lines or [f"git ended with {done.returncode}"])[0]
    return first.removeprefix("fatal: ").removeprefix("error: ")


def _tag(fields: Sequence[str]) -> TagRecord:
    ref, kind, direct, target_kind, target, date, tagger, message = fields
    name = ref.removeprefix("\n").removeprefix("refs/tags/")
    if kind != "tag":
        return TagRecord(name, direct if kind == "commit" else "", False)
    return TagRecord(name, target if target_kind == "commit" else "", True, _date(date), tagger, message)


def _date(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        # Git stores any number as a date; Python's calendar ends with the year 9999.
        return None
