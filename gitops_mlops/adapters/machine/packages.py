"""What is installed: the versions that a result depends on."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

# What decides whether a model file can be loaded, and what it predicts.
OF_A_MODEL = ("numpy", "pandas", "scikit-learn", "scipy", "skops")
# What reads the rows and computes the statistics as well.
OF_A_COMPARISON = ("gitops-mlops", "polars", *OF_A_MODEL)


def versions(names: Iterable[str]) -> dict[str, str]:
    """The version of Python and of each package; one that is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in sorted(names):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
