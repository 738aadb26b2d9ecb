"""Build the bundle of a version out of what its commit records: the model, its contract, golden predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.root import CONFIG_FILE, Config
from gitops_mlops.domain.config.sections import ModelConfig
from gitops_mlops.domain.config.trusted_types import parse_trusted_types
from gitops_mlops.domain.contracts.admission import RequestContract
from gitops_mlops.domain.contracts.contract import ColumnType, Contract, parse_contract
from gitops_mlops.domain.deployment.bundle import (
    CONTRACT_FILE,
    MODEL_FILE,
    TRUSTED_TYPES_FILE,
    Bundle,
    GoldenPredictions,
    bundle_digest,
    dump_bundle,
    make_golden,
)
from gitops_mlops.domain.deployment.reconciliation import DesiredVersion
from gitops_mlops.domain.digests import sha256_of, short_sha
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.ports import BundleStore, DataStore, GoldenModels, Repository, TableRowReader, TrackedOutput
from gitops_mlops.usecases.lineage.integrity import TagEvidence

GOLDEN_ROWS = 5
# Rows that break the contract are passed over; of this many, spread over the data, some will keep it.
_CANDIDATES = 200


@dataclass(frozen=True)
class BuiltBundle:
    """A bundle in its folder."""

    path: Path
    digest: str
    manifest: Bundle


@dataclass(frozen=True)
class BundleSources:
    """Where a bundle's parts come from, and what tells that the tags which name them are true."""

    repository: Repository
    data: DataStore
    rows: TableRowReader
    store: BundleStore
    packages: Mapping[str, str]
    witnesses: TagEvidence
    golden: GoldenModels


def build_bundle(model: str, wanted: DesiredVersion, sources: BundleSources, timeout: float) -> BuiltBundle:
    """The bundle of a version; the same version gives the same digest.

    `timeout` is how long the model may take for its golden predictions, in seconds.
    Raises EvidenceMissing when the commit does not record all of it, when a content is nowhere or is not the
    one that was registered, UsageError when the model cannot be deployed as it is configured, BundleRefused when
    the model itself fails: it does not load, crashes, hangs, or what it says of its golden rows is no answer.
    """
    commit, place = wanted.commit, f"{model} {wanted.version}"
    config = _config(commit, place, sources)
    if model not in config.models:
        raise MissingEvidence(
            f"{CONFIG_FILE} at its commit {short_sha(commit)} does not name this model", where=place
        )
    declared = config.models[model]
    content = _model(model, wanted, sources)
    contract_name = declared.input or ""
    if not contract_name.endswith((".yaml", ".yml")):
        raise UsageError(
            "a deployed model needs an input contract in YAML", where=place, hint=f"set models.{model}.input"
        )
    contract = _read(commit, contract_name, place, sources)
    trusted = _read(commit, declared.trusted_types, place, sources) if declared.trusted_types else b"[]\n"
    files = {MODEL_FILE: content, CONTRACT_FILE: contract, TRUSTED_TYPES_FILE: trusted}
    positive, threshold, golden = _golden(commit, place, declared, config, files, sources, timeout)
    manifest = Bundle(
        model=model,
        version=wanted.version,
        commit=commit,
        task=declared.task,
        files={name: sha256_of(data) for name, data in files.items()},
        packages=dict(sources.packages),
        positive=positive,
        threshold=threshold,
        golden=golden,
    )
    encoded = dump_bundle(manifest)
    return BuiltBundle(sources.store.keep(encoded, files), bundle_digest(encoded), manifest)


def _config(commit: str, place: str, sources: BundleSources) -> Config:
    return parse_config(_read(commit, CONFIG_FILE, place, sources), f"{short_sha(commit)}:{CONFIG_FILE}")


def _read(commit: str, path: str, place: str, sources: BundleSources) -> bytes:
    content = sources.repository.read(commit, path)
    if content is None:
        raise MissingEvidence(
            f"{path} is not in its commit {short_sha(commit)}", where=place, hint="register a new version"
        )
    return content


def _model(model: str, wanted: DesiredVersion, sources: BundleSources) -> bytes:
    """The model's bytes: DVC's MD5 was checked, the SHA-256 that the tag carries is checked here."""
    place = f"{model} {wanted.version}"
    artifact = next((found for found in sources.data.artifacts(wanted.commit) if found.name == model), None)
    if artifact is None:
        raise MissingEvidence(
            f"no dvc.yaml at its commit {short_sha(wanted.commit)} declares this artifact", where=place
        )
    content = sources.data.read(_output(wanted.commit, artifact.path, place, sources))
    seen = sha256_of(content)
    if wanted.model_sha256 and seen != wanted.model_sha256:
        raise MissingEvidence(
            f"{artifact.path} is not the model that was registered: its SHA-256 is {short_sha(seen)}, "
            f"the tag says {short_sha(wanted.model_sha256)}",
            where=place,
            hint="someone changed the model or the tag: find out who, do not deploy it",
        )
    return content


def _output(commit: str, path: str, place: str, sources: BundleSources) -> TrackedOutput:
    output = sources.data.outputs(commit).get(path)
    if output is None:
        raise MissingEvidence(
            f"DVC does not record {path} at its commit {short_sha(commit)}",
            where=place,
            hint="dvc repro, then commit dvc.lock",
        )
    return output


def _golden(
    commit: str,
    place: str,
    declared: ModelConfig,
    config: Config,
    files: Mapping[str, bytes],
    sources: BundleSources,
    timeout: float,
) -> tuple[Any, float | None, GoldenPredictions]:
    """The positive class, the threshold, and what the model says of a few rows of its evaluation data."""
    contract = parse_contract(files[CONTRACT_FILE], f"{short_sha(commit)}:{declared.input}")
    parse_trusted_types(files[TRUSTED_TYPES_FILE], f"{short_sha(commit)}:{declared.trusted_types}")
    dataset = config.datasets[declared.evaluation.dataset].path
    path = sources.data.materialise(_output(commit, dataset, place, sources))
    text = frozenset(name for name, column in contract.columns.items() if column.type is ColumnType.STRING)
    spread = sources.rows.spread(path, dataset, _CANDIDATES, text)
    rows, admitted = _admitted(contract, spread, dataset, place)
    predictions = sources.golden.predict(files, admitted, place, declared.input or "", timeout)
    positive, threshold = declared.evaluation.positive, declared.evaluation.threshold
    if declared.task is not ModelTask.BINARY or predictions.probabilities is None:
        return None, None, make_golden(rows, predictions)
    if positive is None:
        # scikit-learn sorts its classes; of 0 and 1, or False and True, the greater is the positive one.
        positive = predictions.classes[-1]
    return positive, threshold, make_golden(rows, predictions, positive=positive, threshold=threshold)


def _admitted(
    contract: Contract, spread: Sequence[Mapping[str, Any]], dataset: str, place: str
) -> tuple[list[dict[str, Any]], dict[str, list[Any]]]:
    """The first few rows that the contract admits, as they would be sent and as they would be read."""
    admitter = RequestContract(contract)
    chosen: list[dict[str, Any]] = []
    refusal = "it has no rows"
    for row in spread:
        known = {name: value for name, value in row.items() if name in contract.columns}
        admission = admitter.admit({name: [value] for name, value in known.items()}, 1)
        if admission.refused:
            refusal = admission.message
        else:
            chosen.append(known)
    if not chosen:
        raise MissingEvidence(
            f"no row of {dataset} keeps the input contract ({refusal})", where=place, hint="correct the contract"
        )
    count = min(GOLDEN_ROWS, len(chosen))
    chosen = [chosen[index * len(chosen) // count] for index in range(count)]
    columns = {name: [row[name] for row in chosen] for name in chosen[0]}
    return chosen, admitter.admit(columns, len(chosen)).columns
