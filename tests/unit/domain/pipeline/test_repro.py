"""`repro.json`: what is written is read back, and nothing else is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.pipeline.run import (
    MAX_REPRO_BYTES,
    PipelineRunReport,
    RemoteTraffic,
    StageRun,
    dump_repro,
    import_hint,
    parse_repro,
)

COUNTS = st.integers(0, 10**15)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
RUNS = st.builds(
    StageRun,
    name=WORDS,
    outcome=st.sampled_from(["ran", "cached", "failed"]),
    seconds=st.floats(0, 1e9),
)
DOCUMENTS = st.builds(
    PipelineRunReport,
    commit=WORDS,
    outcome=st.sampled_from(["unchanged", "ran", "failed", "differs", "reproduced"]),
    seconds=st.floats(0, 1e9),
    stages=st.lists(RUNS, max_size=4),
    skipped=st.lists(WORDS, max_size=4),
    pulled=st.builds(RemoteTraffic, files=COUNTS, bytes=st.none() | COUNTS),
    lock_files=st.lists(WORDS, max_size=3),
    reason=WORDS,
    log_tail=st.lists(WORDS, max_size=20),
)


@given(DOCUMENTS)
def test_what_is_written_is_read_back(document: PipelineRunReport) -> None:
    assert parse_repro(dump_repro(document)) == document


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "gitops-mlops/review/2"},
        {"unknown": 1},
        {"seconds": -1},
        {"log_tail": ["x"] * 21},
        {"commit": "x" * 201},
        {"outcome": "fine"},
        {"stages": [{"name": "a", "outcome": "ran", "seconds": float("nan")}]},
        {"pulled": {"files": -1}},
    ],
)
def test_anything_else_is_refused_in_one_line(change: dict[str, object]) -> None:
    data = json.loads(dump_repro(PipelineRunReport(commit="c", outcome="ran", seconds=1)))
    with pytest.raises(MissingEvidence, match="run repro again") as refused:
        parse_repro(json.dumps({**data, **change}), "artifact/repro.json")
    assert str(refused.value).startswith("artifact/repro.json: ")
    assert "\n" not in str(refused.value)


def test_a_huge_file_is_not_parsed() -> None:
    with pytest.raises(MissingEvidence, match="larger than"):
        parse_repro(b"[" * (MAX_REPRO_BYTES + 1))


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("ModuleNotFoundError: No module named 'gitops_mlops.domain.model'", "gitops_mlops.domain.model"),
        (
            "ImportError: cannot import name 'x' from 'gitops_mlops.domain.errors' (/a/b.py)",
            "gitops_mlops.domain.errors",
        ),
        ("ModuleNotFoundError: No module named 'gitops_mlops'", ""),
        ("ModuleNotFoundError: No module named 'sklearn.gitops_mlops.x'", ""),
        ("see: No module named 'gitops_mlops.domain.model'", ""),
    ],
)
def test_a_stage_that_imports_what_moved_is_told_what_to_do(line: str, module: str) -> None:
    hint = import_hint(["Traceback (most recent call last):", line, "ERROR: failed"])
    assert hint == (f" → {module} is private and moved: run gitops-mlops init --update" if module else "")
