"""Filling in, putting in and merging: what a scaffold does with text."""

from __future__ import annotations

import subprocess

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from gitops_mlops.domain.digests import blob_id
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.scaffold.pieces import with_hooks, with_lines
from gitops_mlops.domain.scaffold.plan import (
    EditKind,
    ScaffoldAnswers,
    ToolkitReference,
    fill,
    parse_toolkit,
    pinned,
    project_name,
)
from gitops_mlops.domain.scaffold.record import parse_record, record_yaml
from gitops_mlops.domain.scaffold.update import three_way

NOW = ToolkitReference("octo/gitops-mlops", "a" * 40, "0.1.0")
NEXT = ToolkitReference("octo/gitops-mlops", "b" * 40, "0.2.0")
ANSWERS = ScaffoldAnswers("flights", "main", NOW)
OURS = b"""\
# ours
repos:
  - repo: https://github.com/octo/gitops-mlops
    rev: x
    hooks:
      - id: mlops-config
"""

texts = st.text(st.characters(codec="utf-8"), max_size=60).map(str.encode)


def test_only_our_places_are_filled_in() -> None:
    template = b"uses: __TOOLKIT__/x.yml@__SHA__ # v__VERSION__\n${{ inputs.model }} __init__ __FILE__ on __BRANCH__"
    filled = f"uses: octo/gitops-mlops/x.yml@{'a' * 40} # v0.1.0\n${{{{ inputs.model }}}} __init__ __FILE__ on main"
    assert fill(template, ANSWERS) == filled.encode()


@given(texts)
def test_the_id_of_a_content_is_gits(content: bytes) -> None:
    told = subprocess.run(["git", "hash-object", "--stdin"], input=content, capture_output=True, check=True)
    assert blob_id(content) == told.stdout.decode().strip()


@pytest.mark.parametrize(
    "text",
    [
        "octo/mlops",
        f"octo@{'a' * 40}",
        f"a/b@{'A' * 40}",
        f"a/b@{'a' * 39}",
        f"a/b c@{'a' * 40}",
        f"https://x/a/b@{'a' * 40}",
        f"-a/b@{'a' * 40}",
        f"a/b@{'a' * 40}\n",
    ],
)
def test_a_toolkit_is_an_owner_a_repository_and_a_full_sha(text: str) -> None:
    with pytest.raises(UsageError):
        parse_toolkit(text, "0.1.0")


@pytest.mark.parametrize("branch", ["", "a b", "a..b", "-a", "a]", "a\n", "a/", "$(x)"])
def test_a_branch_that_yaml_or_a_shell_could_misread_is_refused(branch: str) -> None:
    with pytest.raises(UsageError):
        ScaffoldAnswers("flights", branch, NOW)


@given(st.text(max_size=20))
def test_any_folder_gives_a_name_of_a_project(folder: str) -> None:
    assert ScaffoldAnswers(project_name(folder), "main", NOW)


def test_pins_are_those_of_the_toolkit_and_no_others() -> None:
    text = (
        f"uses: octo/gitops-mlops/.github/workflows/x.yml@{'a' * 40} # v0.1.0\n"
        f"uses: actions/checkout@{'c' * 40} # v4\n"
        f"- repo: https://github.com/octo/gitops-mlops\n  rev: {'a' * 40} # v0.1.0\n"
        f"gitops-mlops @ git+https://github.com/octo/gitops-mlops@{'a' * 40} # v0.1.0\n"
    )
    moved = text.replace("a" * 40, "b" * 40).replace("# v0.1.0", "# v0.2.0")
    assert pinned(text.encode(), NOW.repository, NEXT) == moved.encode()
    assert pinned(moved.encode(), NOW.repository, NOW) == text.encode()


@example(b"x\r\ny\n", ["/a"])
@given(texts, st.lists(st.sampled_from(["/a", "b/", "*.c", "# comment"]), unique=True))
def test_lines_are_added_once_and_nothing_is_lost(existing: bytes, wanted: list[str]) -> None:
    lines = "\n".join(wanted).encode()
    after, piece = with_lines(existing, lines)
    assert after.startswith(existing)
    assert after.replace(b"\r\n", b"\n").endswith(piece.encode())
    assert set(wanted) - {"# comment"} <= {line.strip() for line in after.decode().splitlines()}
    assert with_lines(after, lines) == (after, "")


@pytest.mark.parametrize("indent", ["", "  ", "    "])
@pytest.mark.parametrize("ends", ["\n", "\r\n", " # \u2028\n"])
def test_hooks_are_put_in_whatever_the_indentation(indent: str, ends: str) -> None:
    existing = (
        f"fail_fast: true{ends}repos: # here{ends}{indent}# first{ends}"
        f"{indent}-   repo: local{ends}{indent}    hooks: []{ends}"
    ).encode()
    put_in = with_hooks(existing, OURS, "x.yaml")
    assert put_in is not None
    after, piece = put_in
    data = yaml.safe_load(after)
    assert [one["repo"] for one in data["repos"]] == ["https://github.com/octo/gitops-mlops", "local"]
    assert after.replace((piece.replace("\n", "\r\n") if ends == "\r\n" else piece).encode(), b"") == existing
    assert with_hooks(after, OURS, "x.yaml") == (after, "")


@pytest.mark.parametrize(
    "existing",
    [
        "repos: []\n",
        "repos: [{repo: local, hooks: []}]\n",
        "fail_fast: true\n",
        "- a\n",
        "x",
        "repos:\n-\n  repo: local\n",
    ],
)
def test_hooks_are_not_put_in_where_other_lines_would_have_to_change(existing: str) -> None:
    assert with_hooks(existing.encode(), OURS, "x.yaml") is None


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "kind", "after"),
    [
        (b"1", b"1", b"1", None, None),
        (b"1", b"2", b"1", None, None),
        (b"1", b"2", b"2", None, None),
        (b"1", b"1", b"2", EditKind.CHANGED, b"2"),
        (b"1", b"2", b"3", EditKind.CONFLICT, b"1|2|3"),
        (None, b"2", b"3", EditKind.CONFLICT, b"|2|3"),
        (b"same", b"2", b"3", EditKind.MERGED, b"same|2|3"),
    ],
)
def test_three_sides(
    base: bytes | None, ours: bytes, theirs: bytes, kind: EditKind | None, after: bytes | None
) -> None:
    def merge(base: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, bool]:
        return b"|".join((base, ours, theirs)), base != b"same"

    edit = three_way("x", base, ours, theirs, merge)
    assert (edit.kind if edit else None, edit.after if edit else None) == (kind, after)


@given(st.dictionaries(st.sampled_from(["a.yaml", "b/c.txt"]), texts.map(bytes.decode)))
def test_a_record_is_read_as_it_was_written(bases: dict[str, str]) -> None:
    ids = {path: blob_id(text.encode()) for path, text in bases.items()}
    written = record_yaml("regression", ANSWERS, ids, {path: text.encode() for path, text in bases.items()})
    record = parse_record(written)
    assert (record.files, record.bases, record.answers()) == (ids, bases, ANSWERS)
