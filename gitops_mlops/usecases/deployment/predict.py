"""Ask a model: the server of an environment, or a bundle that is served for as long as the question takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.config.sections import HealthConfig
from gitops_mlops.domain.deployment.bundle import MANIFEST, bundle_digest, parse_bundle
from gitops_mlops.domain.deployment.inference import InferenceResult, joined
from gitops_mlops.domain.deployment.reconciliation import Place
from gitops_mlops.domain.errors import ExternalError, MissingEvidence, UsageError
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.ports import InferenceClient, TableRowReader
from gitops_mlops.usecases.deployment.health_gate import DeployPorts, await_ready
from gitops_mlops.usecases.deployment.status import places

BATCH = 1000


def endpoint(config: Config, client: InferenceClient, model: str, environment: str) -> str:
    """The address at which an environment serves a model. Raises OutsideError when nothing answers there."""
    (place,) = places(config, [environment], model)
    if client.running(place.address, model) is None:
        raise ExternalError(
            f"{model} does not answer in {environment}",
            where=place.address,
            hint=f"gitops-mlops deploy {environment}",
        )
    return place.address


@contextmanager
def served_bundle(folder: Path, manifest: bytes | None, model: str, world: DeployPorts) -> Iterator[str]:
    """The address of a server that runs a bundle inside the context. Raises the error of its fault when it cannot,
    BundleRefused when it is the bundle's own.
    """
    if manifest is None:
        raise MissingEvidence(f"there is no {MANIFEST}", where=str(folder), hint="name the folder of a bundle")
    bundle = parse_bundle(manifest, str(folder / MANIFEST))
    if bundle.model != model:
        raise UsageError(f"is a bundle of {bundle.model}, not of {model}", where=str(folder))
    # Nothing is served publicly: port 0 is never taken over.
    place = Place("bundle", model, "127.0.0.1", 0)
    candidate = world.target.start(place, folder.absolute(), bundle_digest(manifest))
    try:
        if fault := await_ready(candidate, model, HealthConfig(), world):
            raise fault._replace(reason=f"cannot be served: {fault.reason}").error(str(folder))
        yield candidate.address
    finally:
        world.target.discard(place, candidate)


def ask(
    client: InferenceClient,
    address: str,
    model: str,
    row: str | None,
    path: Path | None,
    table: TableRowReader,
    tell: Callable[[str], None],
) -> InferenceResult:
    """Answers to the JSON text `row`, or to the rows of the file at `path`."""
    if path is None:
        return client.predict(address, model, parse_row(row or ""))
    return ask_table(client, address, model, table, path, tell)


def parse_row(text: str) -> list[dict[str, Any]]:
    """`--row`: one JSON object, or a list of them. Raises UsageError."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"is not JSON ({error})", where="--row", hint="""--row '{"column": 1}'""") from error
    rows = value if isinstance(value, list) else [value]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise UsageError("must be a JSON object of column and value", where="--row", hint="""--row '{"column": 1}'""")
    return rows


def ask_table(
    client: InferenceClient, address: str, model: str, table: TableRowReader, path: Path, tell: Callable[[str], None]
) -> InferenceResult:
    """Answers to all rows of a file, in batches; columns that the model does not take are left out, and named."""
    datatypes = client.inputs(address, model)
    text = frozenset(name for name, datatype in datatypes.items() if datatype == "BYTES")
    answers = []
    for number, batch in enumerate(table.batches(path, str(path), BATCH, text)):
        ignored = [name for name in batch[0] if name not in datatypes]
        if len(ignored) == len(batch[0]):
            raise UsageError("no column is an input of the model", where=str(path), hint=suggest("", datatypes))
        if ignored and number == 0:
            tell(f"{path}: not sent: {', '.join(ignored)}")
        rows = [{name: value for name, value in row.items() if name in datatypes} for row in batch]
        try:
            answers.append(client.predict(address, model, rows))
        except UsageError as error:
            first = number * BATCH
            raise UsageError(error.message, where=f"{path}, rows {first} to {first + len(rows) - 1}") from error
    return joined(answers)
