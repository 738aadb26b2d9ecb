"""Everything that can be told of a repository's set-up by reading it: nothing is run, imported or fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from gitops_mlops.domain.config.gto import GTO_FILE, parse_gto_config
from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.references import (
    ContractColumns,
    ProjectFiles,
    broken_links,
    class_columns,
    contract_references,
    stages_not_allowed,
)
from gitops_mlops.domain.config.root import CONFIG_FILE, Config
from gitops_mlops.domain.config.trusted_types import parse_trusted_types
from gitops_mlops.domain.contracts.contract import parse_contract
from gitops_mlops.domain.doctor.workflows import WORKFLOW_FOLDER, workflow_problems
from gitops_mlops.domain.document.yaml import Path, YamlDocument, parse_yaml
from gitops_mlops.domain.errors import ConfigError, FileProblemLine, UsageError
from gitops_mlops.domain.pipeline.lock_report import LockReport
from gitops_mlops.domain.ports import DataStore, Tree
from gitops_mlops.usecases.pipeline.lock_status import lock_step

T = TypeVar("T")


@dataclass
class CheckResult:
    """What is wrong, what could not be told, and which files were read."""

    problems: list[FileProblemLine] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def check(tree: Tree, store: DataStore, *, pipeline: bool = True) -> CheckResult:
    """Check `mlops.yaml`, what it names, and unless it is left out the pipeline.

    Raises UsageError when there is no `mlops.yaml`.
    """
    content = tree.read(CONFIG_FILE)
    if content is None:
        raise UsageError("there is no such file", where=CONFIG_FILE, hint="add one; the README shows how")
    result = CheckResult(files=[CONFIG_FILE])
    config = _collected(result, lambda: parse_config(content))
    listed = tree.read(GTO_FILE)
    result.files += [GTO_FILE] if listed is not None else []
    gto = _collected(result, lambda: parse_gto_config(listed))
    step = lock_step(tree).as_ci_sees(config.training if config else "author") if pipeline else LockReport()
    if config is not None:
        document = parse_yaml(content, CONFIG_FILE)
        # What no run has written yet is an output all the same.
        declared = {place for judged in step.stages for place in judged.stage.writes()}
        _links(config, document, tree, store, declared, result)
        if gto is not None:
            result.problems += [document.problem(*wrong) for wrong in stages_not_allowed(config, gto)]
    _workflows(config, tree, result)
    if pipeline:
        result.problems += step.problems
        result.remarks += step.remarks
        result.files += [path for path in tree.paths() if path.rsplit("/", 1)[-1] in ("dvc.yaml", "dvc.lock")]
    result.problems = sorted(set(result.problems))
    return result


def _workflows(config: Config | None, tree: Tree, result: CheckResult) -> None:
    documents: list[YamlDocument] = []
    for path, content in our_workflows(tree):
        document = _collected(result, lambda content=content, path=path: parse_yaml(content, path, anchors=True))  # type: ignore[misc]
        documents += [document] if document is not None else []
        result.files.append(path)
    result.problems += workflow_problems(documents, config.stages() if config is not None else [])


def our_workflows(tree: Tree) -> Iterator[tuple[str, bytes]]:
    """Those of the repository's workflows that mention us, by path; what others say is theirs."""
    for path in tree.below(WORKFLOW_FOLDER):
        if path.endswith((".yml", ".yaml")) and b"gitops-mlops/" in (content := tree.read(path) or b""):
            yield path, content


def _links(
    config: Config, document: YamlDocument, tree: Tree, store: DataStore, declared: set[str], result: CheckResult
) -> None:
    artifacts = _collected(result, store.artifacts)
    outputs = _collected(result, store.outputs)
    columns: dict[str, ContractColumns] = {}
    for reference, where in contract_references(config).items():
        path = reference.partition(":")[0]
        if (found := _named_file(tree, document, where, path, result)) is not None:
            known = _collected(result, lambda found=found, reference=reference: _columns(found, reference))  # type: ignore[misc]
            columns |= {reference: known} if known is not None else {}
    for name, model in config.models.items():
        if path := model.trusted_types or "":
            listed = _named_file(tree, document, ("models", name, "trusted-types"), path, result)
            if listed is not None:
                _collected(result, lambda listed=listed, path=path: parse_trusted_types(listed, path))  # type: ignore[misc]
    for name, environment in config.environments.items():
        approvals = environment.promotion.approvals
        if approvals and approvals.signed_by and approvals.signed_by.ssh:
            where = ("environments", name, "promotion", "approvals", "signed-by", "ssh")
            _named_file(tree, document, where, approvals.signed_by.ssh, result)
    if artifacts is not None and outputs is not None:
        around = ProjectFiles(
            [artifact.name for artifact in artifacts], declared.union(outputs), _existence(tree), columns
        )
        result.problems += [document.problem(*wrong) for wrong in broken_links(config, around)]


def _columns(content: bytes, reference: str) -> ContractColumns:
    path, _, name = reference.partition(":")
    if name:
        return class_columns(content, path, name)
    contract = parse_contract(content, path)
    return ContractColumns(frozenset({*contract.columns, *contract.unchecked}), contract.strict)


def _named_file(tree: Tree, document: YamlDocument, where: Path, path: str, result: CheckResult) -> bytes | None:
    """The content of a file that the configuration names; None, and a problem, when there is none."""
    try:
        content = tree.read(path)
    except UsageError as error:
        result.problems.append(document.problem(where, f"{path!r} {error.message}", error.hint))
        return None
    if content is None:
        result.problems.append(document.problem(where, f"there is no file {path!r}", "write it, or fix the path"))
    elif path not in result.files:
        result.files.append(path)
    return content


def _existence(tree: Tree) -> Callable[[str], bool]:
    def exists(path: str) -> bool:
        try:
            return tree.exists(path)
        except UsageError:
            return False

    return exists


def _collected(result: CheckResult, read: Callable[[], T]) -> T | None:
    """What `read` gives; None, and its problems, when it cannot."""
    try:
        return read()
    except ConfigError as error:
        result.problems += error.problems
        return None
