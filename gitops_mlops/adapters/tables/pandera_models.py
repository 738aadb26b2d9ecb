"""Contracts in Python: pandera's `DataFrameModel` classes, run by pandera itself on a lazy frame.

Importing one runs code of the repository, as running its tests would.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from gitops_mlops.domain.contracts.contract import RowCountRule
from gitops_mlops.domain.contracts.table_checks import (
    KeyCheck,
    ReadableTable,
    RowCheck,
    TableChecks,
    text_that_is_none,
    uneven_parts,
)
from gitops_mlops.domain.contracts.table_parts import fits
from gitops_mlops.domain.contracts.temporal_values import python_rows
from gitops_mlops.domain.contracts.validation import SAMPLE, TableFindings, Violation, ViolationSample, plain_value
from gitops_mlops.domain.errors import ExternalError, UsageError
from gitops_mlops.domain.faults import of_the_machine
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.ports import Tables
from gitops_mlops.domain.shortening import first_line

_OUTPUT = "check_output"
_MODULE = "gitops_mlops_contract"


class PanderaModels:
    """Runs pandera models on tables."""

    def __init__(self, tables: Tables, root: Path) -> None:
        self._tables = tables
        self._root = root

    def check(self, path: Path, name: str, contract: Path, class_name: str) -> TableFindings:
        """Hold the table at `path` against a class of the file `contract`.

        Raises UsageError for a file that cannot be imported or a class that is not a Polars model.
        """
        prove_that_pandera_looks()
        with _quiet(), _importable(self._root):
            schema = _schema(_imported(contract), contract.name, class_name)
            wanted = {column: _polars_type(one) for column, one in schema.columns.items() if not one.regex}
            table = self._tables.open(path, name, {key: dtype for key, dtype in wanted.items() if dtype is not None})
            checks = _own_checks(schema, table, wanted)
            counted = self._tables.count(table, checks)
            return TableFindings(counted.rows, (*_run(schema, table), *counted.violations))


def prove_that_pandera_looks() -> None:
    """Show pandera a row that is known to be bad. Raises OutsideError when it passes.

    On a lazy frame pandera looks at no row unless it is told to, and calls everything valid.
    """
    import pandera.polars as pa

    schema = pa.DataFrameSchema({"x": pa.Column(pl.Int64, pa.Check.ge(0))})
    if not _errors(schema, pl.LazyFrame({"x": [-1]})):
        raise ExternalError(
            "pandera calls a row valid that is known to be bad", hint="install a tested version of pandera"
        )


def _errors(schema: Any, frame: pl.LazyFrame) -> list[Any]:
    from pandera.config import ValidationDepth, config_context
    from pandera.errors import SchemaError, SchemaErrors

    # The context wins over PANDERA_VALIDATION_ENABLED and PANDERA_VALIDATION_DEPTH of the environment.
    with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
        try:
            schema.validate(frame, lazy=True)
        except SchemaErrors as error:
            return list(error.schema_errors)
        except SchemaError as error:
            return [error]
    return []


def _run(schema: Any, table: ReadableTable) -> list[Violation]:
    """Presence, types and checks by pandera; nulls and uniqueness are counted by us, in constant memory."""
    bounded = deepcopy(schema)
    bounded.drop_invalid_rows = False
    bounded.unique = None
    for column in bounded.columns.values():
        column.nullable, column.unique, column.drop_invalid_rows = True, False, False
    for check in (*bounded.checks, *(check for column in bounded.columns.values() for check in column.checks)):
        # Without a limit every failing value becomes an object.
        check.n_failure_cases = min(check.n_failure_cases or SAMPLE, SAMPLE)
    try:
        with pl.Config():
            pl.Config.set_engine_affinity("streaming")
            errors = _errors(bounded, table.frame.drop(table.helpers))
    except Exception as error:
        # Checks are the project's code, which may raise anything.
        if of_the_machine(error):
            raise
        raise UsageError(f"pandera cannot apply the model ({_told(error)})", where=table.name) from error
    return [_violation(error) for error in errors]


def _violation(error: Any) -> Violation:
    reason = error.reason_code.name if error.reason_code else ""
    of_column = type(error.schema).__name__ == "Column"
    column = error.column_name or (error.schema.name if of_column else None)
    message = first_line(error) or "fails"
    if reason == "COLUMN_NOT_IN_DATAFRAME":
        return Violation(str(error.failure_cases), "required", "the column is missing")
    if reason == "COLUMN_NOT_IN_SCHEMA":
        return Violation(str(error.failure_cases), "strict", "the contract has no such column")
    if reason == "WRONG_DATATYPE":
        return Violation(column, "type", message.removeprefix(f"expected column '{column}' to have "))
    if reason == "CHECK_ERROR":
        return Violation(
            column, _check_name(error.check), f"the check itself fails: {first_line(error.failure_cases)}"
        )
    if not isinstance(error.check_output, pl.DataFrame) or not isinstance(error.failure_cases, pl.DataFrame):
        return Violation(column, _check_name(error.check), message)
    passed = error.check_output[_OUTPUT].fill_null(False)
    cases = python_rows(error.failure_cases.head(SAMPLE))
    samples = tuple(
        ViolationSample(int(row) + 1, {str(key): plain_value(value) for key, value in case.items()})
        for row, case in zip((~passed).arg_true().head(SAMPLE), cases, strict=False)
    )
    return Violation(column, _check_name(error.check), "breaks the check", len(passed) - int(passed.sum()), samples)


def _check_name(check: Any) -> str:
    return str(getattr(check, "error", None) or getattr(check, "name", None) or check)


def _own_checks(schema: Any, table: ReadableTable, wanted: Mapping[str, pl.DataType | None]) -> TableChecks:
    found: list[Violation] = []
    rules: list[RowCheck] = []
    keys: list[tuple[str, ...]] = []
    for name, column in _present(schema, table):
        shown = {name: table.raw.get(name, name)}
        found += uneven_parts(name, table, partial(_wrong_type, wanted=wanted.get(name)), column.required)
        none = text_that_is_none(name, table.raw[name]) if name in table.raw else pl.lit(False)
        if name in table.raw:
            rules.append(RowCheck(name, "type", f"is not of type {column.dtype}", none, shown))
        if not column.nullable:
            rules.append(RowCheck(name, "nulls", "is null", table.missing(name) & ~none, shown))
        if column.unique:
            keys.append((name,))
    together = [schema.unique] if isinstance(schema.unique, str) else list(schema.unique or ())
    if together and set(together) <= set(table.schema):
        keys.append(tuple(together))
    return TableChecks(RowCountRule(), tuple(found), tuple(rules), tuple(KeyCheck(key) for key in keys))


def _wrong_type(kind: pl.DataType, wanted: pl.DataType | None) -> str:
    if wanted is None or fits(kind, wanted):
        return ""
    return f"is {str(kind).lower()}, expected {str(wanted).lower()}"


def _present(schema: Any, table: ReadableTable) -> Iterator[tuple[str, Any]]:
    """The columns of the table that the schema speaks of; one that is named wins over a pattern."""
    for name in table.schema:
        patterns = (one for one in schema.columns.values() if one.regex and re.search(str(one.name), name))
        column = schema.columns.get(name) or next(patterns, None)
        if column is not None:
            yield name, column


def _polars_type(column: Any) -> pl.DataType | None:
    found = getattr(column.dtype, "type", None)
    if isinstance(found, type) and issubclass(found, pl.DataType):
        return found()
    return found if isinstance(found, pl.DataType) else None


def _schema(module: ModuleType, file: str, class_name: str) -> Any:
    import pandera.polars as pa

    found = getattr(module, class_name, None)
    models = [name for name, value in vars(module).items() if _is_model(value, pa) and value is not pa.DataFrameModel]
    if found is None:
        raise UsageError(f"there is no class {class_name!r}", where=file, hint=suggest(class_name, models))
    if not _is_model(found, pa):
        hint = "derive it from pandera.polars.DataFrameModel"
        raise UsageError(f"{class_name} is not a Polars model of pandera", where=file, hint=hint)
    try:
        return found.to_schema()
    except Exception as error:
        if of_the_machine(error):
            raise
        # pandera raises many kinds for a model that contradicts itself.
        raise UsageError(f"{class_name} makes no schema ({_told(error)})", where=file) from error


def _is_model(value: Any, pa: Any) -> bool:
    return isinstance(value, type) and issubclass(value, pa.DataFrameModel)


def _imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(_MODULE, file)
    if spec is None or spec.loader is None or not file.is_file():
        raise UsageError("there is no such contract", where=file.name, hint="check the path in mlops.yaml")
    module = importlib.util.module_from_spec(spec)
    # Annotations that are text are resolved through sys.modules.
    sys.modules[_MODULE] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        if of_the_machine(error):
            raise
        # Importing runs the file: whatever it raises is its own fault.
        raise UsageError(f"cannot be imported ({_told(error)})", where=file.name) from error
    return module


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {first_line(error)}"


@contextlib.contextmanager
def _importable(root: Path) -> Iterator[None]:
    """The repository's own modules can be imported; afterwards the import system is as it was."""
    path, bytecode = list(sys.path), sys.dont_write_bytecode
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path[:] = path
        sys.dont_write_bytecode = bytecode
        sys.modules.pop(_MODULE, None)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What the contract's code prints goes to standard error: standard output belongs to the result."""
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
