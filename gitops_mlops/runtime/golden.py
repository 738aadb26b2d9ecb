"""What a model says of its golden rows, when its bundle is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gitops_mlops.domain.comparison.predictions import Predictions, UnreadableModel
from gitops_mlops.domain.config.trusted_types import parse_trusted_types
from gitops_mlops.domain.contracts.contract import parse_contract
from gitops_mlops.domain.deployment.bundle import CONTRACT_FILE, MODEL_FILE, TRUSTED_TYPES_FILE, finite
from gitops_mlops.domain.errors import BundleError, UsageError
from gitops_mlops.domain.faults import of_the_machine
from gitops_mlops.domain.shortening import first_line
from gitops_mlops.runtime.skops_model import EstimatorModel, load_model

_FIX = "fix the model and register a new version"


def golden_predictions(
    files: Mapping[str, bytes], columns: Mapping[str, Sequence[Any]], place: str, contract_name: str
) -> Predictions:
    """What the model in a bundle's `files` says of admitted `columns`. `place` and `contract_name` are for messages.

    Raises BundleRefused when the model does not load or gives no answer, UsageError when it reads a column that its
    contract does not have or holds a type that nobody reviewed, EvidenceMissing when it needs what is not installed,
    MemoryError or OSError when this machine fails.
    """
    from gitops_mlops.runtime.admitted_frame import admitted_frame

    contract = parse_contract(files[CONTRACT_FILE], contract_name)
    model = _loaded(files[MODEL_FILE], place, parse_trusted_types(files[TRUSTED_TYPES_FILE], place))
    if unknown := [name for name in model.columns if name not in contract.columns]:
        raise UsageError(
            f"the model reads {', '.join(unknown)}, which {contract_name} does not have",
            where=place,
            hint="add the columns to the contract",
        )
    rows = admitted_frame(contract, columns, model.columns)
    try:
        predictions = model.predict(rows)
    except (Exception, SystemExit) as error:
        if of_the_machine(error):
            raise
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise BundleError(f"the model fails on its golden rows ({reason})", where=place, hint=_FIX) from error
    probabilities = [] if predictions.probabilities is None else predictions.probabilities.tolist()
    if not finite(predictions.labels.tolist(), probabilities):
        raise BundleError("its golden predictions are not finite", where=place, hint=_FIX)
    return predictions


def _loaded(content: bytes, place: str, trusted: frozenset[str]) -> EstimatorModel:
    try:
        return load_model(content, place, trusted)
    except UnreadableModel as error:
        raise BundleError(error.message, where=place, hint=_FIX) from error
