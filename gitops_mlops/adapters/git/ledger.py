"""The ledger's branch: written without a working tree, merged and pushed, never rewritten."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_mlops.adapters.git.objects import open_objects
from gitops_mlops.adapters.git.running import output, paths, reason, run
from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.domain.ports import LedgerLine, LedgerRemoval
from gitops_mlops.domain.registry.ledger import BRANCH, appended, line_key

_LOCAL = f"refs/heads/{BRANCH}"
# Where the branch is built anew before it is moved.
_REBUILT = f"refs/gitops-mlops/{BRANCH}"
# Each attempt that fails means that another writer succeeded.
_ATTEMPTS = 50
# What git says when another writer was faster: here, and on the remote.
_RACES = (b"Not updating", b"File exists", b"but expected", b"reference already exists")
_REMOTE_RACES = (*_RACES, b"[rejected]", b"failed to update ref", b"incorrect old value")

_FILES = ("100644", "100755")
# What was seen once may not vanish: there is no `+`, neither here nor, by the empty --refmap, the clone's own.
_FETCH = ("fetch", "--no-prune", "--refmap=", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
# Nothing else goes with it, whatever the user's settings send along.
_PUSH = ("push", "--quiet", "--no-follow-tags", "--no-recurse-submodules")


class _BranchTips(NamedTuple):
    """Where the branch stands here, and where the remote's stood when it was last seen; "" for nowhere."""

    local: str
    remote: str


class GitLedger:
    """The branch of the repository at `root`, shared through a remote."""

    def __init__(self, root: Path, remote: str = "origin") -> None:
        self._root = root
        self._remote = remote
        self._seen = f"refs/remotes/{remote}/{BRANCH}"

    def lines(self, folders: Sequence[str] = ()) -> Iterator[LedgerLine]:
        """Every line below the folders; what both this clone's and the remote's branch hold is given once."""
        return self._lines([tip for tip in self._tips() if tip], folders)

    def shared(self, folders: Sequence[str] = ()) -> set[str]:
        """The lines below the folders that the remote was seen to have."""
        return {line.text for line in self._lines([tip for tip in [self._tips().remote] if tip], folders)}

    def writer(self) -> str:
        """Who writes it, as git knows him."""
        return self._committer().decode(errors="replace").partition(" <")[0]

    def _lines(self, tips: Sequence[str], folders: Sequence[str]) -> Iterator[LedgerLine]:
        if not tips:
            return
        blobs: dict[tuple[str, str], None] = {}
        told: dict[str, set[str]] = {}
        with open_objects(self._root) as objects:
            for tip in tips:
                blobs |= dict.fromkeys(objects.files(tip, _is_log).items())
            for file, blob in blobs:
                if folders and not file.startswith(tuple(f"{folder}/" for folder in folders)):
                    continue
                before = told.setdefault(file, set())
                here = _text(objects.content(blob)).split("\n")
                yield from (
                    LedgerLine(file, i, line) for i, line in enumerate(here, 1) if line and line not in before
                )
                before.update(here)

    def append(self, lines: Mapping[str, Sequence[str]]) -> int:
        """Add lines to files; those of a writer who was faster stay, and ours go on top of them."""
        for _ in range(_ATTEMPTS):
            tips = self._tips()
            if not self._take_in(tips):
                continue
            base = tips.local or tips.remote
            held = self._read(base, lines)
            texts = {file: appended(held[file], wanted, line_key) for file, wanted in lines.items()}
            changed = {file: text for file, text in texts.items() if text != held[file]}
            count = sum(text.count("\n") - held[file].count("\n") for file, text in changed.items())
            if not changed or self._commit("Record what happened", changed, [base]):
                return count
        raise _outrun(BRANCH)

    def drop(self, runs: Collection[str]) -> None:
        """Build the branch anew on what the remote has, without the lines of some runs that only this clone has."""
        for _ in range(_ATTEMPTS):
            tips = self._tips()
            if not tips.local:
                return
            with open_objects(self._root) as objects:
                ours = {
                    file: _text(objects.content(blob)) for file, blob in objects.files(tips.local, _is_log).items()
                }
            held, texts = self._read(tips.remote, ours), {}
            for file, text in ours.items():
                kept = [line for line in text.split("\n") if line and line_key(line)[1] not in runs]
                texts[file] = appended(held[file], kept)
            texts = {file: text for file, text in texts.items() if text != held[file]}
            run(["update-ref", "-d", _REBUILT], self._root)
            if texts and not self._commit("Record what happened", texts, [tips.remote], _REBUILT):
                continue
            new = self._git("rev-parse", _REBUILT).decode().strip() if texts else tips.remote
            moved = self._move(tips.local, new or "0" * len(tips.local))
            run(["update-ref", "-d", _REBUILT], self._root)
            if moved:
                return
        raise _outrun(BRANCH)

    def fetch(self) -> None:
        """See what the remote has. Raises OutsideError when it was rewritten since this clone saw it last."""
        fetched = run([*_FETCH, "--", self._remote, f"{_LOCAL}:{self._seen}"], self._root)
        if fetched.returncode == 0 or b"couldn't find remote ref" in fetched.stderr:
            return
        where = f"{self._remote}/{BRANCH}"
        if b"non-fast-forward" in fetched.stderr:
            raise ExternalError(
                "was rewritten: the remote lacks commits that this clone has seen there",
                where=where,
                hint=f"gitops-mlops ledger verify; after git fetch {self._remote} the next push adds them again",
            )
        if not any(race in fetched.stderr for race in _RACES):
            raise ExternalError(reason(fetched), where=f"git fetch {where}", hint="see git remote -v")

    def push(self) -> None:
        """Send the branch; where the remote has more, that is taken in first."""
        for _ in range(_ATTEMPTS):
            if not self._take_in(self._tips()):
                continue
            tip = self._tips().local
            if not tip:
                return
            pushed = run([*_PUSH, "--", self._remote, f"{tip}:{_LOCAL}"], self._root)
            if pushed.returncode == 0:
                # A clone of a single branch does not note by itself what it pushed.
                run(["update-ref", self._seen, tip], self._root)
                return
            if not any(race in pushed.stderr for race in _REMOTE_RACES):
                raise ExternalError(
                    reason(pushed), where=f"git push {self._remote} {BRANCH}", hint="see git remote -v"
                )
            self.fetch()
        raise _outrun(f"git push {self._remote} {BRANCH}")

    def removals(self) -> list[LedgerRemoval]:
        """Where the history of this clone's or the remote's branch took a line out, or changed one."""
        tips = list(filter(None, self._tips()))
        if not tips:
            return []
        found: dict[LedgerRemoval, None] = {}
        last: dict[str, tuple[str, str]] = {}
        with open_objects(self._root) as objects:

            def content(file: str, blob: str) -> str:
                known = last.get(file)
                if known is None or known[0] != blob:
                    known = last[file] = blob, _text(objects.content(blob)) if blob else ""
                return known[1]

            for commit, file, old, new in self._changes(tips):
                before, after = content(file, old), content(file, new)
                # Comparing lines is slow, and nearly every commit only appends.
                if not after.startswith(before) or not before.endswith("\n"):
                    gone = set(before.split("\n")) - {*after.split("\n"), ""}
                    if gone:
                        found[LedgerRemoval(commit, file, len(gone))] = None
        return list(found)

    def _changes(self, tips: Sequence[str]) -> Iterator[tuple[str, str, str, str]]:
        """Every commit, the oldest first, with each file that differs from a parent's: blobs before and after.

        A diff of git's own would ask .gitattributes what may be shown, and skip what looks binary.
        """
        commits = self._git("rev-list", "--reverse", "--topo-order", *tips)
        raw = output(["diff-tree", "--stdin", "--root", "-r", "-m", "-z", "--no-renames"], self._root, commits)
        words = iter(paths(raw))
        commit = ""
        for word in words:
            if not word.startswith(":"):
                commit = word.split()[0]
                continue
            old_mode, new_mode, old, new, _ = word.removeprefix(":").split(" ")
            file = next(words)
            if _is_log(file):
                yield commit, file, old if old_mode in _FILES else "", new if new_mode in _FILES else ""

    def _take_in(self, tips: _BranchTips) -> bool:
        """Make the branch hold what the remote's was seen to hold; False when another writer moved it meanwhile."""
        if not tips.remote or (tips.local and self._contains(tips.local, tips.remote)):
            return True
        if not tips.local or self._contains(tips.remote, tips.local):
            return self._move(tips.local, tips.remote)
        with open_objects(self._root) as objects:
            theirs, ours = objects.files(tips.remote, _is_log), objects.files(tips.local, _is_log)
            texts = {}
            for file, blob in ours.items():
                if theirs.get(file) != blob:
                    known = _text(objects.content(theirs[file])) if file in theirs else ""
                    texts[file] = appended(known, _text(objects.content(blob)).split("\n"))
        return self._commit("Merge what was recorded elsewhere", texts, [tips.remote, tips.local])

    def _move(self, old: str, new: str) -> bool:
        made = run(["update-ref", _LOCAL, new, old or "0" * len(new)], self._root)
        if made.returncode and not any(race in made.stderr for race in _RACES):
            raise ExternalError(reason(made), where="git update-ref")
        return made.returncode == 0

    def _contains(self, tip: str, other: str) -> bool:
        return tip == other or run(["merge-base", "--is-ancestor", other, tip], self._root).returncode == 0

    def _commit(self, message: str, texts: Mapping[str, str], parents: Iterable[str], ref: str = _LOCAL) -> bool:
        """Commit files on top of the parents; False when the branch moved and the commit would not contain it."""
        stream = [f"commit {ref}\nmark :1\ncommitter ".encode(), self._committer(), b"\n", _data(message)]
        for word, parent in zip(("from", "merge"), filter(None, parents), strict=False):
            stream.append(f"{word} {parent}\n".encode())
        for file, text in texts.items():
            stream += [b"M 100644 inline ", _quoted(file), b"\n", _data(text)]
        # `--done`: a stream that is cut off commits nothing. Unforced, it never drops what the branch holds.
        made = run(["fast-import", "--quiet", "--done"], self._root, b"".join([*stream, b"done\n"]))
        if made.returncode and not any(race in made.stderr for race in _RACES):
            raise ExternalError(reason(made), where="git fast-import")
        return made.returncode == 0

    def _committer(self) -> bytes:
        """Who writes, as git knows him; a machine that deploys may have nobody set."""
        found = run(["var", "GIT_COMMITTER_IDENT"], self._root)
        nobody = f"gitops-mlops <> {int(time.time())} +0000"
        return found.stdout.strip() if found.returncode == 0 else nobody.encode()

    def _tips(self) -> _BranchTips:
        listed = self._git("for-each-ref", "--format=%(refname) %(objectname)", _LOCAL, self._seen).decode()
        tips = dict(line.split(" ") for line in listed.splitlines())
        return _BranchTips(tips.get(_LOCAL, ""), tips.get(self._seen, ""))

    def _read(self, tip: str, files: Iterable[str]) -> dict[str, str]:
        """Files as a commit has them; "" for those that are not there."""
        if not tip:
            return dict.fromkeys(files, "")
        with open_objects(self._root) as objects:
            found = {file: objects.object_at(tip, file) for file in files}
            return {file: _text(objects.content(blob)) if blob else "" for file, blob in found.items()}

    def _git(self, *arguments: str) -> bytes:
        return output(arguments, self._root)


def _outrun(where: str) -> ExternalError:
    return ExternalError("other writers were faster every time", where=where, hint="gitops-mlops ledger sync")


def _is_log(name: str) -> bool:
    return name.endswith(".jsonl")


def _text(content: bytes) -> str:
    # What others wrote is given back as it was, whatever its encoding.
    return content.decode("utf-8", "surrogateescape")


def _data(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    return b"data %d\n%b\n" % (len(raw), raw)


def _quoted(file: str) -> bytes:
    return b'"%b"' % file.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").encode(
        "utf-8", "surrogateescape"
    )
