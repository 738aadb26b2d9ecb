"""A bundle, verified and loaded: nothing is built from its bytes before their digests were compared."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from gitops_mlops.domain.comparison.predictions import Predictor, UnreadableModel
from gitops_mlops.domain.config.trusted_types import parse_trusted_types
from gitops_mlops.domain.contracts.admission import MISSING, RequestContract
from gitops_mlops.domain.contracts.contract import Contract, parse_contract
from gitops_mlops.domain.deployment.bundle import (
    MANIFEST,
    Bundle,
    bundle_digest,
    decide,
    finite,
    golden_mismatch,
    parse_bundle,
    verify_files,
)
from gitops_mlops.domain.digests import sha256_of
from gitops_mlops.domain.errors import BundleError, MissingEvidence, MlopsError
from gitops_mlops.domain.faults import of_the_machine
from gitops_mlops.domain.shortening import first_line
from gitops_mlops.runtime.admitted_frame import admitted_frame
from gitops_mlops.runtime.skops_model import load_model

REBUILD = "build the bundle again and deploy that"


class ModelFailure(Exception):
    """The model raised, or said something that is not a number, for rows that its contract admits."""


@dataclass(frozen=True)
class ServedPredictions:
    """Predictions in the order of their rows.

    `probabilities` has a row for each row and a column for each class; it is empty for a regression.
    """

    labels: list[Any]
    probabilities: list[list[float]]


@dataclass(frozen=True)
class ServedModel:
    """One version of a model, ready to answer. `warnings` say how this machine differs from the bundle's."""

    bundle: Bundle
    digest: str
    contract: Contract
    admitter: RequestContract
    predictor: Predictor
    classes: tuple[Any, ...]
    warnings: tuple[str, ...] = ()

    @property
    def positive_column(self) -> int | None:
        """Which class is the positive one of a binary classifier that has one."""
        return None if self.bundle.positive is None else self.classes.index(self.bundle.positive)

    def answer(self, columns: Mapping[str, Sequence[Any]]) -> ServedPredictions:
        """Predictions for admitted columns. Raises ModelFailed; MemoryError or OSError when the machine failed."""
        rows = admitted_frame(self.contract, columns, self.predictor.columns)
        try:
            seen = self.predictor.predict(rows)
            if seen.classes != self.classes:
                raise ModelFailure(f"the model has the classes {seen.classes}, the bundle {self.classes}")
            labels = decide(seen, self.bundle.positive, self.bundle.threshold)
            probabilities = [] if seen.probabilities is None else seen.probabilities.tolist()
        except (Exception, SystemExit) as error:
            if of_the_machine(error):
                raise
            # scikit-learn explains over many lines; a log wants one.
            reason = ascii(first_line(error)).strip("'\"")
            raise ModelFailure(f"{type(error).__name__}: {reason}") from error
        if not finite(labels, probabilities):
            raise ModelFailure("the prediction is not finite")
        return ServedPredictions(labels, probabilities)


def label_type(served: ServedModel) -> type:
    """The Python type of the labels that a model gives: bool, int, float or str."""
    return type((served.classes or served.bundle.golden.labels)[0])


def load_bundle(folder: Path, *, expect_digest: str = "", allow_version_skew: bool = False) -> ServedModel:
    """The model in a bundle's folder, verified: digests first, then types, then its golden predictions.

    Raises EvidenceMissing when there is no bundle, BundleRefused when it is not what it says, UsageError for a
    model of types that are not reviewed, ConfigError for a broken contract, MemoryError or OSError when this machine
    fails. Where other packages are installed than the model was made with, a model that does not load or predicts
    otherwise is no verdict against it: EvidenceMissing.
    """
    manifest = _read(folder, MANIFEST)
    digest = bundle_digest(manifest)
    if expect_digest and digest != expect_digest:
        raise BundleError(f"is {digest}, expected {expect_digest}", where=str(folder / MANIFEST), hint=REBUILD)
    bundle = parse_bundle(manifest, str(folder / MANIFEST))
    contents = {name: _read(folder, name) for name in _names(folder) if name != MANIFEST}
    digests = {name: sha256_of(content) for name, content in contents.items()}
    if problems := verify_files(bundle, digests):
        raise BundleError("; ".join(problems), where=str(folder), hint=REBUILD)
    warnings = _skew(bundle, allow_version_skew)
    contract = parse_contract(contents[bundle.contract_file], str(folder / bundle.contract_file))
    trusted = parse_trusted_types(contents[bundle.trusted_types_file], str(folder / bundle.trusted_types_file))
    try:
        predictor = load_model(contents[bundle.model_file], str(folder / bundle.model_file), trusted)
    except UnreadableModel as error:
        raise _against(warnings, error.message, folder / bundle.model_file) from error
    if lacking := [name for name in predictor.columns if name not in contract.columns]:
        raise BundleError(
            f"the model reads columns that the contract does not have: {', '.join(lacking)}",
            where=str(folder / bundle.contract_file),
            hint="add them to the contract that input names in mlops.yaml",
        )
    classes = bundle.golden.classes
    if bundle.positive is not None and (len(classes) != 2 or bundle.positive not in classes):
        raise BundleError(f"positive is {bundle.positive!r}, classes are {list(classes)}", where=str(folder))
    served = ServedModel(bundle, digest, contract, RequestContract(contract), predictor, classes, warnings)
    _check_golden(served, folder)
    return served


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        # A symlink can change what it points to after the digest was compared.
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise BundleError("is not a regular file", where=str(path), hint=REBUILD)
        return path.read_bytes()
    except OSError as error:
        raise MissingEvidence(
            f"cannot be read ({error.strerror})", where=str(path), hint="name the folder of a bundle"
        ) from error


def _check_golden(served: ServedModel, folder: Path) -> None:
    golden = served.bundle.golden
    names = dict.fromkeys(name for row in golden.rows for name in row)
    given = {name: [row.get(name, MISSING) for row in golden.rows] for name in names}
    admission = served.admitter.admit(given, len(golden.rows))
    if admission.refusals:
        raise BundleError(f"the contract refuses golden rows: {admission.message}", where=str(folder), hint=REBUILD)
    try:
        answer = served.answer(admission.columns)
    except ModelFailure as error:
        raise _against(served.warnings, f"the model fails on golden rows ({error})", folder) from error
    if mismatch := golden_mismatch(served.bundle, answer.labels, answer.probabilities):
        raise _against(served.warnings, mismatch, folder)


def _against(warnings: Sequence[str], reason: str, where: Path) -> MlopsError:
    """A verdict against the model; beside other packages than it was made with, no verdict can be given."""
    if warnings:
        message = f"{reason}; {warnings[0]}"
        return MissingEvidence(message, where=str(where), hint="serve it with the versions in bundle.json")
    return BundleError(reason, where=str(where), hint="fix the model, and register a new version")


def _skew(bundle: Bundle, allow: bool) -> tuple[str, ...]:
    """How the versions here differ from the bundle's. Raises EvidenceMissing for another minor version of
    scikit-learn.
    """
    warnings = []
    for name, wanted in sorted(bundle.packages.items()):
        found = _installed(name)
        if found == wanted:
            continue
        message = f"the model was made with {name} {wanted}, here is {found or 'none'}"
        if name == "scikit-learn" and found.split(".")[:2] != wanted.split(".")[:2] and not allow:
            raise MissingEvidence(message, hint=f"install {name}=={wanted}, or serve with --allow-version-skew")
        warnings.append(message)
    return tuple(warnings)


def _installed(name: str) -> str:
    if name == "python":
        return platform.python_version()
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
