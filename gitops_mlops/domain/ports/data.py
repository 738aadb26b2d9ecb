"""Data: what DVC tracks, tables, and what the project brings to read them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from gitops_mlops.domain.pipeline.outputs import DvcArtifact, TrackedOutput

if TYPE_CHECKING:
    import polars as pl

    from gitops_mlops.domain.comparison.predictions import Predictions, Predictor
    from gitops_mlops.domain.contracts.inference import TableProfile
    from gitops_mlops.domain.contracts.table_checks import ReadableTable, TableChecks
    from gitops_mlops.domain.contracts.validation import TableFindings
    from gitops_mlops.domain.errors import MlopsError
    from gitops_mlops.domain.pipeline.run import RemoteTraffic, StageRun


class DataStore(Protocol):
    """What DVC tracks: definitions from git, contents from the cache or the remote."""

    def artifacts(self, revision: str | None = None) -> list[DvcArtifact]:
        """The declared artifacts at a revision, or of the working tree."""

    def outputs(self, revision: str | None = None) -> dict[str, TrackedOutput]:
        """What `dvc.lock` and `*.dvc` files record at a revision, or in the working tree, by path."""

    def parameters(self, revision: str | None = None) -> dict[str, object]:
        """The parameters that `dvc.lock` records, as `file: {key: value}` flattened to `file:key`."""

    def manifest(self, md5: str) -> Mapping[str, str] | None:
        """MD5s by path of the files in a tracked folder, from the cache; None when its listing is not there."""

    def read(self, output: TrackedOutput) -> bytes:
        """The content of one tracked file, verified against its MD5. Raises EvidenceMissing when it is nowhere."""

    def materialise(self, output: TrackedOutput) -> Path:
        """A local, read-only path with the verified content, fetched from the remote when it is not cached."""

    def fetch(self, outputs: Iterable[TrackedOutput]) -> None:
        """Bring what is missing into the cache in one go."""


class PipelineRun(NamedTuple):
    """What a run of a pipeline did.

    `failed` says which stage of the project failed, "" when none did, and `tail` is the end of what was printed then;
    `error` is what else stopped it.
    """

    stages: tuple[StageRun, ...]
    skipped: tuple[str, ...]
    pulled: RemoteTraffic
    pushed: RemoteTraffic
    failed: str = ""
    tail: tuple[str, ...] = ()
    error: MlopsError | None = None


class Pipeline(Protocol):
    """The DVC pipelines of a repository."""

    def run(
        self,
        targets: Sequence[str],
        say: Callable[[str], None],
        *,
        push: bool = False,
        run_cache: bool = True,
        rerun: bool = False,
        allow_missing: bool = False,
    ) -> PipelineRun:
        """Run what changed of the stages (of all where none is named), after pulling what those need.

        The outputs of the other stages are pulled where they are absent, unless `allow_missing`. `push` pushes the
        outputs of what ran, `rerun` runs everything without the run cache. `say` is given every line that is printed.
        """


class RemoteOutputs(Protocol):
    """What the DVC remote holds."""

    def missing(self, of: Collection[str] | None = None) -> list[TrackedOutput]:
        """The recorded outputs (those at some paths, or all) that are not, or not whole, on their remote.

        Raises EvidenceMissing where no remote is configured, OutsideError when it does not answer.
        """


class Tables(Protocol):
    """Tables in files, read lazily. `name` tells the format by its ending and stands in messages."""

    def open(self, path: Path, name: str, wanted: Mapping[str, pl.DataType]) -> ReadableTable:
        """The table at `path`; text becomes the `wanted` types. Raises EvidenceMissing when it cannot be read."""

    def count(self, table: ReadableTable, checks: TableChecks) -> TableFindings:
        """Count what breaks each rule in one pass, and fetch the first offending rows of the broken ones."""

    def profile(self, path: Path, name: str) -> TableProfile:
        """What the columns of a table hold."""


class TableModels(Protocol):
    """Contracts that are code."""

    def check(self, path: Path, name: str, contract: Path, class_name: str) -> TableFindings:
        """Hold the table at `path` against a class of the file `contract`."""


class ModelFiles(Protocol):
    """Models in files of formats that need no code of the project; loading one runs nobody's code."""

    def load(self, content: bytes, name: str, trusted: frozenset[str], inputs: tuple[str, ...]) -> Predictor:
        """The model in a file's content. The ending of `name` says its format, and `name` stands in messages.

        `trusted` are the types that a skops file may hold beside skops' own, `inputs` the columns of the declared
        input, which an ONNX graph of one matrix may need. Raises EvidenceMissing for a file that cannot be read,
        UsageError for types that are not reviewed or a package that is not installed.
        """


class ProjectModels(Protocol):
    """Models that only the project's own code can load."""

    def predict(self, entry: str, revision: str | None, content: bytes, name: str, rows: pl.DataFrame) -> Predictions:
        """What a model says of rows, asked through `entry` (`module:function`) at a revision or of the working tree.

        Raises EvidenceMissing when that code fails.
        """


class ProjectFunctions(Protocol):
    """Python functions of the project. Loading one runs its code."""

    def load(self, reference: str, revision: str | None) -> Callable[..., Any]:
        """The function that `module:function` names, as it is at a revision or in the working tree.

        Raises EvidenceMissing when it is not available.
        """


class TableRowReader(Protocol):
    """Tables in files, as rows of JSON-ready values: dates as ISO 8601 text, NaN as null.

    `name` tells the format by its ending and stands in messages; `text` names columns that a CSV file must
    not turn into numbers. Raises EvidenceMissing for a file that is damaged or empty.
    """

    def spread(self, path: Path, name: str, count: int, text: Collection[str] = ()) -> list[dict[str, Any]]:
        """At most `count` rows, evenly spread over the table, the same ones each time."""

    def batches(self, path: Path, name: str, size: int, text: Collection[str] = ()) -> Iterator[list[dict[str, Any]]]:
        """All rows, in order, at most `size` at a time."""

    def require_format(self, name: str) -> None:
        """Raise UsageError unless a table can be written to a file of this name."""

    def write(self, path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        """A table in a new file, in the format of its ending, whole or not at all."""
