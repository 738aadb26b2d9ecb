"""A first `mlops.yaml` for a repository that has a model and data already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.contracts.contract import ColumnType
from gitops_mlops.domain.contracts.inference import ColumnProfile, TableProfile

TASKS = (ModelTask.BINARY, ModelTask.MULTICLASS, ModelTask.REGRESSION)
"""Those of which nothing but the target has to be known."""

_FEW = 20
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*\Z")
_WORDS = {
    "test": re.compile(r"(?:^|[^a-z])(?:test|eval|valid|validation|holdout)(?:[^a-z]|$)"),
    "train": re.compile(r"(?:^|[^a-z])train(?:ing)?(?:[^a-z]|$)"),
}

_PROBABILITIES = "{metric: log_loss, rule: non-inferior, margin: 1%}"
_GATES = {
    ModelTask.BINARY: (_PROBABILITIES, "{metric: roc_auc, rule: non-inferior, margin: 0.005}"),
    ModelTask.MULTICLASS: (_PROBABILITIES, "{metric: accuracy, rule: non-inferior, margin: 0.01}"),
    ModelTask.REGRESSION: ("{metric: rmse, rule: non-inferior, margin: 1%}",),
}

EMPTY = """\
# Declare your model in dvc.yaml (artifacts: {NAME: {path: FILE, type: model}}), then say here how to evaluate it.
version: 1
"""


@dataclass(frozen=True)
class ConfigDraft:
    """What a first configuration says. `file` is the model's, `datasets` are paths by name."""

    model: str
    file: str
    task: ModelTask
    target: str
    positive: str | None
    id: str | None
    datasets: Mapping[str, str]
    contract: str
    evaluated: str
    trained: str | None
    input: str


def tables_for(role: str, paths: list[str]) -> list[str]:
    """Those of some paths whose name says that they are for "test" or for "train"."""
    return [path for path in paths if _WORDS[role].search(path.rpartition("/")[2].lower())]


def dataset_name(path: str) -> str:
    """`data/prepared/test.parquet` → `test`."""
    stem = path.rpartition("/")[2].rpartition(".")[0]
    return re.sub(r"[^a-zA-Z0-9]+", "-", stem).strip("-") or "data"


def likely_task(profile: TableProfile, target: str) -> ModelTask:
    """What a column of labels is most likely for: few different values are classes."""
    column = _column(profile, target)
    values = column.values
    if values is not None and len(values) <= 2:
        return ModelTask.BINARY
    whole = column.type is not None and not column.type.is_float
    return ModelTask.MULTICLASS if whole and values is not None and len(values) <= _FEW else ModelTask.REGRESSION


def labels(profile: TableProfile, target: str) -> list[Any]:
    """The different labels in order, [] when they are many."""
    return sorted(_column(profile, target).values or (), key=str)


def identifiers(profile: TableProfile) -> list[str]:
    """Columns of texts of which none repeats: they name rows, and tell nothing."""
    return [column.name for column in profile.columns if column.unique and column.type == ColumnType.STRING]


def draft_yaml(draft: ConfigDraft) -> str:
    """The configuration as YAML that people go on writing."""
    lines = [
        "# A first configuration, to be read and corrected; the toolkit's docs/configuration.md explains every key.",
        "version: 1",
    ]
    lines += ["", "datasets:"]
    for name, path in draft.datasets.items():
        lines.append(f"  {_scalar(name)}: {{path: {_scalar(path)}, contract: {_scalar(draft.contract)}}}")
    lines += ["", "models:", f"  {_scalar(draft.model)}: # an artifact of dvc.yaml", f"    task: {draft.task}"]
    lines += [f"    input: {_scalar(draft.input)}"]
    if not draft.file.endswith((".skops", ".onnx")):
        lines.append("    # loader: package.module:function  # for a file that is neither skops nor ONNX")
    lines += ["    evaluation:", f"      dataset: {_scalar(draft.evaluated)}"]
    lines += [f"      train: {_scalar(draft.trained)}"] if draft.trained else []
    lines += [f"      target: {_scalar(draft.target)}"]
    lines += [f"      positive: {draft.positive}"] if draft.positive else []
    lines += [f"      id: {_scalar(draft.id)}"] if draft.id else []
    lines += ["      # cluster-by: COLUMN  # rows with equal values depend on each other", "    gates:"]
    lines += [f"      - {gate}" for gate in _GATES[draft.task]]
    lines += ["", "environments:", "  staging: {target: process, port: 8081}"]
    lines += ["  production: {target: process, port: 8080, after: staging}"]
    return "\n".join(lines) + "\n"


def positive_yaml(given: str, known: list[Any]) -> str | None:
    """A label as it is written in YAML; None when it is none of those that are known."""
    return next((_scalar(label) for label in known if str(label) == given), None)


def _column(profile: TableProfile, name: str) -> ColumnProfile:
    return next(column for column in profile.columns if column.name == name)


def _scalar(value: Any) -> str:
    """One value, quoted where YAML would read it as something else."""
    bare = not isinstance(value, str) or (_BARE.match(value) and yaml.safe_load(value) == value)
    dumped = yaml.safe_dump(value, default_style=None if bare else '"', width=2**31, allow_unicode=True)
    return str(dumped).removesuffix("...\n").strip()
