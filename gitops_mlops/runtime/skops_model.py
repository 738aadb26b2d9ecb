"""A trained model out of a skops file, without running a stranger's code, and into one.

skops constructs only types that it knows to be harmless or that a reviewed file of the repository names;
everything else is refused before anything is built.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from types import ModuleType
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile, ZipInfo

from gitops_mlops.domain.comparison.predictions import Predictions, UnreadableModel
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.extras import extras_required
from gitops_mlops.domain.faults import of_the_machine

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class EstimatorModel:
    """An estimator with scikit-learn's methods; a pipeline that holds its own feature code reads raw rows."""

    estimator: Any

    @property
    def columns(self) -> tuple[str, ...]:
        """`feature_names_in_`, which scikit-learn records when it was fitted on named columns."""
        return tuple(str(name) for name in getattr(self.estimator, "feature_names_in_", ()))

    @property
    def classes(self) -> tuple[Any, ...]:
        """The labels that it can answer with, as Python values; empty for a regression."""
        found = getattr(self.estimator, "classes_", None)
        return () if found is None else tuple(getattr(found, "tolist", lambda: found)())

    def predict(self, rows: pd.DataFrame) -> Predictions:
        """Labels, and probabilities when the estimator gives them."""
        import numpy as np

        columns = list(self.columns)
        # Selecting costs as much as building a row's frame; one that was built in order needs none.
        wanted = rows[columns] if columns and list(rows.columns) != columns else rows
        if not hasattr(self.estimator, "predict_proba"):
            return Predictions(self.estimator.predict(wanted))
        probabilities = np.asarray(self.estimator.predict_proba(wanted))
        classes = np.asarray(self.estimator.classes_)
        return Predictions(classes[probabilities.argmax(axis=1)], probabilities, tuple(classes.tolist()))


def load_model(content: bytes, name: str, trusted: frozenset[str] = frozenset()) -> EstimatorModel:
    """The model in a skops file. `name` is for messages.

    Raises UsageError for a type that nobody reviewed, UnreadableModel for a file that is no skops model or fails as
    it is read, EvidenceMissing when this installation lacks what it is made of, and MemoryError or OSError as it is
    when this machine fails.
    """
    if not content:
        raise MissingEvidence("the model file is empty", where=name, hint="run dvc repro again")
    with extras_required():
        import skops.io

    try:
        unknown = set(skops.io.get_untrusted_types(data=content)) - trusted
    except Exception as error:
        if of_the_machine(error):
            raise
        # skops raises whatever zipfile, json and its own readers raise on damaged input.
        raise UnreadableModel(
            f"not a model that skops can read ({type(error).__name__})",
            where=name,
            hint="save it with skops.io.dump, then dvc repro",
        ) from error
    if unknown:
        raise UsageError(
            f"the model holds types that are not reviewed: {', '.join(sorted(unknown))}",
            where=name,
            hint="review them, then add them to the file that trusted-types names in mlops.yaml",
        )
    try:
        return EstimatorModel(skops.io.loads(content, trusted=sorted(trusted)))
    except (Exception, SystemExit) as error:
        if of_the_machine(error):
            raise
        message = f"the model cannot be loaded ({type(error).__name__}: {error})"
        # A class that is not in its module was there in another version of the package.
        elsewhere = isinstance(error, AttributeError) and isinstance(error.obj, ModuleType)
        if elsewhere or isinstance(error, ImportError):
            raise MissingEvidence(message, where=name, hint="install the packages that it was made with") from error
        raise UnreadableModel(message, where=name) from error


def dump_model(estimator: Any) -> bytes:
    """A skops file of a fitted estimator as bytes, the same whenever the same estimator is written.

    Raises whatever skops raises for an object that it cannot write.

    Example:
        >>> bucket.put_object(Key="delay.skops", Body=dump_model(model))

    """
    with extras_required():
        import skops.io

    # skops names parts by their address in memory and stamps them with the time. Here they are numbered in order of
    # appearance and carry no time, so that a recomputed model can be told from a different one.
    made = BytesIO()
    with ZipFile(BytesIO(skops.io.dumps(estimator))) as dumped, ZipFile(made, "w") as written:
        names: dict[str, str] = {}
        schema = _numbered(json.loads(dumped.read("schema.json")), {}, names)
        for old, new in names.items():
            written.writestr(ZipInfo(new), dumped.read(old))
        written.writestr(ZipInfo("schema.json"), json.dumps(schema))
    return made.getvalue()


def _numbered(node: Any, numbers: dict[int, int], names: dict[str, str]) -> Any:
    """A node of skops' schema with its addresses replaced; `numbers` and `names` collect old to new."""
    if isinstance(node, list):
        return [_numbered(item, numbers, names) for item in node]
    if not isinstance(node, dict):
        return node
    same = {key: _numbered(value, numbers, names) for key, value in node.items()}
    # In a dictionary of the model's own these keys hold nodes, never a plain number or text.
    if isinstance(address := node.get("__id__"), int):
        same["__id__"] = numbers.setdefault(address, len(numbers))
    if isinstance(file := node.get("file"), str):
        same["file"] = names.setdefault(file, f"{len(names)}{PurePosixPath(file).suffix}")
    return same
