"""What single values of `mlops.yaml` may be: paths, names, durations, ports."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from gitops_mlops.domain.names import ARTIFACT, NAME, is_artifact, is_name, path_problem

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhdw])\Z")


def _path(text: str) -> str:
    if reason := path_problem(text):
        raise ValueError(f"the path {text!r} {reason} → write it relative to the repository's root")
    return text


def _contract(text: str) -> str:
    path, _, name = text.partition(":")
    _path(path)
    if path.endswith(".py"):
        if not name.isidentifier():
            raise ValueError(f"{text!r} names no class → write it as path.py:ClassName")
    elif name or not path.endswith((".yaml", ".yml")):
        raise ValueError(f"{text!r} is not a contract → name a .yaml file or path.py:ClassName")
    return text


def _entry_point(text: str) -> str:
    module, _, function = text.partition(":")
    if not function.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise ValueError(f"{text!r} names no function → write it as package.module:function")
    return text


def _stage(text: str) -> str:
    if not is_name(text):
        raise ValueError(f"{text!r} is not a name → letters, digits, - _ /; first and last a letter or digit")
    return text


def _artifact(text: str) -> str:
    if not is_artifact(text):
        raise ValueError(f"{text!r} is not a model name → letters, digits, - _ /; no dots")
    return text


def _seconds(value: Any) -> Any:
    if isinstance(value, str) and (match := _DURATION.match(value)):
        return float(match[1]) * _UNITS[match[2]]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ValueError(f"{value!r} is not a duration → write a number and s, m, h, d or w, as in 30s or 7d")


RepoPath = Annotated[str, AfterValidator(_path)]
EntryPoint = Annotated[str, AfterValidator(_entry_point)]
ContractRef = Annotated[str, AfterValidator(_contract)]
StageName = Annotated[str, AfterValidator(_stage), WithJsonSchema({"type": "string", "pattern": f"^{NAME}$"})]
ArtifactName = Annotated[
    str, AfterValidator(_artifact), WithJsonSchema({"type": "string", "pattern": f"^{ARTIFACT}$"})
]
Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    Field(ge=0),
    WithJsonSchema(
        {
            "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)?[smhdw]$"}],
            "description": "Seconds, or a number with s, m, h, d or w, as in 30s or 7d.",
            "x-expected": "a duration of at least 0, such as 30s or 7d",
        }
    ),
]
Port = Annotated[int, Field(ge=1, le=65535)]
Probability = Annotated[float, Field(gt=0, lt=1)]
Action = Literal["block", "warn"]
# Each is a row of `domain/comparison/gate_rules.py`.
RuleName = Literal["superior", "non-inferior"]
# Each has a folder in `adapters/targets` and a row in `bootstrap/deployment.py`.
TargetKind = Literal["process"]
