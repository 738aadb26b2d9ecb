"""The project's own metrics, which are code: whose, and from where it is taken.

With a base revision, a function runs only when the base's `mlops.yaml` names it, and as it is on the base with all
that it imports: a change can neither add code to the comparison nor bend the metric that judges it.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitops_mlops.domain.comparison.report_parts import ReportChange
from gitops_mlops.domain.config.custom_metrics import CustomMetricConfig
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.digests import sha256_of, short_sha
from gitops_mlops.domain.errors import MlopsError
from gitops_mlops.domain.ports import ProjectFunctions
from gitops_mlops.domain.statistics.custom_metrics import CustomMetric
from gitops_mlops.usecases.comparison.candidates import CandidateSources


def custom_metrics(
    config: Config, asked: Iterable[str], base: str | None, from_base: bool, functions: ProjectFunctions
) -> dict[str, CustomMetric]:
    """The own metrics among those that are asked for.

    `config` is the one that counts, `from_base` whether it is that of the revision `base`. A metric that cannot be
    had says why (`problem`), and blocks the gates that ask for it.
    """
    found: dict[str, CustomMetric] = {}
    for name in dict.fromkeys(name for name in asked if name in config.metrics):
        declared = config.metrics[name]
        higher, probabilities = declared.better == "higher", declared.reads == "probabilities"
        if base is not None and not from_base:
            problem = f"{name}: its code does not run before {base} names it in mlops.yaml"
            found[name] = CustomMetric(name, higher, probabilities, problem=problem)
            continue
        try:
            function = functions.load(declared.function, base)
        except MlopsError as error:
            found[name] = CustomMetric(name, higher, probabilities, problem=f"{name}: {error}")
            continue
        found[name] = CustomMetric(name, higher, probabilities, function)
    return found


def edited_metrics(
    own: Iterable[str], config: Config, base: str | None, sources: CandidateSources
) -> list[ReportChange]:
    """The files of own metrics that differ between the base, which counts, and the working tree; as SHA-256."""
    changes = []
    for path in dict.fromkeys(path for name in own for path in _files(config.metrics[name])):
        old = None if base is None else sources.repository.read(base, path)
        new = sources.files.read(path)
        if base is not None and old != new:
            changes.append(ReportChange(name=f"metric code {path}", old=_sha(old), new=_sha(new)))
    return changes


def _files(declared: CustomMetricConfig) -> list[str]:
    stem = declared.module.replace(".", "/")
    return [f"{folder}{stem}{ending}" for folder in ("", "src/") for ending in (".py", "/__init__.py")]


def _sha(content: bytes | None) -> str | None:
    return None if content is None else short_sha(sha256_of(content))
