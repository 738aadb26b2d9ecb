"""What every stage shares: its typed parameters, and failing in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from gitops_mlops import MissingEvidence, MlopsError, read_params

PARAMS = Path("params.yaml")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _in_order(months: tuple[int, ...]) -> tuple[int, ...]:
    if list(months) != sorted(set(months)):
        raise ValueError(f"{list(months)} is not in order → write each month once, the earliest first")
    return months


Months = Annotated[tuple[Annotated[int, Field(ge=1, le=12)], ...], Field(min_length=1), AfterValidator(_in_order)]


class Section(BaseModel):
    """A part of `params.yaml`: its keys with dashes, none unknown, no value infinite."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, alias_generator=lambda name: name.replace("_", "-")
    )


class Ingest(Section):
    """SHA-256 of the source files."""

    flights_sha256: Sha256
    weather_sha256: Sha256


class Prepare(Section):
    """What counts as late, in minutes after the scheduled arrival, and which months of 2013 are whose."""

    late_after: int = Field(ge=0)
    train_months: Months
    test_months: Months

    @field_validator("test_months")
    @classmethod
    def _later(cls, months: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        if max(info.data.get("train_months", (0,))) >= min(months):
            hint = "a model must be judged on days later than those it learned from"
            raise ValueError(f"{list(months)} does not come after the training months → {hint}")
        return months


class Logistic(Section):
    """`c` is the inverse strength of the L2 penalty."""

    c: float = Field(gt=0)


class Boosting(Section):
    """Gradient-boosted trees."""

    learning_rate: float = Field(gt=0, le=1)
    trees: int = Field(ge=1)
    leaves: int = Field(ge=2)


class Train(Section):
    """Which model, and what it may see."""

    algorithm: Literal["logistic", "boosting"]
    weather: bool
    class_weight: Literal["balanced"] | None
    seed: int = Field(ge=0)
    logistic: Logistic
    boosting: Boosting


class Evaluate(Section):
    """From which probability on a flight is called late."""

    threshold: float = Field(gt=0, lt=1)


class Params(Section):
    """The whole of `params.yaml`."""

    ingest: Ingest
    prepare: Prepare
    train: Train
    evaluate: Evaluate


def params() -> Params:
    """The parameters of the working tree. Raises ConfigError with every problem."""
    return read_params(Params, PARAMS)


def need(path: Path) -> Path:
    """A file that an earlier stage or a person wrote. Raises MissingEvidence when it is not there."""
    if not path.is_file():
        raise MissingEvidence("there is no such file", where=str(path), hint="run dvc repro in the repository's root")
    return path


def run(stage: Callable[[Params], str]) -> None:
    """Run one stage and print what it did; an error is one line on standard error and its exit code."""
    if len(sys.argv) > 1:
        raise SystemExit(f"{Path(sys.argv[0]).stem} takes no arguments: params.yaml holds what can be set")
    try:
        print(stage(params()))
    except MlopsError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None
