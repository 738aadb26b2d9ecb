"""The versions of what a model is made of, as they are installed here."""

from __future__ import annotations

import platform
from importlib import metadata

# What decides whether a model file can be loaded, and what it predicts.
_NAMES = ("scikit-learn", "numpy", "pandas", "scipy", "skops")


def installed_versions() -> dict[str, str]:
    """The version of Python and of each package that is installed."""
    found = {"python": platform.python_version()}
    for name in _NAMES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
