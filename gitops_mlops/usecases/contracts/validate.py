"""Check data of the working tree against its contracts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_mlops.domain.contracts.contract import parse_contract
from gitops_mlops.domain.contracts.validation import TableFindings, Validation
from gitops_mlops.domain.contracts.violated_lines import violated_lines
from gitops_mlops.domain.errors import FileProblemLine, MissingEvidence, UsageError
from gitops_mlops.domain.names import suggest
from gitops_mlops.log import Logger

if TYPE_CHECKING:
    from gitops_mlops.domain.config.root import Config
    from gitops_mlops.domain.ports import Files, TableModels, Tables


_LOG = Logger(__name__)


def validate_datasets(
    config: Config,
    names: Sequence[str],
    files: Files,
    tables: Tables,
    models: TableModels,
    progress: Callable[[str], None],
) -> list[Validation]:
    """Validate the named datasets of `mlops.yaml`, or all that have a contract when none is named.

    Raises UsageError for an unknown dataset or one without a contract, EvidenceMissing for data that is
    not there or cannot be read.
    """
    for name in names:
        if name not in config.datasets:
            raise UsageError(f"no dataset is called {name!r}", hint=suggest(name, config.datasets))
        if config.datasets[name].contract is None:
            raise UsageError(
                f"the dataset {name!r} has no contract", hint="gitops-mlops contract infer writes a first one"
            )
    chosen = list(dict.fromkeys(names)) or [name for name, one in config.datasets.items() if one.contract]
    if not chosen:
        raise MissingEvidence(
            "no dataset of mlops.yaml has a contract", hint="gitops-mlops contract infer writes a first one"
        )
    found = []
    for name in chosen:
        dataset = config.datasets[name]
        assert dataset.contract is not None
        progress(f"{name}: {dataset.path} against {dataset.contract}")
        findings = validate_table(files.resolve(dataset.path), dataset.path, dataset.contract, files, tables, models)
        found.append(Validation(name, dataset.path, dataset.contract, findings))
        _LOG.info("%s has %d rows and breaks %d rules", name, findings.rows, len(findings.violations))
    return found


def violated(validations: Sequence[Validation], read: Callable[[str], bytes | None]) -> list[FileProblemLine]:
    """What is wrong with the data, each at the line that says so; `read` gives the content of a contract's file."""
    found = []
    for one in validations:
        if not one.passed:
            found += violated_lines(one, read(one.contract.partition(":")[0]) or b"")
    return found


def validate_table(
    data: Path, name: str, reference: str, files: Files, tables: Tables, models: TableModels
) -> TableFindings:
    """Hold one table against the contract that `reference` (`x.yaml` or `x.py:Class`) names in `files`."""
    # Polars takes longer to import than most commands take to run.
    from gitops_mlops.domain.contracts.table_checks import checks_of, wanted_types

    file, _, class_name = reference.partition(":")
    content = files.read(file)
    if content is None:
        raise UsageError(
            "there is no such contract", where=file, hint="check the path, or write one with contract infer"
        )
    if file.endswith(".py") != bool(class_name):
        raise UsageError("names no contract", where=reference, hint="write it as x.yaml or x.py:ClassName")
    if class_name:
        return models.check(data, name, files.resolve(file), class_name)
    contract = parse_contract(content, file)
    table = tables.open(data, name, wanted_types(contract))
    return tables.count(table, checks_of(contract, table))
