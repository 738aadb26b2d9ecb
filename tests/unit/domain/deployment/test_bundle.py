from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.comparison.predictions import Predictions
from gitops_mlops.domain.deployment.bundle import (
    MAX_BYTES,
    Bundle,
    bundle_digest,
    decide,
    dump_bundle,
    golden_mismatch,
    make_golden,
    parse_bundle,
    verify_files,
)
from gitops_mlops.domain.digests import is_content_digest
from gitops_mlops.domain.errors import MissingEvidence

A, B, C = "a" * 64, "b" * 64, "c" * 64


def manifest(**changes: Any) -> dict[str, Any]:
    return {
        "schema": "gitops-mlops/bundle/1",
        "model": "delay",
        "version": "v1.2.3",
        "commit": "0" * 40,
        "task": "binary-classification",
        "files": {"model.skops": A, "contract.yaml": B, "trusted-types.yaml": C},
        "packages": {"scikit-learn": "1.9.1"},
        "positive": True,
        "threshold": 0.3,
        "golden": {
            "rows": [{"distance": 100, "carrier": "AA"}, {"distance": 2.5, "carrier": None}],
            "labels": [True, False],
            "classes": [False, True],
            "probabilities": [[0.4, 0.6], [0.9, 0.1]],
        },
    } | changes


def bundle(**changes: Any) -> Bundle:
    return parse_bundle(json.dumps(manifest(**changes)).encode())


def test_equal_manifests_are_equal_bytes_whatever_the_order_of_their_keys() -> None:
    backwards = dict(reversed(manifest().items())) | {"files": dict(reversed(manifest()["files"].items()))}
    content = dump_bundle(bundle())
    assert content == dump_bundle(parse_bundle(json.dumps(backwards).encode()))
    assert parse_bundle(content) == bundle()
    assert is_content_digest(bundle_digest(content))
    assert not is_content_digest(bundle_digest(content) + "\n")


def test_the_digest_is_plain_sha256_of_the_file() -> None:
    # The empty message of FIPS 180-4's examples.
    assert bundle_digest(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"files": {**manifest()["files"], "../evil": A}}, "files"),
        ({"files": {**manifest()["files"], "a/b": A}}, "files"),
        ({"files": {**manifest()["files"], ".hidden": A}}, "files"),
        ({"files": {**manifest()["files"], "x\n": A}}, "files"),
        ({"files": {**manifest()["files"], "bundle.json": A}}, "its own digest"),
        ({"files": {"model.skops": A, "contract.yaml": B}}, "trusted-types.yaml has no digest"),
        ({"files": {**manifest()["files"], "model.skops": "A" * 64}}, "files.model.skops"),
        ({"model_file": "/etc/passwd"}, "model_file"),
        ({"model": "delay\nx"}, "model"),
        ({"version": "../v1"}, "version"),
        ({"commit": "main"}, "commit"),
        ({"schema": "gitops-mlops/bundle/2"}, "schema"),
        ({"task": "oracle"}, "task"),
        ({"created": "2026-01-01"}, "created"),
        ({"threshold": None}, "belong together"),
        ({"threshold": 1.0}, "threshold"),
        ({"golden": {"rows": [], "labels": []}}, "golden.rows"),
        ({"golden": {"rows": [{"a": 1}], "labels": []}}, "differ in number"),
        ({"golden": {"rows": [{"a": 1}], "labels": [1], "classes": [1], "probabilities": [[0.5, 0.5]]}}, "classes"),
    ],
)
def test_what_no_manifest_may_say(change: dict[str, Any], says: str) -> None:
    with pytest.raises(MissingEvidence) as caught:
        bundle(**change)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"\xff", b"{" * 5000, b" " * (MAX_BYTES + 1)])
def test_what_is_no_manifest_at_all(content: bytes) -> None:
    with pytest.raises(MissingEvidence, match=r"bundle\.json: .* → build the bundle again"):
        parse_bundle(content)


def test_infinite_numbers_are_refused() -> None:
    text = json.dumps(manifest()).replace("0.6", "1e999")
    with pytest.raises(MissingEvidence, match="finite"):
        parse_bundle(text.encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_manifest_or_evidence_missing(content: bytes) -> None:
    with pytest.raises(MissingEvidence):
        parse_bundle(content)


def test_every_difference_of_the_files_is_named() -> None:
    assert verify_files(bundle(), {"model.skops": A, "contract.yaml": B, "trusted-types.yaml": C}) == []
    assert verify_files(bundle(), {"model.skops": B, "contract.yaml": B, "extra": A}) == [
        "trusted-types.yaml is missing",
        "extra does not belong to the bundle",
        "model.skops was changed: SHA-256 bbbbbbbbbb where the manifest has aaaaaaaaaa",
    ]


def predictions(probabilities: list[list[float]]) -> Predictions:
    array = np.array(probabilities)
    return Predictions(np.array([False, True])[array.argmax(axis=1)], array, (False, True))


def test_the_threshold_decides_and_equality_is_positive() -> None:
    seen = predictions([[0.71, 0.29], [0.7, 0.3], [0.2, 0.8]])
    assert decide(seen) == [False, False, True]
    assert decide(seen, True, 0.3) == [False, True, True]
    assert decide(seen, False, 0.71) == [False, True, True]
    with pytest.raises(MissingEvidence, match="'late'"):
        decide(seen, "late", 0.3)


def test_golden_predictions_come_back_equal_within_their_tolerance() -> None:
    seen = predictions([[0.4, 0.6], [0.9, 0.1]])
    golden = make_golden([{"x": 1}, {"x": None}], seen, positive=True, threshold=0.3)
    made = bundle(golden=golden.model_dump(mode="json"))
    assert golden_mismatch(made, [True, False], [[0.4, 0.6], [0.9, 0.1 + 9e-7]]) == ""
    assert golden_mismatch(made, [True, False]) == ""
    assert "row 1: predicted True" in golden_mismatch(made, [True, True])
    assert "row 0: predicted 1, recorded True" in golden_mismatch(made, [1, 0])
    assert "row 1: probabilities differ" in golden_mismatch(made, [True, False], [[0.4, 0.6], [0.9, 0.11]])
    assert "row 0: probabilities differ" in golden_mismatch(made, [True, False], [[0.4, float("nan")], [0.9, 0.1]])
    assert "1 golden predictions" in golden_mismatch(made, [True])


def test_golden_numbers_of_a_regression_are_compared_relative_to_their_size() -> None:
    golden = make_golden([{"x": 1}], Predictions(np.array([1e9])))
    made = bundle(task="regression", positive=None, threshold=None, golden=golden.model_dump(mode="json"))
    assert golden_mismatch(made, [1e9 + 100]) == ""
    assert "predicted" in golden_mismatch(made, [1e9 + 10_000])
    assert "predicted" in golden_mismatch(made, [float("nan")])
