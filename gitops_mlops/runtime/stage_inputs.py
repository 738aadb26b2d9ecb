"""What the stages of a pipeline read beside data: parameters and contracts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gitops_mlops.domain.errors import ExternalError, MissingEvidence

if TYPE_CHECKING:
    from pydantic import BaseModel

    from gitops_mlops.domain.contracts.contract import Contract

    M = TypeVar("M", bound=BaseModel)


def read_contract(path: str | os.PathLike[str]) -> Contract:
    """Read a data contract.

    Args:
        path: a contract in YAML, such as `contracts/flights.yaml`.

    Returns:
        The contract; `columns` holds each column's rules by name, in the order of the file.

    Raises:
        ConfigError: the file is not a contract; the message has every problem with its line.
        MissingEvidence: there is no such file.
        ExternalError: the file cannot be read.

    Example:
        >>> features = list(read_contract("contracts/delay-input.yaml").columns)
        >>> model.fit(to_pandas(rows.select(features)), rows["delayed"].to_numpy())

    """
    from gitops_mlops.domain.contracts.contract import parse_contract

    return parse_contract(read_input(path), str(path))


def read_params(model: type[M], path: str | os.PathLike[str] = "params.yaml") -> M:
    """Read the parameters of the pipeline as a pydantic model.

    The file is read as DVC reads it (YAML 1.2: `1e-3` is a number, `no` is text), and strictly: `"8"` is not a
    number.

    Args:
        model: a pydantic model of the whole file.
        path: the file of parameters, in YAML.

    Returns:
        The parameters, checked.

    Raises:
        ConfigError: the file does not fit the model; the message has every problem with its line.
        MissingEvidence: there is no such file.
        ExternalError: the file cannot be read.

    Example:
        >>> class Params(pydantic.BaseModel):
        ...     depth: int
        >>> read_params(Params).depth
        8

    """
    from gitops_mlops.domain.document.typed import typed
    from gitops_mlops.domain.document.yaml import parse_yaml

    return typed(parse_yaml(read_input(path), str(path), anchors=True), model)


def read_input(path: str | os.PathLike[str]) -> bytes:
    """The content of a file that an earlier stage or a person wrote.

    Raises MissingEvidence when it is not there, and ExternalError when it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        hint = "run dvc repro in the repository's root, or dvc pull"
        raise MissingEvidence("there is no such file", where=str(path), hint=hint) from error
    except OSError as error:
        raise ExternalError(f"cannot be read ({error.strerror})", where=str(path)) from error
