"""`metrics:` of `mlops.yaml`: the project's own, each a function."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, WithJsonSchema

from gitops_mlops.domain.config.metrics import METRICS
from gitops_mlops.domain.document.typed import ConfigSection

_FUNCTION = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*"


_NAME = r"[A-Za-z]\w*"


def _function(text: str) -> str:
    if not re.fullmatch(_FUNCTION, text, re.ASCII):
        raise ValueError(f"{text!r} names no function → write it as module:function, for instance shop.money:saved")
    return text


def _name(text: str) -> str:
    if not re.fullmatch(_NAME, text, re.ASCII):
        raise ValueError(f"{text!r} is not a metric name → letters, digits and _, first a letter")
    if text in METRICS:
        raise ValueError(f"{text!r} is a metric already → choose another name")
    return text


FunctionRef = Annotated[
    str, AfterValidator(_function), WithJsonSchema({"type": "string", "pattern": f"^{_FUNCTION}$"})
]


MetricName = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"})]


class CustomMetricConfig(ConfigSection):
    """A metric that the project brings: `function(y_true, y_pred) -> float`, and which direction is better.

    It is given labels, or with `reads: probabilities` those: of the positive label in a binary task, else a column
    for each label. A parameter `sample_weight` makes its interval faster to find.
    """

    function: FunctionRef
    better: Literal["higher", "lower"]
    reads: Literal["predictions", "probabilities"] = "predictions"

    @property
    def module(self) -> str:
        """`shop.money` of `shop.money:saved`."""
        return self.function.partition(":")[0]
