"""Model files on disk, as a pipeline stage writes and reads them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gitops_mlops.domain.config.trusted_types import parse_trusted_types
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.runtime.atomic_write import write_atomically
from gitops_mlops.runtime.skops_model import dump_model
from gitops_mlops.runtime.skops_model import load_model as estimator_model
from gitops_mlops.runtime.stage_inputs import read_input

_ENDING = ".skops"


def save_model(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator to a skops file, whole or not at all.

    The same estimator gives the same bytes, so DVC sees whether a model changed. Missing folders are made; a file
    that is there is replaced, never written through a link into DVC's cache.

    Args:
        estimator: what scikit-learn, or a library with its interface, has fitted; one object, preprocessing included.
        path: where to; the name ends in `.skops`, by which `compare` and `serve` know the format.

    Raises:
        UsageError: the name has another ending.
        ExternalError: the file cannot be written.

    Example:
        >>> save_model(pipeline.fit(rows, labels), "models/delay.skops")

    """
    target = Path(path)
    if target.suffix != _ENDING:
        raise UsageError("is not the name of a skops file", where=str(path), hint=f"end it in {_ENDING}")
    write_atomically(target, dump_model(estimator), follow=False)


def load_model(path: str | os.PathLike[str], trusted_types: str | os.PathLike[str] | None = None) -> Any:
    """Read the estimator in a skops file. No code of the file runs.

    Args:
        path: the file that `save_model` wrote.
        trusted_types: the file that `trusted-types` names in `mlops.yaml`, a YAML list of the types that a person
            reviewed. Without it only what skops itself trusts is read.

    Returns:
        The fitted estimator, with the methods that it was saved with: `predict`, `predict_proba`.

    Raises:
        UsageError: the model holds a type that nobody reviewed.
        ConfigError: the file of trusted types is not a list of names.
        MissingEvidence: a file is missing, empty or damaged, or a package that the model needs is not installed.

    Example:
        >>> model = load_model("models/delay.skops", trusted_types="contracts/trusted-types.yaml")
        >>> model.predict_proba(to_pandas(rows))[:, 1]

    """
    trusted: frozenset[str] = frozenset()
    if trusted_types is not None:
        trusted = parse_trusted_types(read_input(trusted_types), str(trusted_types))
    return estimator_model(read_input(path), str(path), trusted).estimator
