"""Files of earlier numbers of their schema, written by the code of that time, and what reading them gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops_mlops.domain.comparison.report import SCHEMA as REPORT_SCHEMA
from gitops_mlops.domain.comparison.report import dump_report, parse_report
from gitops_mlops.domain.deployment.bundle import dump_bundle, parse_bundle
from gitops_mlops.domain.document.recorded import _RENAMES
from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.lineage.openlineage import read_line
from gitops_mlops.domain.pipeline.run import dump_repro, parse_repro
from gitops_mlops.domain.review.review import REVIEW_SCHEMA, parse_review
from gitops_mlops.domain.review.size import dump_review

RECORDED = Path(__file__).parents[3] / "recorded"
AGAIN: dict[str, Callable[[bytes], bytes]] = {
    "report": lambda content: dump_report(parse_report(content)),
    "repro": lambda content: dump_repro(parse_repro(content)),
    "review": lambda content: dump_review(parse_review(content)),
}


# Fields that came later, without a new number; null in every file of before.
ADDED = {"basis"}


def leaves(data: Any) -> Iterator[Any]:
    """Every value, in no order of their keys, but for fields that came later."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key not in ADDED or value is not None:
                yield from leaves(value)
    elif isinstance(data, list):
        for value in data:
            yield from leaves(value)
    else:
        yield data


def keys(data: Any) -> set[str]:
    found = list(data.values()) if isinstance(data, dict) else data if isinstance(data, list) else []
    return set(data if isinstance(data, dict) else ()).union(*map(keys, found))


@pytest.mark.parametrize(("kind", "number"), sorted(_RENAMES))
def test_a_file_of_an_earlier_number_is_read_whole(kind: str, number: int) -> None:
    old = (RECORDED / f"{kind}-{number}.json").read_bytes()
    new = json.loads(AGAIN[kind](old))
    named = [value for value in leaves(json.loads(old)) if not str(value).startswith("gitops-mlops/")]
    assert sorted(map(str, named)) == sorted(
        str(value) for value in leaves(new) if not str(value).startswith("gitops-mlops/")
    ), "no value is lost, and none is made up"
    retired = {key for path, renames in _RENAMES[kind, number] if not path for key in renames}
    assert not keys(new) & retired
    assert AGAIN[kind](json.dumps(new).encode()) == AGAIN[kind](old), "what is written is read back the same"


@pytest.mark.parametrize(("kind", "number"), sorted(_RENAMES))
def test_every_rename_is_met_by_the_recorded_file(kind: str, number: int) -> None:
    old = json.loads((RECORDED / f"{kind}-{number}.json").read_bytes())
    for _, renames in _RENAMES[kind, number]:
        assert set(renames) <= keys(old)


@pytest.mark.parametrize(("kind", "number"), sorted(_RENAMES))
def test_a_file_with_an_old_key_and_its_new_one_is_refused(kind: str, number: int) -> None:
    old = json.loads((RECORDED / f"{kind}-{number}.json").read_bytes())
    for before, after in _RENAMES[kind, number][-1][1].items():
        with pytest.raises(MissingEvidence, match="not "):
            AGAIN[kind](json.dumps({**old, after: old[before]}).encode())


@pytest.mark.parametrize("kind", sorted(AGAIN))
def test_a_file_of_today_with_an_old_key_is_refused(kind: str) -> None:
    (number,) = (number for known, number in _RENAMES if known == kind)
    new = json.loads(AGAIN[kind]((RECORDED / f"{kind}-{number}.json").read_bytes()))
    for old in _RENAMES[kind, number][-1][1]:
        with pytest.raises(MissingEvidence, match=old):
            AGAIN[kind](json.dumps({**new, old: None}).encode())


@pytest.mark.parametrize("schema", ["report", "review", "repro", "bundle"])
def test_a_file_of_a_later_number_wants_a_newer_toolkit(schema: str) -> None:
    content = json.dumps({"schema": f"gitops-mlops/{schema}/9999", "x": [1]}).encode()
    with pytest.raises(MissingEvidence) as found:
        (AGAIN | {"bundle": lambda one: bytes(parse_bundle(one).commit, "ascii")})[schema](content)
    assert str(found.value).startswith(f"{schema if schema != 'repro' else '.gitops-mlops/repro'}.json: has schema ")
    assert str(found.value).endswith("or a newer one")
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    "part",
    [{"gates": 1}, {"gates": [1, None, [2]]}, {"honesty": [{}]}, {"slices": {"metrics": 3}}, {"fairness": [[]]}],
)
def test_what_is_no_report_is_refused_whatever_it_has_for_a_part(part: dict[str, Any]) -> None:
    old = json.loads((RECORDED / "report-1.json").read_bytes())
    with pytest.raises(MissingEvidence, match="not a report of schema"):
        parse_report(json.dumps({**old, **part}))


@pytest.mark.parametrize("schema", [1, None, "report/1", "gitops-mlops/report/01", "gitops-mlops/review/1", "x/y/z"])
def test_another_schema_is_no_earlier_one(schema: object) -> None:
    old = json.loads((RECORDED / "report-1.json").read_bytes())
    with pytest.raises(MissingEvidence, match=f"not a report of schema {REPORT_SCHEMA}"):
        parse_report(json.dumps({**old, "schema": schema}))


def test_an_old_report_in_an_old_review_may_be_of_any_earlier_form() -> None:
    old = json.loads((RECORDED / "review-1.json").read_bytes())
    assert parse_review(json.dumps(old)).schema_ == REVIEW_SCHEMA
    old["models"][0]["report"] = {"schema": "gitops-mlops/report/9999"}
    with pytest.raises(MissingEvidence, match="not a review"):
        parse_review(json.dumps(old))


def test_a_bundle_as_it_was_recorded_first_is_read_unchanged() -> None:
    content = (RECORDED / "bundle-1.json").read_bytes()
    assert dump_bundle(parse_bundle(content)) == content


def test_an_event_as_it_was_recorded_first_is_read_and_one_of_a_later_schema_is_refused() -> None:
    start, end = (RECORDED / "ledger-1.jsonl").read_text().splitlines()
    event = read_line(end)
    assert read_line(start) is None
    assert event is not None
    known = ("moment", "run", "kind", "result")
    assert {name: getattr(event, name) for name in event._fields if name not in known} == {
        name: name for name in event._fields if name not in known
    }
    with pytest.raises(ValueError, match="of schema 2: read it with a newer version of gitops-mlops"):
        read_line(end.replace("schema:ledger:1", "schema:ledger:2"))
