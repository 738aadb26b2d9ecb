"""What every stage shares: its typed parameters, and failing in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gitops_mlops.domain.document.typed import ConfigSection, typed
from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import MissingEvidence, MlopsError

PARAMS = Path("params.yaml")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _in_order(months: tuple[int, ...]) -> tuple[int, ...]:
    if list(months) != sorted(set(months)):
        raise ValueError(f"{list(months)} is not in order → write each month once, the earliest first")
    return months


Months = Annotated[tuple[Annotated[int, Field(ge=1, le=12)], ...], Field(min_length=1), AfterValidator(_in_order)]


class Ingest(ConfigSection):
    """SHA-256 of the source files."""

    flights_sha256: Sha256
    weather_sha256: Sha256


class Prepare(ConfigSection):
    """What counts as late, in minutes after the scheduled arrival, and which months of 2013 are whose."""

    late_after: int = Field(ge=0)
    train_months: Months
    test_months: Months


class Logistic(ConfigSection):
    """`c` is the inverse strength of the L2 penalty."""

    c: float = Field(gt=0)


class Boosting(ConfigSection):
    """Gradient-boosted trees."""

    learning_rate: float = Field(gt=0, le=1)
    trees: int = Field(ge=1)
    leaves: int = Field(ge=2)


class Train(ConfigSection):
    """Which model, and what it may see."""

    algorithm: Literal["logistic", "boosting"]
    weather: bool
    class_weight: Literal["balanced"] | None
    seed: int = Field(ge=0)
    logistic: Logistic
    boosting: Boosting


class Evaluate(ConfigSection):
    """From which probability on a flight is called late."""

    threshold: float = Field(gt=0, lt=1)


class Params(ConfigSection):
    """The whole of `params.yaml`."""

    ingest: Ingest
    prepare: Prepare
    train: Train
    evaluate: Evaluate


def params() -> Params:
    """The parameters of the working tree. Raises ConfigError with every problem."""
    return typed(parse_yaml(need(PARAMS).read_bytes(), PARAMS.name), Params)


def need(path: Path) -> Path:
    """A file that an earlier stage or a person wrote. Raises EvidenceMissing when it is not there."""
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
