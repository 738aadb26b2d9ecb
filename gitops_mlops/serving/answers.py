"""What the server says: predictions as each protocol writes them, and the model's description of itself.

Outputs are `label`, then `probability` of the positive class where a binary classifier has one, otherwise
`probabilities` of all classes, then `prediction_id`, which `/feedback` takes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from gitops_mlops.domain.shortening import escaped
from gitops_mlops.runtime.served_model import ServedModel, ServedPredictions, label_type
from gitops_mlops.serving.body import HttpRefusal
from gitops_mlops.serving.request import InferenceRequest, datatype_of

_LABEL_DATATYPES: dict[type, str] = {bool: "BOOL", int: "INT64", float: "FP64", str: "BYTES"}


@dataclass(frozen=True)
class NamedAnswer:
    """An answer with its names: of the request, and of the prediction for each row."""

    identity: str
    ids: list[str]
    answer: ServedPredictions


def dump(value: Any) -> bytes:
    """Compact JSON; a number that JSON does not have raises ValueError."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def infer_response(served: ServedModel, question: InferenceRequest, outcome: NamedAnswer) -> bytes:
    """The response of the Open Inference Protocol."""
    bundle = served.bundle
    outputs = _tensors(served, outcome)
    if question.outputs:
        outputs = [output for output in outputs if output["name"] in question.outputs]
    return dump(
        {
            "model_name": bundle.model,
            "model_version": bundle.version,
            "id": question.id or outcome.identity,
            "outputs": outputs,
        }
    )


def mlflow_response(served: ServedModel, question: InferenceRequest, outcome: NamedAnswer) -> bytes:
    """The response of MLflow's scoring protocol: one record per row, as a model that returns a table gives it."""
    columns = {tensor["name"]: tensor["data"] for tensor in _tensors(served, outcome)}
    if "probabilities" in columns:
        columns["probabilities"] = outcome.answer.probabilities
    names = list(columns)
    return dump({"predictions": [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]})


def check_outputs(served: ServedModel, question: InferenceRequest) -> None:
    """Raise Refused when the client wants an output that there is not."""
    known = [output["name"] for output in _outputs(served)]
    for name in question.outputs:
        if name not in known:
            raise HttpRefusal(422, f"the model has no output {escaped(name)} → {', '.join(known)}")


def model_metadata(served: ServedModel) -> bytes:
    """The model's metadata response; `parameters` says which bundle this is, and what is unusual."""
    bundle = served.bundle
    inputs = [
        {
            "name": name,
            "datatype": datatype_of(column.type),
            "shape": [-1],
            "parameters": {"nullable": column.nullable, "required": column.required},
        }
        for name, column in served.contract.columns.items()
    ]
    parameters = {
        "bundle_digest": served.digest,
        "commit": bundle.commit,
        "task": bundle.task.value,
        "warnings": list(served.warnings),
    }
    return dump(
        {
            "name": bundle.model,
            "versions": [bundle.version],
            "platform": "scikit-learn_skops",
            "inputs": inputs,
            "outputs": _outputs(served),
            "parameters": parameters,
        }
    )


def _outputs(served: ServedModel) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = [
        {"name": "label", "datatype": _LABEL_DATATYPES[label_type(served)], "shape": [-1]}
    ]
    if served.positive_column is not None:
        parameters: dict[str, Any] = {"class": served.bundle.positive, "threshold": served.bundle.threshold}
        outputs.append({"name": "probability", "datatype": "FP64", "shape": [-1], "parameters": parameters})
    elif served.classes:
        parameters = {"classes": list(served.classes)}
        shape = [-1, len(served.classes)]
        outputs.append({"name": "probabilities", "datatype": "FP64", "shape": shape, "parameters": parameters})
    outputs.append({"name": "prediction_id", "datatype": "BYTES", "shape": [-1]})
    return outputs


def _tensors(served: ServedModel, outcome: NamedAnswer) -> list[dict[str, Any]]:
    answer, rows = outcome.answer, len(outcome.ids)
    data: dict[str, list[Any]] = {"label": answer.labels, "prediction_id": outcome.ids}
    if served.positive_column is not None:
        data["probability"] = [row[served.positive_column] for row in answer.probabilities]
    else:
        data["probabilities"] = [value for row in answer.probabilities for value in row]
    return [
        {**output, "shape": [rows, *output["shape"][1:]], "data": data[output["name"]]} for output in _outputs(served)
    ]
