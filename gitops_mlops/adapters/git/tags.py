"""Every tag of a repository, read by one git process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from gitops_mlops.adapters.git.running import GitStream, run
from gitops_mlops.domain.registry.tags import TagRecord

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
# Every record begins with the end of the line before it; the first is given one.
_BEFORE_NAME = len("\nrefs/tags/")


class TagStream:
    """Every tag once, each while git still reads the next. Git begins when the stream is made."""

    def __init__(self, folder: Path) -> None:
        # %00 ends a field: no message can hold a NUL, so nothing in it can imitate the next field.
        form = "".join(f"%({field})%00" for field in TAG_FIELDS)
        self._folder = folder
        self._stream = GitStream(["for-each-ref", f"--format={form}", "refs/tags"], folder)

    def __iter__(self) -> Iterator[TagRecord]:
        width = len(TAG_FIELDS)
        rest: list[str] = ["\n"]
        for text in self._stream:
            first, *others = text.split("\0")
            rest[-1] += first
            rest += others
            whole = (len(rest) - 1) // width * width
            for fields in zip(*[iter(rest[:whole])] * width, strict=True):
                yield _tag(fields, self._folder)
            del rest[:whole]


def _tag(fields: Sequence[str], folder: Path) -> TagRecord:
    ref, kind, direct, target_kind, target, date, tagger, message = fields
    name = ref[_BEFORE_NAME:]
    if kind != "tag":
        return TagRecord(name, direct if kind == "commit" else "", False, object=direct)
    if target_kind == "tag":
        # A tag of a tag: before git 2.45 only one of them is followed here.
        found = run(["rev-parse", "--verify", "--quiet", f"{direct}^{{commit}}"], folder)
        target_kind, target = "commit", found.stdout.decode().strip()
    commit = target if target_kind == "commit" else ""
    return TagRecord(name, commit, True, int(date) if date else None, tagger, message, direct)
