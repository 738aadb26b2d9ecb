"""What is deployed: a folder that holds one version of a model and everything that serving it needs.

    bundle.json          this manifest: identity, the SHA-256 of every other file, golden predictions
    model.skops          the model
    contract.yaml        what an input row must be
    trusted-types.yaml   the reviewed types that the model file may hold
    README.md            the model card

The manifest names the digest of every file, so the manifest's own digest identifies the whole bundle. It
holds no clock and no path: the same version gives the same bytes wherever it is built.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.digests import content_digest, short_sha
from gitops_mlops.domain.document.recorded import RecordedForm, read_recorded
from gitops_mlops.domain.errors import MissingEvidence

if TYPE_CHECKING:
    from gitops_mlops.domain.comparison.predictions import Predictions

SCHEMA: Literal["gitops-mlops/bundle/1"] = "gitops-mlops/bundle/1"
MANIFEST = "bundle.json"
MODEL_FILE = "model.skops"
CONTRACT_FILE = "contract.yaml"
TRUSTED_TYPES_FILE = "trusted-types.yaml"
MAX_BYTES = 4 * 1024 * 1024

# One path segment, nothing hidden: a manifest cannot name a file outside its folder.
_FILE = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

Scalar = bool | int | float | Annotated[str, Field(max_length=4000)]
Word = Annotated[str, Field(min_length=1, max_length=200)]
FileName = Annotated[str, Field(pattern=_FILE, max_length=100)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ManifestPart(BaseModel):
    """Base of every part of the manifest: nothing unknown, nothing infinite, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class GoldenPredictions(ManifestPart):
    """Rows and what the model says of them, to be said again wherever the bundle runs.

    `probabilities` has a row for each row and a column for each of `classes`; both are empty for a regression.
    `labels` are the decisions as served. `tolerance` is absolute for probabilities, relative or absolute for
    numbers that a regression predicts.
    """

    rows: tuple[dict[Word, Scalar | None], ...] = Field(min_length=1, max_length=100)
    labels: tuple[Scalar, ...]
    classes: tuple[Scalar, ...] = Field(default=(), max_length=1000)
    probabilities: tuple[tuple[float, ...], ...] = ()
    tolerance: float = Field(default=1e-6, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> GoldenPredictions:
        if len(self.labels) != len(self.rows):
            raise ValueError("labels and rows differ in number")
        if self.probabilities and len(self.probabilities) != len(self.rows):
            raise ValueError("probabilities and rows differ in number")
        if any(len(row) != len(self.classes) for row in self.probabilities):
            raise ValueError("probabilities and classes differ in number")
        return self


class Bundle(ManifestPart):
    """The manifest, `bundle.json`. `files` maps the name of every other file of the folder to its SHA-256.

    `packages` are the versions that the model was made with (python, scikit-learn, numpy, pandas, skops).
    A binary classifier answers `positive` when the probability of it is at least `threshold`.
    """

    schema_: Literal["gitops-mlops/bundle/1"] = Field(default=SCHEMA, alias="schema")
    model: Annotated[str, Field(pattern=r"^(?:[a-zA-Z0-9._/-]+:)?[a-zA-Z0-9](?:[a-zA-Z0-9/_-]*[a-zA-Z0-9])?$")]
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+_-]*$", max_length=100)]
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{7,64}$")]
    task: ModelTask
    files: dict[FileName, Sha256] = Field(min_length=1, max_length=50)
    model_file: FileName = MODEL_FILE
    contract_file: FileName = CONTRACT_FILE
    trusted_types_file: FileName = TRUSTED_TYPES_FILE
    packages: dict[Word, Word] = Field(default_factory=dict, max_length=50)
    positive: Scalar | None = None
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    golden: GoldenPredictions

    @model_validator(mode="after")
    def _consistent(self) -> Bundle:
        if MANIFEST in self.files:
            raise ValueError(f"{MANIFEST} cannot hold its own digest")
        for name in (self.model_file, self.contract_file, self.trusted_types_file):
            if name not in self.files:
                raise ValueError(f"{name} has no digest in files")
        if (self.positive is None) != (self.threshold is None):
            raise ValueError("positive and threshold belong together")
        return self


def parse_bundle(content: bytes, name: str = MANIFEST) -> Bundle:
    """The manifest in `content`. Raises EvidenceMissing, with the first thing that is wrong, when it is none."""
    return read_recorded(content, Bundle, RecordedForm(SCHEMA, MAX_BYTES, "build the bundle again"), name)


def dump_bundle(bundle: Bundle) -> bytes:
    """The manifest as canonical JSON: keys sorted, so that equal manifests are equal bytes."""
    data = bundle.model_dump(mode="json", by_alias=True)
    return (json.dumps(data, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def bundle_digest(content: bytes) -> str:
    """`sha256:…` of the manifest's bytes, which identifies the bundle with all of its files."""
    return content_digest(content)


def verify_files(bundle: Bundle, digests: Mapping[str, str]) -> list[str]:
    """What differs between the manifest and a folder; empty when nothing does.

    `digests` maps the name of everything in the folder but `bundle.json` to its SHA-256 in hexadecimal.
    """
    problems = [f"{name} is missing" for name in sorted(bundle.files.keys() - digests.keys())]
    problems += [f"{name} does not belong to the bundle" for name in sorted(digests.keys() - bundle.files.keys())]
    problems += [
        f"{name} was changed: SHA-256 {short_sha(digests[name])} where the manifest has {short_sha(wanted)}"
        for name, wanted in sorted(bundle.files.items())
        if name in digests and digests[name] != wanted
    ]
    return problems


def decide(predictions: Predictions, positive: Scalar | None = None, threshold: float | None = None) -> list[Any]:
    """The labels as served: a binary classifier's threshold applied where there is one, else the model's own."""
    if positive is None or threshold is None or predictions.probabilities is None:
        labels: list[Any] = predictions.labels.tolist()
        return labels
    if positive not in predictions.classes or len(predictions.classes) != 2:
        known = ", ".join(map(repr, predictions.classes))
        raise MissingEvidence(f"the model needs two classes, one of them {positive!r} (it has {known})")
    column = predictions.classes.index(positive)
    return [
        predictions.classes[column if probability >= threshold else 1 - column]
        for probability in predictions.probabilities[:, column].tolist()
    ]


def finite(labels: Sequence[Any], probabilities: Sequence[Sequence[float]]) -> bool:
    """Whether predictions are numbers that can be served: neither NaN nor infinite."""
    numbers = [label for label in labels if isinstance(label, float)]
    return all(value - value == 0 for row in (numbers, *probabilities) for value in row)


def make_golden(
    rows: Sequence[Mapping[str, Any]],
    predictions: Predictions,
    *,
    positive: Scalar | None = None,
    threshold: float | None = None,
    tolerance: float = 1e-6,
) -> GoldenPredictions:
    """Golden predictions out of JSON-ready rows and what the model said of them, in the same order."""
    probabilities = () if predictions.probabilities is None else predictions.probabilities.tolist()
    return GoldenPredictions.model_validate(
        {
            "rows": [dict(row) for row in rows],
            "labels": decide(predictions, positive, threshold),
            "classes": list(predictions.classes),
            "probabilities": [list(row) for row in probabilities],
            "tolerance": tolerance,
        }
    )


def golden_mismatch(
    bundle: Bundle, labels: Sequence[Any], probabilities: Sequence[Sequence[float]] | None = None
) -> str:
    """The first way in which fresh predictions for the golden rows differ from the recorded ones, "" for none.

    `labels` are as served (`decide`); `probabilities` are None when they are not to be compared.
    """
    golden = bundle.golden
    if len(labels) != len(golden.labels):
        return f"{len(labels)} golden predictions where {len(golden.labels)} were recorded"
    for row, (seen, wanted) in enumerate(zip(labels, golden.labels, strict=True)):
        if not _same(seen, wanted, golden.tolerance):
            return f"golden row {row}: predicted {seen!r}, recorded {wanted!r}"
    if probabilities is None:
        return ""
    if len(probabilities) != len(golden.probabilities):
        return f"{len(probabilities)} rows of golden probabilities, recorded {len(golden.probabilities)}"
    for row, (fresh, recorded) in enumerate(zip(probabilities, golden.probabilities, strict=True)):
        if len(fresh) != len(recorded):
            return f"golden row {row}: {len(fresh)} classes, recorded {len(recorded)}"
        # Written so that NaN, which is no distance from anything, counts as different.
        distance = max((abs(a - b) for a, b in zip(fresh, recorded, strict=True)), default=0.0)
        if not distance <= golden.tolerance or any(math.isnan(value) for value in fresh):
            return f"golden row {row}: probabilities differ by {distance:.3g}, allowed is {golden.tolerance:g}"
    return ""


def _same(seen: Any, wanted: Any, tolerance: float) -> bool:
    numbers = isinstance(seen, int | float) and isinstance(wanted, float) and not isinstance(seen, bool)
    if numbers:
        return math.isclose(seen, wanted, rel_tol=tolerance, abs_tol=tolerance)
    return type(seen) is type(wanted) and bool(seen == wanted)
