"""The pure part of lineage: generated pipelines, forward against backward, stages replayed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.deployment.packages import is_package_lock, pinned
from gitops_mlops.domain.lineage.ancestry import about, origins
from gitops_mlops.domain.lineage.deployments import DeploymentRun, runs
from gitops_mlops.domain.lineage.differences import ABSENT, differences, flattened
from gitops_mlops.domain.lineage.graph import NodeKind, VersionFacts, VersionLineage, version_graph
from gitops_mlops.domain.lineage.question import UsageQuery, uses_of
from gitops_mlops.domain.pipeline.records import PipelineRecords, added_records, pipeline_records, without_secrets
from gitops_mlops.domain.registry.evidence import VersionEvidence
from gitops_mlops.domain.registry.ledger import LedgerEvent
from gitops_mlops.domain.registry.registry import RegisteredVersion
from gitops_mlops.reports.lineage.tree import tree_text
from tests.conftest import START

STEPS = 6


def digest(name: str) -> str:
    return f"{abs(hash(name)):032x}"[-32:]


def item(path: str, md5: str | None = None) -> dict[str, Any]:
    return {"path": path, "hash": "md5", "md5": md5 or digest(path)}


# For each step, the files that it reads: those of raw data, and what steps make, its own and later ones too.
pipelines = st.lists(
    st.sets(st.sampled_from([*(f"raw{i}" for i in range(4)), *(f"made{i}" for i in range(STEPS))]), max_size=3),
    min_size=STEPS,
    max_size=STEPS,
)


def records(pipeline: list[set[str]]) -> PipelineRecords:
    lock = {
        f"step{index}": {"cmd": "x", "deps": [item(path) for path in sorted(read)], "outs": [item(f"made{index}")]}
        for index, read in enumerate(pipeline)
    }
    return pipeline_records("", {"artifacts": {"m": {"path": "made0"}}}, {"stages": lock})


def reached(pipeline: list[set[str]], path: str) -> set[str]:
    """By hand: everything that a file is made of, and itself."""
    found: set[str] = set()
    waiting = [path]
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += pipeline[int(name[4:])] if name.startswith("made") else ()
    return found


def version(name: str = "v0.0.1", message: str = "") -> RegisteredVersion:
    return RegisteredVersion("m", name, "c" * 40, f"m@{name}", START, "Ada", True, VersionEvidence(message))


@given(pipelines, st.sets(st.sampled_from(["raw0", "made1", "held out"])))
def test_forward_and_backward_agree(pipeline: list[set[str]], measured: set[str]) -> None:
    trailers = "".join(f"Data-MD5: {path}={digest(path)}\n" for path in sorted(measured))
    one = version(message=f"Register\n\n{trailers}" if trailers else "Register")
    told, gaps = origins(records(pipeline), "m", "")
    assert told is not None
    graph = version_graph(VersionFacts(one, told))
    forward = {node.label for node in graph.nodes.values() if node.kind is NodeKind.DATA}
    assert forward == reached(pipeline, "made0") | measured
    everything = {f"raw{i}" for i in range(4)} | {f"made{i}" for i in range(STEPS)} | {"held out"}
    for asked in everything:
        by_digest, unread = uses_of(UsageQuery(digests=frozenset({digest(asked)})), one, told, lambda _: None)
        by_path, _ = uses_of(UsageQuery(asked), one, told, lambda _: None)
        assert (asked in forward) == bool(by_digest) == bool(by_path)
        assert unread == []
    on_circle = {
        f"step{index}"
        for index in range(STEPS)
        if f"made{index}" in reached(pipeline, "made0")
        and any(f"made{index}" in reached(pipeline, path) for path in pipeline[index])
    }
    assert bool(on_circle) == any("cycle" in gap for gap in gaps)
    # Whatever goes round in circles is drawn to an end, each node with what is before it once.
    text = tree_text(VersionLineage(one, graph))
    assert all(path in text for path in forward)


@given(pipelines)
def test_what_a_model_has_to_do_with(pipeline: list[set[str]]) -> None:
    found = {step.name for step in about(records(pipeline), "m").steps}
    near = {0}
    while True:
        more = {
            index
            for index in range(STEPS)
            for other in near
            if f"made{index}" in pipeline[other] or f"made{other}" in pipeline[index]
        }
        if more <= near:
            break
        near |= more
    assert found == {f"step{index}" for index in near}


def test_runs_are_ended_by_what_replaces_them() -> None:
    def event(minute: int, commit: str, result: str, environment: str = "production") -> LedgerEvent:
        moment = START + timedelta(minutes=minute)
        return LedgerEvent(moment, "deployment", "m", "", commit, environment, result=result, by="ci")

    found = runs(
        [
            LedgerEvent(START, "assignment", "m", "v1", "x", "production"),
            event(1, "a", "deployed"),
            event(2, "b", "refused"),
            event(3, "a", "deployed"),
            event(4, "a", "deployed", "staging"),
            event(5, "b", "deployed"),
            event(6, "b", "stopped"),
            event(7, "a", "deployed"),
            event(8, "z", "stopped", "nowhere"),
        ]
    )
    at = [(START + timedelta(minutes=minute)).isoformat() for minute in range(9)]
    assert found == {
        ("m", "a"): (
            DeploymentRun("production", at[1], at[5], "ci"),
            DeploymentRun("staging", at[4], None, "ci"),
            DeploymentRun("production", at[7], None, "ci"),
        ),
        ("m", "b"): (DeploymentRun("production", at[5], at[6], "ci"),),
    }


def test_records_of_another_run_are_not_followed() -> None:
    """train read another train.csv than prepare made: what lies behind it is not known."""
    lock = {
        "prepare": {"cmd": "p", "deps": [item("raw")], "outs": [item("train.csv", "a" * 32)]},
        "train": {"cmd": "t", "deps": [item("train.csv", "b" * 32)], "outs": [item("made0")]},
    }
    found = pipeline_records("", {"artifacts": {"m": {"path": "made0"}}}, {"stages": lock})
    told, gaps = origins(found, "m", "")
    assert told is not None
    assert {path for path, _ in told.items} == {"made0", "train.csv"}
    assert "a step read bbbbbbbbbb, but prepare made aaaaaaaaaa" in gaps[0]


def test_wdirs() -> None:
    definition = {
        "stages": {
            "up": {"cmd": "x", "wdir": ".."},
            "each": {"foreach": [1], "do": {"cmd": "x", "wdir": "${item}"}},
            "out": {"cmd": "x", "wdir": "../../.."},
        }
    }
    stage = {"cmd": ["a", "b"], "outs": [item("m.bin")], "params": {"params.yaml": {"k": None}}}
    found = pipeline_records("a", definition, {"stages": {"up": stage, "each@1": stage, "out": stage, "here": stage}})
    assert [(step.name, step.outs[0].path, step.command) for step in found.steps] == [
        ("a/dvc.yaml:up", "m.bin", "a && b"),
        ("a/dvc.yaml:here", "a/m.bin", "a && b"),
    ]
    assert [step.params for step in found.steps] == [{"params.yaml:k": None}, {"a/params.yaml:k": None}]
    assert len(found.gaps) == 2
    assert added_records("a/b.dvc", "text").gaps
    assert added_records("a/b.dvc", {"wdir": "../..", "outs": []}).gaps


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["stages", "deps", "outs", "params", "path", "md5", "repo", "wdir", "artifacts", "s"]
                ),
                inner,
            )
        ),
    )
)
def test_records_of_anything(data: Any) -> None:
    pipeline_records("a", data, data)
    added_records("a/b.dvc", data)


def test_secrets_in_addresses() -> None:
    assert without_secrets("https://bot:t0ken@git.example:8443/a?b=c") == "https://git.example:8443/a?b=c"
    assert without_secrets("https://t0ken@git.example/a") == "https://git.example/a"
    assert without_secrets("ssh://git@git.example/a") == "ssh://git@git.example/a"
    assert without_secrets("git@git.example:a/b") == "git@git.example:a/b"
    assert without_secrets("../a") == "../a"
    assert without_secrets("https://[broken") == "(an address that cannot be read)"


@given(
    st.dictionaries(st.sampled_from("abc"), st.none() | st.booleans() | st.integers() | st.text()),
    st.dictionaries(st.sampled_from("abc"), st.none() | st.booleans() | st.integers() | st.text()),
)
def test_a_difference_is_absence_or_another_value(old: dict[str, Any], new: dict[str, Any]) -> None:
    for found in differences(old, new):
        assert (found.old is ABSENT) == (found.name not in old)
        assert (found.new is ABSENT) == (found.name not in new)
    assert differences(old, old) == ()
    assert {each.name for each in differences(old, new)} >= old.keys() ^ new.keys()


def test_true_is_not_one() -> None:
    assert [each.name for each in differences({"a": True, "b": 1, "c": 1.0}, {"a": 1, "b": "1", "c": 1})] == ["a"]


def test_gates_are_told_by_what_they_are() -> None:
    gates = [{"metric": "mae", "max": 1}, {"metric": "mae", "max": 2}, {"metric": "mae", "rule": "superior"}]
    assert dict(flattened({"gates": gates, "empty": {}, "list": [1]})) == {
        "gates[mae].metric": "mae",
        "gates[mae].max": 1,
        "gates[mae 2].metric": "mae",
        "gates[mae 2].max": 2,
        "gates[mae superior].metric": "mae",
        "gates[mae superior].rule": "superior",
        "empty": {},
        "list": [1],
    }


def test_lock_files() -> None:
    requirements = b"# c\nNumpy==2.0.0 \\\n    --hash=sha256:00\nscikit_learn[x] == 1.5 ; python_version>'3'\n-e .\n"
    assert pinned(requirements, "requirements-lock.txt") == {"numpy": "2.0.0", "scikit-learn": "1.5"}
    uv = b'[[package]]\nname = "a"\nversion = "1"\n[[package]]\nname = "a"\nversion = "2"\n'
    assert pinned(uv, "sub/uv.lock") == {"a": "1, 2"}
    assert pinned(b'{"default": {"b": {"version": "==3"}}}', "Pipfile.lock") == {"b": "3"}
    for broken in (b"\xff", b"[", b"[[", b"package = 1", b'[[package]]\nversion = "1"'):
        assert pinned(broken, "uv.lock") is None
    assert [
        is_package_lock(name) for name in ("requirements.txt", "a/dev-requirements.txt", "my.txt", "dvc.lock")
    ] == [
        True,
        True,
        False,
        False,
    ]
