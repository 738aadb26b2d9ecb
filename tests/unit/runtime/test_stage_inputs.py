from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated

import pydantic
import pytest
from pydantic_core import PydanticCustomError

from gitops_mlops import ConfigError, Contract, MissingEvidence, read_contract, read_params


class Train(pydantic.BaseModel):
    depth: int
    rate: float = 0.1
    words: tuple[str, ...] = ()


class Params(pydantic.BaseModel):
    train: Train


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_parameters_are_read_as_dvc_reads_them() -> None:
    Path("params.yaml").write_text("common: &d {depth: 8}\ntrain: {<<: *d, rate: 1e-3, words: [on, no]}\nother: 1\n")
    assert read_params(Params).train == Train(depth=8, rate=0.001, words=("on", "no"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("train:\n  depth: '8'\n", r"params\.yaml:2:3: train\.depth: must be a whole number, not '8'"),
        ("train: {}\n", r"train\.depth: this key is missing"),
        ("", "the file is empty"),
        ("train: [\n", "not YAML"),
    ],
)
def test_wrong_parameters_are_named_with_their_line(text: str, says: str) -> None:
    Path("params.yaml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        read_params(Params)


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise PydanticCustomError("odd", "{value} is even", {"value": value})
    return value


class Anything(pydantic.BaseModel):
    odd: Annotated[int, pydantic.AfterValidator(_odd)] = 1
    day: date = date(2026, 1, 1)
    step: Annotated[float, pydantic.Field(multiple_of=0.5)] = 1
    depth: Annotated[int, pydantic.Field(gt=0)] = 1

    @pydantic.model_validator(mode="after")
    def _unlucky(self) -> Anything:
        if self.depth == 13:
            raise ValueError("13 brings bad luck → write 12")
        return self


class Function(Anything):
    function: Callable[[int], int] = abs


@pytest.mark.parametrize("model", [Anything, Function])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("odd: 2", "1:1: odd: 2 is even"),
        ("day: 2026-13-01", "1:1: day: Input should be a valid date"),
        ("step: 0.3", "1:1: step: Input should be a multiple of 0.5"),
        ("depth: 0", "1:1: depth: .* greater than 0"),
        ("depth: 13", "13 brings bad luck → write 12"),
        ("[1]", "."),
    ],
)
def test_every_model_of_a_project_is_told_the_truth(model: type[Anything], text: str, says: str) -> None:
    """Also where no JSON Schema says what is wrong, or none can be made of the model."""
    Path("params.yaml").write_text(text)
    with pytest.raises(ConfigError, match=rf"params\.yaml:.*{says}") as refusal:
        read_params(model)
    assert "\n" not in str(refusal.value)


def test_a_contract_tells_its_columns() -> None:
    Path("flights.yaml").write_text("version: 1\ncolumns:\n  b: {type: int64, min: 0}\n  a: {type: string}\n")
    contract = read_contract("flights.yaml")
    assert isinstance(contract, Contract)
    assert (list(contract.columns), contract.columns["b"].min, contract.rows.min) == (["b", "a"], 0, 1)
    Path("flights.yaml").write_text("version: 1\ncolumns:\n  b: {type: int65}\n")
    with pytest.raises(ConfigError, match=r"flights\.yaml:3:\d+: columns\.b\.type: .*perhaps you meant 'int64'"):
        read_contract("flights.yaml")


@pytest.mark.parametrize("read", [read_contract, lambda path: read_params(Params, path)])
def test_a_file_that_is_not_there_is_missing_evidence(read: object) -> None:
    with pytest.raises(MissingEvidence, match=r"none\.yaml: there is no such file → run dvc repro"):
        read("none.yaml")  # type: ignore[operator]
