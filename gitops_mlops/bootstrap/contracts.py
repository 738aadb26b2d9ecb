"""Tables, and contracts that are code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import TableModels, TableRowReader, Tables


def tables() -> Tables:
    """Tables in files."""
    from gitops_mlops.adapters.tables.files import TableFiles

    return TableFiles()


def table_models(tables: Tables, root: Path) -> TableModels:
    """Contracts that are code of the repository at `root`."""
    from gitops_mlops.adapters.tables.pandera_models import PanderaModels

    return PanderaModels(tables, root)


def rows() -> TableRowReader:
    """Tables in files, as rows."""
    from gitops_mlops.adapters.tables.rows import TableRows
    from gitops_mlops.runtime.atomic_write import write_atomically

    return TableRows(write_atomically)
