"""What a body asks: the columns that each protocol carries, before any of it is believed.

Both protocols end in the same thing, columns of plain values, which `domain.admission` checks against the
contract. Whatever is wrong raises `Refused`, with the status code and one sentence for the client.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gitops_mlops.domain.contracts.admission import MISSING
from gitops_mlops.domain.contracts.contract import ColumnType, Contract
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.shortening import escaped, first_values
from gitops_mlops.runtime.served_model import ServedModel, label_type
from gitops_mlops.serving.body import HttpRefusal, list_of, mapping_of

_INTEGERS = frozenset(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
_FLOATS = frozenset({"FP16", "FP32", "FP64"})
DATATYPES = frozenset({"BOOL", "BYTES"}) | _INTEGERS | _FLOATS
_CLASSES_SHOWN = 20
_PREDICTION_ID = re.compile(r"[0-9a-f]{32}-[0-9]{1,7}\Z")
MLFLOW_KEYS = ("dataframe_split", "dataframe_records", "instances", "inputs")


@dataclass(frozen=True)
class InferenceRequest:
    """Columns of equal length, `rows`; `id` is the client's own, `outputs` what it wants back (all when empty)."""

    columns: dict[str, Sequence[Any]]
    rows: int
    id: str = ""
    outputs: tuple[str, ...] = ()


def infer_question(data: Any, contract: Contract, max_rows: int) -> InferenceRequest:
    """The columns of an Open Inference Protocol v2 request: one tensor of shape [n] or [n, 1] per column."""
    body = mapping_of(data, "the body")
    tensors = list_of(body.get("inputs"), "inputs")
    if not tensors:
        raise HttpRefusal(400, "inputs is empty: send one tensor per column")
    columns: dict[str, Sequence[Any]] = {}
    rows = None
    for index, entry in enumerate(tensors):
        tensor = mapping_of(entry, f"inputs[{index}]")
        name = tensor.get("name")
        if not isinstance(name, str):
            raise HttpRefusal(400, f"inputs[{index}] has no name")
        if name in columns:
            raise HttpRefusal(400, f"inputs[{index}]: the name {escaped(name)} appears twice")
        column = contract.columns.get(name)
        if column is None and contract.strict and name not in contract.unchecked:
            hint = suggest(name, contract.columns)
            raise HttpRefusal(422, f"inputs[{index}]: the model has no input {escaped(name)} → {hint}")
        values = _values(tensor, f"inputs[{index}] ({escaped(name)})", None if column is None else column.type)
        if rows is not None and len(values) != rows:
            raise HttpRefusal(
                400, f"inputs[{index}] ({escaped(name)}) has {len(values)} rows, those before have {rows}"
            )
        rows = len(values)
        columns[name] = values
    identity = body.get("id", "")
    if not isinstance(identity, str) or len(identity) > 200:
        raise HttpRefusal(400, "id must be text of at most 200 characters")
    return InferenceRequest(columns, _checked_rows(rows or 0, max_rows), identity, _wanted(body.get("outputs")))


def mlflow_question(data: Any, contract: Contract, max_rows: int) -> InferenceRequest:
    """The columns of an MLflow scoring request: exactly one of `MLFLOW_KEYS`, and an empty `params` at most."""
    body = mapping_of(data, "the body")
    known = [key for key in MLFLOW_KEYS if key in body]
    if len(known) != 1:
        raise HttpRefusal(
            400, f"send exactly one of {', '.join(MLFLOW_KEYS)}" + (f", not {' and '.join(known)}" if known else "")
        )
    if body.get("params"):
        raise HttpRefusal(400, "this model takes no params")
    if unknown := sorted(body.keys() - {known[0], "params"}):
        raise HttpRefusal(400, f"unknown key {escaped(unknown[0])} next to {known[0]}")
    (key,) = known
    value = body[key]
    if key == "dataframe_split":
        columns, rows = _split(value, max_rows)
    elif key == "dataframe_records":
        columns, rows = _records(value, key, max_rows)
    elif key == "inputs" and isinstance(value, dict):
        columns, rows = _by_column(value)
    else:
        columns, rows = _instances(value, key, contract, max_rows)
    return InferenceRequest(columns, _checked_rows(rows, max_rows))


def feedback_labels(data: Any, served: ServedModel, max_rows: int) -> tuple[list[str], list[Any]]:
    """Prediction ids and true labels out of `{"predictions": [{"id": …, "label": …}, …]}`."""
    entries = list_of(mapping_of(data, "the body").get("predictions"), "predictions")
    _checked_rows(len(entries), max_rows)
    wanted = label_type(served)
    ids, labels = [], []
    for index, entry in enumerate(entries):
        what = f"predictions[{index}]"
        if mapping_of(entry, what).keys() != {"id", "label"}:
            raise HttpRefusal(400, f"{what} must have id and label, and nothing else")
        identity, label = entry["id"], entry["label"]
        if not isinstance(identity, str) or not _PREDICTION_ID.match(identity):
            raise HttpRefusal(422, f"{what}: id is not that of a prediction")
        if wanted is float and type(label) is int and label.bit_length() < 1000:
            label = float(label)
        if type(label) is not wanted or (served.classes and label not in served.classes):
            known = f" → {first_values(served.classes, _CLASSES_SHOWN)}" if served.classes else ""
            raise HttpRefusal(422, f"{what}: label is not one of the model's{known}")
        if isinstance(label, float) and not math.isfinite(label):
            raise HttpRefusal(422, f"{what}: label is not finite")
        if isinstance(label, int) and label.bit_length() > 63:
            raise HttpRefusal(422, f"{what}: label does not fit 64 bits")
        ids.append(identity)
        labels.append(label)
    return ids, labels


def _split(value: Any, max_rows: int) -> tuple[dict[str, Sequence[Any]], int]:
    split = mapping_of(value, "dataframe_split")
    if unknown := sorted(split.keys() - {"columns", "index", "data"}):
        raise HttpRefusal(400, f"unknown key {escaped(unknown[0])} in dataframe_split")
    names = list_of(split.get("columns"), "dataframe_split.columns")
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise HttpRefusal(400, "dataframe_split.columns must be different names")
    return _positional(list_of(split.get("data"), "dataframe_split.data"), names, "dataframe_split.data", max_rows)


def _instances(value: Any, key: str, contract: Contract, max_rows: int) -> tuple[dict[str, Sequence[Any]], int]:
    """Rows as objects, or as lists in the contract's order."""
    rows = list_of(value, key)
    if rows and isinstance(rows[0], list):
        return _positional(rows, list(contract.columns), key, max_rows)
    return _records(rows, key, max_rows)


def _positional(data: list[Any], names: list[str], what: str, max_rows: int) -> tuple[dict[str, Sequence[Any]], int]:
    _checked_rows(len(data), max_rows)
    for index, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(names):
            given = f"{len(row)} values" if isinstance(row, list) else "not a list"
            raise HttpRefusal(400, f"{what}[{index}] is {given}, there are {len(names)} columns")
    return dict(zip(names, zip(*data, strict=True), strict=True)), len(data)


def _records(value: Any, key: str, max_rows: int) -> tuple[dict[str, Sequence[Any]], int]:
    records = list_of(value, key)
    _checked_rows(len(records), max_rows)
    names: dict[str, None] = {}
    for index, record in enumerate(records):
        if not isinstance(record, dict):
            raise HttpRefusal(400, f"{key}[{index}] must be an object of column and value")
        names.update(dict.fromkeys(record))
        # Records that share no keys would otherwise grow to rows × columns cells.
        if len(names) > 10_000:
            raise HttpRefusal(400, f"{key} names more than 10,000 different columns")
    if len(names) * len(records) > 4_000_000:
        raise HttpRefusal(413, f"{key} has {len(names)} columns × {len(records)} rows, which is too much")
    return {name: [record.get(name, MISSING) for record in records] for name in names}, len(records)


def _by_column(value: dict[str, Any]) -> tuple[dict[str, Sequence[Any]], int]:
    """A list for each column, or a bare value for each: then it is one row."""
    if not any(isinstance(values, list) for values in value.values()):
        return {name: [single] for name, single in value.items()}, 1 if value else 0
    rows = None
    for name, values in value.items():
        if not isinstance(values, list):
            raise HttpRefusal(400, f"inputs: column {escaped(name)} is not a list, others are")
        if rows is not None and len(values) != rows:
            raise HttpRefusal(
                400, f"inputs: column {escaped(name)} has {len(values)} values, those before have {rows}"
            )
        rows = len(values)
    return dict(value), rows or 0


def _values(tensor: dict[str, Any], what: str, column_type: ColumnType | None) -> list[Any]:
    datatype = tensor.get("datatype")
    if not isinstance(datatype, str) or datatype not in DATATYPES:
        raise HttpRefusal(400, f"{what}: datatype must be one of {', '.join(sorted(DATATYPES))}")
    if column_type is not None and datatype not in accepted_datatypes(column_type):
        wanted = ", ".join(sorted(accepted_datatypes(column_type)))
        raise HttpRefusal(422, f"{what}: {datatype} does not fit the type {column_type} → send {wanted}")
    shape = list_of(tensor.get("shape"), f"{what}: shape")
    sizes = [size for size in shape if isinstance(size, int) and not isinstance(size, bool) and size >= 0]
    if len(sizes) != len(shape) or len(sizes) not in (1, 2) or sizes[1:] not in ([], [1]):
        raise HttpRefusal(400, f"{what}: shape must be [n] or [n, 1]")
    data = list_of(tensor.get("data"), f"{what}: data")
    if len(data) != sizes[0]:
        raise HttpRefusal(400, f"{what}: data has {len(data)} elements, shape says {_number(sizes[0])}")
    if len(shape) == 2 and data and all(isinstance(row, list) and len(row) == 1 for row in data):
        return [row[0] for row in data]
    return data


def accepted_datatypes(column_type: ColumnType) -> frozenset[str]:
    """The tensor datatypes that may carry a column: integers carry floats too, text carries dates."""
    if column_type == ColumnType.BOOL:
        return frozenset({"BOOL"})
    if column_type.integer_range:
        return _INTEGERS
    return _FLOATS | _INTEGERS if column_type.is_float else frozenset({"BYTES"})


def datatype_of(column_type: ColumnType) -> str:
    """The tensor datatype that the metadata names for a column."""
    if column_type.is_float:
        return {"float32": "FP32", "float64": "FP64"}[column_type.value]
    if column_type.integer_range:
        return column_type.value.upper()
    return "BOOL" if column_type == ColumnType.BOOL else "BYTES"


def _wanted(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    names = []
    for index, entry in enumerate(list_of(value, "outputs")):
        name = mapping_of(entry, f"outputs[{index}]").get("name")
        if not isinstance(name, str):
            raise HttpRefusal(400, f"outputs[{index}] has no name")
        names.append(name)
    return tuple(names)


def _checked_rows(rows: int, max_rows: int) -> int:
    if rows == 0:
        raise HttpRefusal(400, "the request has no rows")
    if rows > max_rows:
        raise HttpRefusal(413, f"{rows} rows, {max_rows} are allowed in a request", rows=rows)
    return rows


def _number(value: int) -> str:
    return str(value) if value.bit_length() < 200 else "far more"
