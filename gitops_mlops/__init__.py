"""A GitOps toolkit for machine learning: the git repository is the source of truth.

The names below are what the pipeline of a project may import; docs/api.md describes them. Everything else in the
package is private. A name is imported when it is first used, so that a command line loads no data library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitops_mlops.domain.comparison.frames import to_pandas
    from gitops_mlops.domain.contracts.contract import Column, Contract
    from gitops_mlops.domain.errors import ConfigError, ExternalError, MissingEvidence, MlopsError, UsageError
    from gitops_mlops.runtime.prediction_files import write_predictions, write_scores
    from gitops_mlops.runtime.saved_model import load_model, save_model
    from gitops_mlops.runtime.skops_model import dump_model
    from gitops_mlops.runtime.stage_inputs import read_contract, read_params

else:
    # A type checker that saw it would take every name for one of ours.
    def __getattr__(name: str) -> Any:
        from importlib import import_module

        for home, names in _HOMES.items():
            if name in names:
                from gitops_mlops.domain.extras import extras_required

                with extras_required():
                    found = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = "0.1.0"

__all__ = [
    "Column",
    "ConfigError",
    "Contract",
    "ExternalError",
    "MissingEvidence",
    "MlopsError",
    "UsageError",
    "__version__",
    "dump_model",
    "load_model",
    "read_contract",
    "read_params",
    "save_model",
    "to_pandas",
    "write_predictions",
    "write_scores",
]

_HOMES = {
    "domain.comparison.frames": ("to_pandas",),
    "domain.contracts.contract": ("Column", "Contract"),
    "domain.errors": ("ConfigError", "ExternalError", "MissingEvidence", "MlopsError", "UsageError"),
    "runtime.prediction_files": ("write_predictions", "write_scores"),
    "runtime.saved_model": ("load_model", "save_model"),
    "runtime.skops_model": ("dump_model",),
    "runtime.stage_inputs": ("read_contract", "read_params"),
}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
