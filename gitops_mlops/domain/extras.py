"""The extras of the package: what each installs, and what does not work without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from gitops_mlops.domain.errors import MissingEvidence


class PackageExtra(NamedTuple):
    """An extra: a distribution that stands for it, what does not work without it, and the packages it brings."""

    name: str
    distribution: str
    lost: str
    packages: frozenset[str]


EXTRAS = (
    PackageExtra(
        "ml",
        "polars",
        "validate, compare, deploy and predict",
        frozenset(("numpy", "pandas", "pandera", "polars", "scipy", "skops", "sklearn", "threadpoolctl")),
    ),
    PackageExtra("dvc", "dvc", "fetching data and models from the DVC remote", frozenset(("dvc", "dvc_data"))),
    PackageExtra("serve", "starlette", "deploy and serve", frozenset(("prometheus_client", "starlette", "uvicorn"))),
    PackageExtra("onnx", "onnxruntime", "models in ONNX", frozenset(("onnxruntime",))),
)


def missing_extra(error: BaseException) -> MissingEvidence | None:
    """What to install when an import failed because an extra is not installed; None for every other error."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    package = error.name.partition(".")[0]
    for extra in EXTRAS:
        if package in extra.packages:
            return MissingEvidence(f"{package} is not installed", hint=f'pip install "gitops-mlops[{extra.name}]"')
    return None


@contextmanager
def extras_required() -> Iterator[None]:
    """Around imports of what an extra installs. Raises MissingEvidence, which names the extra, when it is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = missing_extra(error)
        if missing is None:
            raise
        raise missing from error
