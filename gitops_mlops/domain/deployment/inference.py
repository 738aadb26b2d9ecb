"""The Open Inference Protocol from the client's side: rows into tensors, tensors into answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitops_mlops.domain.errors import ExternalError

Row = Mapping[str, Any]


@dataclass(frozen=True)
class InferenceResult:
    """What a server said of n rows, in their order.

    A binary classifier gives `probability` of its positive class. Another classifier gives `probabilities`, a
    row for each of n and a column for each of `classes`. A regression gives neither. `ids` name the predictions
    for feedback that comes later.
    """

    labels: tuple[Any, ...]
    ids: tuple[str, ...] = ()
    probability: tuple[float, ...] = ()
    classes: tuple[Any, ...] = ()
    probabilities: tuple[tuple[float, ...], ...] = ()

    def rows(self) -> list[dict[str, Any]]:
        """One flat mapping for each prediction, for tables and files."""
        found: list[dict[str, Any]] = [{"label": label} for label in self.labels]
        for row, value in zip(found, self.probability, strict=False):
            row["probability"] = value
        for row, values in zip(found, self.probabilities, strict=False):
            row |= {f"probability_{name}": value for name, value in zip(self.classes, values, strict=True)}
        for row, identity in zip(found, self.ids, strict=False):
            row["prediction_id"] = identity
        return found


def joined(parts: Sequence[InferenceResult]) -> InferenceResult:
    """The answers to consecutive batches as one."""
    return InferenceResult(
        labels=tuple(value for part in parts for value in part.labels),
        ids=tuple(value for part in parts for value in part.ids),
        probability=tuple(value for part in parts for value in part.probability),
        classes=parts[0].classes if parts else (),
        probabilities=tuple(row for part in parts for row in part.probabilities),
    )


def to_tensors(rows: Sequence[Row], datatypes: Mapping[str, str]) -> list[dict[str, Any]]:
    """One tensor of shape [n] for each column that any row has; the server judges columns it does not know."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [
        {
            "name": name,
            "shape": [len(rows)],
            "datatype": datatypes.get(name, "BYTES"),
            "data": [row.get(name) for row in rows],
        }
        for name in names
    ]


def to_answers(body: Any, rows: int, where: str) -> InferenceResult:
    """The answers in a response to `rows` rows. Raises OutsideError when it is not one."""
    try:
        outputs = {output["name"]: output for output in body["outputs"]}
        labels = tuple(outputs["label"]["data"])
        probability = tuple(float(value) for value in outputs.get("probability", {}).get("data", ()))
        classes, probabilities = _probabilities(outputs.get("probabilities"))
        ids = tuple(str(value) for value in outputs.get("prediction_id", {}).get("data", ()))
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ExternalError(
            f"its answer does not follow the Open Inference Protocol ({type(error).__name__}: {error})", where=where
        ) from error
    if any(len(found) not in (0, rows) for found in (probability, probabilities, ids)) or len(labels) != rows:
        raise ExternalError(f"answered {len(labels)} rows, {rows} were requested", where=where)
    return InferenceResult(labels, ids, probability, classes, probabilities)


def _probabilities(output: Any) -> tuple[tuple[Any, ...], tuple[tuple[float, ...], ...]]:
    if output is None:
        return (), ()
    classes = tuple(output["parameters"]["classes"])
    flat = [float(value) for value in output["data"]]
    width = len(classes)
    return classes, tuple(tuple(flat[start : start + width]) for start in range(0, len(flat), width))
