"""What `mlops.yaml` says of other files: artifacts, datasets, contracts and their columns."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from gitops_mlops.domain.config.gto import GTO_FILE, GtoConfig
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.config.sections import ModelConfig
from gitops_mlops.domain.document.yaml import Path
from gitops_mlops.domain.errors import ConfigError, FileProblemLine
from gitops_mlops.domain.names import suggest

Wrong = tuple[Path, str, str]


@dataclass(frozen=True)
class ContractColumns:
    """The columns of a contract; not `closed` when the data may have others too."""

    names: frozenset[str]
    closed: bool


@dataclass(frozen=True)
class ProjectFiles:
    """What the configuration is compared with.

    `artifacts` are the IDs of `dvc.yaml`, `tracked` the paths that DVC tracks, `exists` tells of any other
    path, `columns` holds the contracts that could be read, by the reference that names them.
    """

    artifacts: Collection[str]
    tracked: Collection[str]
    exists: Callable[[str], bool]
    columns: Mapping[str, ContractColumns]


def contract_references(config: Config) -> dict[str, Path]:
    """Every contract that the configuration names, and where it does so first."""
    found: dict[str, Path] = {}
    for name, dataset in config.datasets.items():
        if dataset.contract:
            found.setdefault(dataset.contract, ("datasets", name, "contract"))
    for name, model in config.models.items():
        if model.input:
            found.setdefault(model.input, ("models", name, "input"))
    return found


def stages_not_allowed(config: Config, gto: GtoConfig) -> Iterator[Wrong]:
    """Environments that no version can enter, since `.gto` does not list their stage."""
    for name in config.environments:
        if gto.stages is not None and name not in gto.stages:
            hint = suggest(name, gto.stages) or f"add it under stages: in {GTO_FILE}"
            yield ("environments", name), f"{GTO_FILE} lists no stage {name!r}", hint


def broken_links(config: Config, around: ProjectFiles) -> Iterator[Wrong]:
    """What the configuration names and the repository does not have: where, what, and what to do."""
    for name, dataset in config.datasets.items():
        if not _is_tracked(dataset.path, around.tracked) and not around.exists(dataset.path):
            yield (
                ("datasets", name, "path"),
                f"{dataset.path!r} is neither an output of dvc.yaml, nor added to DVC, nor a file",
                suggest(dataset.path, around.tracked) or f"dvc add {dataset.path}",
            )
    for name, model in config.models.items():
        if name not in around.artifacts:
            hint = suggest(name, around.artifacts) or "declare it in dvc.yaml: artifacts: {ID: {path, type: model}}"
            yield ("models", name), f"no artifact of dvc.yaml is called {name!r}", hint
        seeds = model.evaluation.seeds
        if seeds and not _is_tracked(seeds, around.tracked) and not around.exists(seeds):
            yield (
                ("models", name, "evaluation", "seeds"),
                f"{seeds!r} is neither an output of dvc.yaml nor a file",
                suggest(seeds, around.tracked) or "let a stage write it",
            )
        yield from _wrong_columns(name, model, config, around)


def _is_tracked(path: str, tracked: Collection[str]) -> bool:
    return path in tracked or any(path.startswith(f"{folder}/") for folder in tracked)


def _wrong_columns(name: str, model: ModelConfig, config: Config, around: ProjectFiles) -> Iterator[Wrong]:
    evaluation = model.evaluation
    dataset = config.datasets.get(evaluation.dataset)
    columns = around.columns.get(dataset.contract) if dataset and dataset.contract else None
    if dataset is None or columns is None or not columns.closed:
        return
    path = ("models", name, "evaluation")
    wanted: list[tuple[Path, str | None]] = [
        ((*path, "target"), evaluation.target),
        ((*path, "id"), evaluation.id),
        ((*path, "cluster-by"), evaluation.cluster_by),
        ((*path, "query"), evaluation.query),
        ((*path, "time"), evaluation.time),
        ((*path, "series"), evaluation.series),
        *(((*path, "slices", index), column) for index, column in enumerate(evaluation.slices)),
        *(((*path, "fairness", "sensitive", index), column) for index, column in enumerate(evaluation.sensitive)),
    ]
    for where, column in wanted:
        if column is not None and column not in columns.names:
            yield where, f"{dataset.contract} has no column {column!r}", suggest(column, columns.names)


def class_columns(content: bytes, path: str, name: str) -> ContractColumns:
    """The columns of a pandera class, told from its source without running it.

    Raises ConfigError when the file is no Python or has no such class.
    """
    try:
        module = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", 0) or 0
        raise ConfigError([FileProblemLine(path, line, 1 if line else 0, "", f"not Python ({error})")]) from None
    classes = {node.name: node for node in module.body if isinstance(node, ast.ClassDef)}
    if name not in classes:
        raise ConfigError(
            [FileProblemLine(path, 0, 0, "", f"there is no class {name!r} in it", suggest(name, classes))]
        )
    fields: set[str] = set()
    closed = _collect(classes, name, fields, set())
    return ContractColumns(frozenset(fields), closed)


def _collect(classes: Mapping[str, ast.ClassDef], name: str, fields: set[str], seen: set[str]) -> bool:
    """Add the fields of a class and of its parents; whether all of its parents are known."""
    if name in seen:
        return True
    seen.add(name)
    for node in classes[name].body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            fields.add(_alias(node.value) or node.target.id)
    parents = [base.id if isinstance(base, ast.Name) else getattr(base, "attr", "") for base in classes[name].bases]
    return all(
        _collect(classes, parent, fields, seen) if parent in classes else parent in ("DataFrameModel", "BaseModel")
        for parent in parents
    )


def _alias(value: ast.expr | None) -> str | None:
    """`Field(alias="other name")`."""
    for keyword in value.keywords if isinstance(value, ast.Call) else ():
        if (
            keyword.arg == "alias"
            and isinstance(keyword.value, ast.Constant)
            and isinstance(keyword.value.value, str)
        ):
            return keyword.value.value
    return None
