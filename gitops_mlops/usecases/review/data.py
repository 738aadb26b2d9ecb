"""The data of a change against its contracts; what is as it was on the base is not read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.config.sections import DatasetConfig
from gitops_mlops.domain.contracts.compatibility import compare_contracts
from gitops_mlops.domain.contracts.contract import parse_contract
from gitops_mlops.domain.contracts.validation import TableFindings, Validation, Violation
from gitops_mlops.domain.contracts.violated_lines import violated_lines
from gitops_mlops.domain.errors import FileProblemLine, MissingEvidence, MlopsError
from gitops_mlops.domain.names import column_label
from gitops_mlops.domain.ports import DataStore, Files, Repository, TableModels, Tables, Tree
from gitops_mlops.domain.review.review import BrokenRule, ContractEdit, DatasetReview, outcome_of
from gitops_mlops.domain.shortening import and_more
from gitops_mlops.usecases.contracts.validate import validate_table
from gitops_mlops.usecases.review.base import BaseState

_MOST = 50


class DataReviewer:
    """Holds each dataset that changed against its contract."""

    def __init__(
        self,
        head: Config,
        base: BaseState,
        repository: Repository,
        store: DataStore,
        files: Files,
        tree: Tree,
        tables: Callable[[], tuple[Tables, TableModels]],
    ) -> None:
        self._head = head
        self._base = base
        self._repository = repository
        self._store = store
        self._files = files
        self._tree = tree
        self._tables = tables
        self._now = store.outputs()

    def names(self) -> list[str]:
        """The datasets that have a contract, and those that had one on the base."""
        here = [name for name, dataset in self._head.datasets.items() if dataset.contract]
        return [*here, *(name for name in self._then() if name not in here)]

    def review(self, name: str) -> DatasetReview:
        """One dataset; what keeps it from being read is an outcome."""
        dataset = self._head.datasets.get(name)
        if dataset is None or dataset.contract is None:
            then = self._then()[name]
            told = "the change takes its contract out of mlops.yaml, so that it is not checked"
            return _about(name, then, outcome="warn", skipped="removed", message=told)
        if self._is_as_on_base(dataset):
            return _about(name, dataset, outcome="pass", skipped="base")
        edits = _first_edits(list(self._edits(name, dataset)))
        try:
            found = self._findings(dataset)
        except MlopsError as error:
            return _about(name, dataset, outcome=outcome_of(error), message=str(error), edits=edits)
        problems = violated_lines(Validation(name, dataset.path, dataset.contract, found), self._contract(dataset))
        count = len(found.violations)
        return _about(
            name,
            dataset,
            outcome="block" if count else "pass",
            rows=found.rows,
            rules_broken=count,
            rules=tuple(map(_rule, found.violations[:_MOST], problems)),
            edits=edits,
        )

    def _contract(self, dataset: DatasetConfig) -> bytes:
        return self._files.read(_file(dataset)) or b""

    def _then(self) -> Mapping[str, DatasetConfig]:
        datasets = self._base.config.datasets if self._base.config else {}
        return {name: dataset for name, dataset in datasets.items() if dataset.contract}

    def _is_as_on_base(self, dataset: DatasetConfig) -> bool:
        file = _file(dataset)
        known = any(one.path == dataset.path and one.contract == dataset.contract for one in self._then().values())
        same = self._base.has_same_files([dataset.path, file], self._now)
        return known and same and not (file.endswith(".py") and not self._base.has_same_code())

    def _findings(self, dataset: DatasetConfig) -> TableFindings:
        assert dataset.contract is not None
        tables, models = self._tables()
        where = self._content(dataset.path)
        return validate_table(where, dataset.path, dataset.contract, self._files, tables, models)

    def _content(self, path: str) -> Path:
        """What `dvc.lock` records, from the working tree or else from the cache; folders only from the tree."""
        output = self._now.get(path)
        if output is None or output.md5.endswith(".dir"):
            return self._files.resolve(path)
        found = self._tree.md5(path)
        if found is None:
            return self._store.materialise(output)
        if found != output.md5:
            raise MissingEvidence("differs from what dvc.lock records", where=path, hint="dvc repro, or dvc checkout")
        return self._files.resolve(path)

    def _edits(self, name: str, dataset: DatasetConfig) -> Iterator[ContractEdit]:
        before = self._then().get(name)
        if before is None:
            return
        if before.contract != dataset.contract:
            yield ContractEdit(message=f"its contract was {before.contract}, and is {dataset.contract}")
        old, new = self._repository.read(self._base.commit, _file(before)), self._files.read(_file(dataset))
        if old is None or new is None or old == new:
            return
        if _file(before).endswith(".py") or _file(dataset).endswith(".py"):
            yield ContractEdit(message=f"the code of {_file(dataset)} differs")
            return
        try:
            changes = compare_contracts(parse_contract(old, _file(before)), parse_contract(new, _file(dataset)))
        except MlopsError:
            # What is wrong with the new one is told by the check; the old one counts no more.
            return
        for one in changes:
            yield ContractEdit(kind=one.kind, column=_column(one.column), message=f"{one.change}: {one.message}")


def _first_edits(edits: list[ContractEdit]) -> tuple[ContractEdit, ...]:
    """As many as a review holds; of more, the last one says how many."""
    if len(edits) <= _MOST:
        return tuple(edits)
    return (*edits[: _MOST - 1], ContractEdit(message=and_more(len(edits) - _MOST + 1, "")))


def _column(name: str | None) -> str:
    return "" if name is None else column_label(name)


def _file(dataset: DatasetConfig) -> str:
    return (dataset.contract or "").partition(":")[0]


def _about(name: str, dataset: DatasetConfig, **fields: object) -> DatasetReview:
    said = {"name": name, "path": dataset.path, "contract": dataset.contract or "", **fields}
    return DatasetReview.model_validate(said)


def _rule(one: Violation, problem: FileProblemLine) -> BrokenRule:
    return BrokenRule(
        column=_column(one.column),
        check=one.check,
        message=one.message,
        rows=one.rows,
        line=problem.line,
    )
