"""A model in ONNX: a graph of known operators, so that loading it runs nobody's code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitops_mlops.domain.comparison.predictions import Predictions
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.faults import of_the_machine, short_of
from gitops_mlops.domain.shortening import first_line

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_NUMPY = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
    "tensor(string)": "object",
}


@dataclass(frozen=True)
class OnnxModel:
    """A graph with one input per column, or one matrix whose columns are `columns` in that order.

    `classes` come from the graph's metadata (`classes`, a JSON list) or from the mapping that converters write
    for probabilities (zipmap); () for a regression.
    """

    session: Any
    columns: tuple[str, ...]
    classes: tuple[Any, ...] = ()

    def predict(self, rows: pd.DataFrame) -> Predictions:
        """Labels, and probabilities when the graph gives them. Raises ValueError for outputs of another kind."""
        import numpy as np

        answers = self.session.run(None, self._feed(rows))
        first = np.asarray(answers[0])
        if len(answers) == 1:
            if first.ndim == 2 and first.shape[1] > 1:
                return self._likeliest(first)
            return Predictions(first.reshape(len(rows)))
        mapped = answers[1]
        if isinstance(mapped, list):
            classes = tuple(mapped[0]) if mapped else self.classes
            table = np.array([[row[label] for label in classes] for row in mapped], dtype=np.float64)
            return Predictions(first.reshape(len(rows)), table, classes)
        table = np.asarray(mapped, dtype=np.float64)
        classes = self.classes or _classes_of(first.reshape(len(rows)), table)
        return Predictions(first.reshape(len(rows)), table, classes)

    def _feed(self, rows: pd.DataFrame) -> dict[str, Any]:
        inputs = self.session.get_inputs()
        if len(inputs) == 1 and (inputs[0].name,) != self.columns:
            matrix = rows[list(self.columns)].to_numpy().astype(_NUMPY[inputs[0].type])
            return {inputs[0].name: matrix}
        return {each.name: _column(rows[each.name], each.type, len(each.shape)) for each in inputs}

    def _likeliest(self, table: np.ndarray[Any, Any]) -> Predictions:
        import numpy as np

        if len(self.classes) != table.shape[1]:
            raise ValueError(
                f"it gives {table.shape[1]} numbers a row and names no classes: add `classes` to its metadata"
            )
        labels = np.array(self.classes, dtype=object)[table.argmax(axis=1)]
        return Predictions(labels, table.astype(np.float64), self.classes)


def load_onnx(content: bytes, name: str, inputs: Sequence[str] = ()) -> OnnxModel:
    """The model in an ONNX file. `name` is for messages, `inputs` the columns of the model's declared input.

    A graph that takes one matrix must say which columns it means: by `columns` in its metadata (a JSON list), or
    by being as wide as its declared input. Raises EvidenceMissing for a file that ONNX Runtime cannot read,
    UsageError for one whose columns nobody knows, or when ONNX Runtime is not installed, MemoryError when it has not
    enough.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise UsageError(
            "reading ONNX needs ONNX Runtime", where=name, hint='pip install "gitops-mlops[onnx]"'
        ) from error
    options = onnxruntime.SessionOptions()
    # Only what is fatal: it would log to standard error what is raised here in one line.
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        if of_the_machine(error) or short_of(str(error)):
            raise MemoryError(str(error)) from error
        # ONNX Runtime has an exception for each of its error codes, without a common base.
        reason = first_line(error)
        raise MissingEvidence(
            f"not a model that ONNX Runtime can read ({reason})", where=name, hint="export it again, then dvc repro"
        ) from error
    said = session.get_modelmeta().custom_metadata_map
    columns = _columns(session.get_inputs(), _listed(said, "columns", name), inputs, name)
    return OnnxModel(session, columns, _listed(said, "classes", name))


def _columns(taken: Sequence[Any], said: tuple[Any, ...], declared: Sequence[str], name: str) -> tuple[str, ...]:
    if unknown := [each.type for each in taken if each.type not in _NUMPY]:
        raise UsageError(
            f"it takes {unknown[0]}, which is not a column type", where=name, hint="export it for plain columns"
        )
    width = taken[0].shape[-1] if taken[0].shape else 1
    if len(taken) == 1:
        for columns in (said, tuple(declared) if width != 1 else ()):
            # A width that is not a number is left open.
            if columns and (not isinstance(width, int) or width == len(columns)):
                return tuple(str(column) for column in columns)
    if len(taken) > 1 or width == 1:
        return tuple(each.name for each in taken)
    raise UsageError(
        f"it takes a matrix of {width} columns and does not say which",
        where=name,
        hint="add `columns` to its metadata, a JSON list of names, or one input per column when it is exported",
    )


def _listed(said: dict[str, str], key: str, name: str) -> tuple[Any, ...]:
    if key not in said:
        return ()
    try:
        found = json.loads(said[key])
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise MissingEvidence(f"its metadata `{key}` is not a JSON list", where=name, hint="export it again")
    return tuple(found)


def _column(values: pd.Series, kind: str, dimensions: int) -> np.ndarray[Any, Any]:
    import numpy as np

    if kind == "tensor(string)":
        column = np.array(["" if value != value else str(value) for value in values.tolist()], dtype=object)
    else:
        column = values.to_numpy().astype(_NUMPY[kind])
    return column if dimensions == 1 else column.reshape(-1, 1)


def _classes_of(labels: np.ndarray[Any, Any], table: np.ndarray[Any, Any]) -> tuple[Any, ...]:
    """Which label each column of probabilities belongs to, read off the rows where it is the greatest."""
    greatest = table.argmax(axis=1)
    found: list[Any] = []
    for column in range(table.shape[1]):
        seen = set(labels[greatest == column].tolist())
        if len(seen) != 1:
            raise ValueError("it does not say which class each probability belongs to: add `classes` to its metadata")
        found.append(seen.pop())
    return tuple(found)
