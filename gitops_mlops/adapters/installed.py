"""What is installed: the versions that a result depends on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

_TELLING = ("gitops-mlops", "numpy", "pandas", "polars", "scikit-learn", "scipy", "skops")


def versions() -> dict[str, str]:
    """The version of Python and of each package that numbers depend on; one that is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in _TELLING:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
