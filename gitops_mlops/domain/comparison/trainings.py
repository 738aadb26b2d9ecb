"""A file of repeated trainings: the metrics of models that differ in their seed only, which the project writes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import index
from typing import Any, NoReturn

from gitops_mlops.domain.errors import MissingEvidence, UsageError

MAX_BYTES = 1024 * 1024
MAX_TRAININGS = 1000
# A standard deviation of two values says next to nothing: its 90 % interval spans a factor of 30.
FEWEST_TRAININGS = 3


@dataclass(frozen=True)
class RepeatedTrainings:
    """The value of each metric in each of `count` trainings."""

    count: int
    values: Mapping[str, tuple[float, ...]]


def parse_trainings(content: bytes, name: str) -> RepeatedTrainings:
    """`[{"seed": 1, "log_loss": 0.41}, …]`: one object a training, its other keys are metrics.

    Raises EvidenceMissing for anything else: a number that is not finite, a metric that one training lacks, a seed
    that appears twice (the same training again would make the noise look smaller than it is).
    """

    def wrong(message: str) -> NoReturn:
        raise MissingEvidence(message, where=name, hint='write [{"seed": 1, "log_loss": 0.41}, …]')

    def constant(text: str) -> NoReturn:
        wrong(f"{text} is not a metric value")

    if len(content) > MAX_BYTES:
        wrong(f"larger than {MAX_BYTES} bytes")
    try:
        data = json.loads(content, parse_constant=constant)
    except (ValueError, RecursionError):
        wrong("not JSON")
    if not isinstance(data, list) or not data or not all(isinstance(one, dict) for one in data):
        wrong("not a list of objects, one a training")
    if len(data) > MAX_TRAININGS:
        wrong(f"{len(data)} trainings, at most {MAX_TRAININGS}")
    if problem := next(_problems(data), ""):
        wrong(problem)
    metrics = [key for key in data[0] if key != "seed"]
    return RepeatedTrainings(len(data), {metric: tuple(float(one[metric]) for one in data) for metric in metrics})


def dump_trainings(scores: Mapping[int, Mapping[str, float]], name: str) -> bytes:
    """The file of the metrics by seed, as `parse_trainings` reads it; `name` is for messages.

    Raises UsageError for a seed or a value that is not a number, and EvidenceMissing for what the reader refuses.
    """
    try:
        # Seeds and values are often NumPy's, which JSON does not know.
        rows = [
            {"seed": index(seed), **{metric: float(value) for metric, value in values.items()}}
            for seed, values in scores.items()
        ]
    except (TypeError, ValueError, AttributeError) as error:
        hint = "write_scores(path, {1: {'log_loss': 0.41}, 2: {'log_loss': 0.42}})"
        raise UsageError("seeds are whole numbers, and metrics are numbers by name", where=name, hint=hint) from error
    if any("seed" in values for values in scores.values()):
        raise UsageError("no metric can be called 'seed'", where=name, hint="the seeds are the keys")
    content = ("[\n" + ",\n".join(f"  {json.dumps(row)}" for row in rows) + "\n]\n").encode()
    parse_trainings(content, name)
    return content


def _problems(data: list[dict[str, Any]]) -> Iterator[str]:
    seen: set[Any] = set()
    names = set(data[0])
    for number, one in enumerate(data, 1):
        seed = one.get("seed")
        if not isinstance(seed, int) or isinstance(seed, bool):
            yield f"training {number} has no seed that is a whole number"
        if seed in seen:
            yield f"seed {seed} appears twice"
        seen.add(seed)
        if different := sorted(names ^ set(one)):
            yield f"not every training has {different[0]!r}"
        for key, value in one.items():
            if key != "seed" and not _finite(value):
                yield f"{key!r} of seed {seed} is not a finite number"
    if names == {"seed"}:
        yield "there is no metric besides the seed"


def _finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False
