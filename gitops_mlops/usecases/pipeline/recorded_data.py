"""What the files and folders that stages read are, by what git and DVC's files record: no data is needed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gitops_mlops.domain.digests import md5_of
from gitops_mlops.domain.pipeline.ignored_paths import IGNORE_FILE, IgnoredPaths
from gitops_mlops.domain.pipeline.stages import RecordedOutput, folder_md5
from gitops_mlops.domain.pipeline.templating import UnresolvedTemplate
from gitops_mlops.domain.ports import Tree

_CHANGED = "changed since the stage ran"
_GONE = "does not exist"


class RecordedData:
    """The files of a tree, with what DVC records of those that git does not hold, by path from the root."""

    def __init__(self, tree: Tree, recorded: Mapping[str, RecordedOutput]) -> None:
        self._tree = tree
        self._recorded = recorded

    def difference(self, place: str, entry: Mapping[str, Any]) -> str:
        """What is other at a path than an entry of `dvc.lock` says, "" for nothing.

        Raises Unresolved for what cannot be told: DVC recorded no MD5, or the listing of a folder that it keeps is
        not here.
        """
        wanted = str(entry["md5"])
        if place in self._recorded:
            return "" if self._is_recorded(place, wanted) else _CHANGED
        if owner := next(filter(self._recorded.__contains__, _folders(place)), ""):
            return self._part(owner, place, wanted)
        if wanted.endswith(".dir"):
            return self._folder(place, entry)
        found = self._tree.md5(place)
        if found is None:
            return _GONE
        return "" if self._equal(found, place, entry) else _CHANGED

    def rewritten(self, place: str, entry: Mapping[str, Any]) -> bool:
        """Whether an output that git holds is not what an entry says; one that is not there is no other.

        Raises Unresolved.
        """
        if str(entry["md5"]).endswith(".dir"):
            return bool(self._tree.below(place)) and bool(self._folder(place, entry))
        found = self._tree.md5(place)
        return found is not None and not self._equal(found, place, entry)

    def _is_recorded(self, place: str, wanted: str) -> bool:
        """Whether an output is what an entry says; without a record, whether what is on disk is."""
        md5 = self._recorded[place].md5
        if not md5 and self._tree.md5(place) != wanted:
            raise _unrecorded(place)
        return md5 in ("", wanted)

    def _part(self, owner: str, place: str, wanted: str) -> str:
        """A file or a folder within an output."""
        known = self._recorded[owner]
        listing = self._listing(owner) if known.folder else {}
        if listing is None or not known.md5:
            if self._tree.md5(place) == wanted:
                return ""
            raise _unlisted(owner) if known.md5 else _unrecorded(owner)
        path = place[len(owner) + 1 :]
        below = {file[len(path) + 1 :]: md5 for file, md5 in listing.items() if file.startswith(f"{path}/")}
        if path not in listing and not below:
            return _GONE
        return "" if (folder_md5(below) if below else listing[path]) == wanted else _CHANGED

    def _folder(self, place: str, entry: Mapping[str, Any]) -> str:
        """A folder of files in git, which may hold outputs."""
        ignored, below = self._ignored(place), self._tree.below(place)
        if any("/.dvc/" in file[len(place) :] for file in below):
            raise UnresolvedTemplate("it holds another repository of DVC, which DVC leaves out")
        files = _kept(below, ignored)
        if any(posixpath.basename(file) == IGNORE_FILE for file in files):
            raise UnresolvedTemplate(f"it holds a {IGNORE_FILE}, which DVC refuses")
        outputs = _kept((output for output in self._recorded if output.startswith(f"{place}/")), ignored)
        if not files and not outputs and not self._tree.exists(place):
            return _GONE
        start = len(place) + 1
        listing: dict[str, str | None] = {file[start:]: self._tree.md5(file) for file in files}
        if not (ignored and ignored.patterns) and self._miscounted(len(files), outputs, entry):
            return self._unless_untracked(place, listing, None, ignored)
        for output in outputs:
            if not self._recorded[output].md5:
                raise _unrecorded(output)
            if not self._recorded[output].folder:
                listing[output[start:]] = self._recorded[output].md5
                continue
            if (inner := self._listing(output)) is None:
                raise _unlisted(output)
            kept = _kept((f"{output}/{path}" for path in inner), ignored)
            listing.update({path[start:]: inner[path[len(output) + 1 :]] for path in kept})
        if folder_md5(listing) == entry["md5"]:
            return ""
        return self._unless_untracked(place, listing, str(entry["md5"]), ignored)

    def _ignored(self, place: str) -> IgnoredPaths | None:
        """What DVC leaves out below a folder; None when its patterns are not followed."""
        above = [*_folders(place), ""]
        found = {folder: self._tree.read(posixpath.join(folder, IGNORE_FILE)) for folder in above}
        try:
            return IgnoredPaths({folder: content for folder, content in found.items() if content is not None})
        except ValueError:
            return None

    def _unless_untracked(
        self, place: str, listing: dict[str, str | None], wanted: str | None, ignored: IgnoredPaths | None
    ) -> str:
        """A folder on disk may hold more than git and DVC know; DVC counts that, unless it is told to ignore it."""
        if ignored is None:
            raise UnresolvedTemplate(f"{IGNORE_FILE} has a pattern that is not supported here")
        more = [path for path in _kept(self._tree.untracked(place), ignored) if not self._is_output(path)]
        with_more = {**listing, **{path[len(place) + 1 :]: self._tree.md5(path) for path in more}}
        if more and wanted in (None, folder_md5(with_more)):
            raise UnresolvedTemplate("it holds files that git does not track")
        return _CHANGED

    def _miscounted(self, files: int, outputs: list[str], entry: Mapping[str, Any]) -> bool:
        """Whether the stage read more files or fewer, as one does that ran where an output was absent."""
        counts = [self._recorded[output].files for output in outputs]
        count = entry.get("nfiles")
        return isinstance(count, int) and None not in counts and files + sum(filter(None, counts)) != count

    def _is_output(self, path: str) -> bool:
        return any(place in self._recorded for place in (path, *_folders(path)))

    def _listing(self, output: str) -> Mapping[str, str] | None:
        return self._tree.listing(self._recorded[output].md5)

    def _equal(self, found: str, place: str, entry: Mapping[str, Any]) -> bool:
        if found == entry.get("md5"):
            return True
        if "hash" in entry:
            return False
        # Before version 3 DVC hashed text files as if their lines ended the Unix way.
        content = (self._tree.read(place) or b"").replace(b"\r\n", b"\n")
        return md5_of(content) == entry.get("md5")


def _kept(paths: Iterable[str], ignored: IgnoredPaths | None) -> list[str]:
    """The paths that DVC does not leave out."""
    return [path for path in paths if not (ignored and ignored.ignores(path))]


def _folders(path: str) -> Iterator[str]:
    """The folders that a path is in, the innermost first."""
    while path := path.rpartition("/")[0]:
        yield path


def _unlisted(output: str) -> UnresolvedTemplate:
    return UnresolvedTemplate(
        f"which files {output!r} holds is neither in the DVC cache nor could it be fetched (dvc fetch)"
    )


def _unrecorded(output: str) -> UnresolvedTemplate:
    return UnresolvedTemplate(f"DVC recorded no MD5 of {output!r} (dvc pull records that of an import)")
