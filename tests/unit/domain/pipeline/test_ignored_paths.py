"""What `.dvcignore` names: the same as DVC says, or said not to be followed."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitops_mlops.domain.pipeline.ignored_paths import IgnoredPaths

NAMES = ["a", "b", "ab", "a.txt", "b.csv", ".git", ".x"]
PATHS = [f"{one}/{two}/{three}" for one in ("a", "b") for two in NAMES for three in NAMES]
PATHS += [f"{one}/{two}" for one in ("a", "b") for two in NAMES] + NAMES
LINES = st.from_regex(r"!?/?(\*\*/)?([ab.*?]|a\.txt|\*\.csv|\*\*){1,3}(/([ab*?]|\*\*|a\.txt)){0,2}/?", fullmatch=True)


def by_dvc(files: dict[str, bytes]) -> dict[str, bool]:
    from dvc.fs import localfs
    from dvc.ignore import DvcIgnoreFilter

    with TemporaryDirectory() as name:
        root = Path(name).resolve()
        (root / "a/b").mkdir(parents=True)
        for folder, content in files.items():
            (root / folder / ".dvcignore").write_bytes(content)
        found = DvcIgnoreFilter(localfs, str(root))
        return {path: found.is_ignored_file(str(root / path)) for path in PATHS}


@pytest.mark.slow
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.lists(LINES, max_size=4), st.lists(LINES, max_size=3), st.lists(LINES, max_size=2))
@example(["b", "!a"], [], [])
@example(["*.csv", "!b.csv"], ["b/"], ["*"])
@example(["a/b/"], ["!b"], [])
def test_the_same_as_dvc_or_not_followed(top: list[str], inner: list[str], deep: list[str]) -> None:
    folders = {"": top, "a": inner, "a/b": deep}
    files = {folder: "\n".join(["# words", "", *lines]).encode() for folder, lines in folders.items() if lines}
    try:
        mine = IgnoredPaths(files)
    except ValueError:
        return
    assert {path: mine.ignores(path) for path in PATHS} == by_dvc(files)


@pytest.mark.parametrize("line", ["[ab]", "a\\ ", "a**", "a/**", "a/**/b", "//a", "/", "**", "*/"])
def test_what_is_not_followed(line: str) -> None:
    with pytest.raises(ValueError, match="is not followed"):
        IgnoredPaths({"": line.encode()})


def test_what_is_no_text_is_not_followed() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        IgnoredPaths({"": b"\xff"})
