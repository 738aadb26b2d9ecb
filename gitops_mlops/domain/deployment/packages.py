"""The packages that a lock file pins, by name."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

_REQUIREMENTS = re.compile(r"(?:.*[-_.])?requirements(?:[-_.].*)?\.(?:txt|lock)\Z")
_TOML = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_JSON = "Pipfile.lock"
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*={2,3}\s*([^\s;#\\]+)")


def is_package_lock(path: str) -> bool:
    """Whether a file of this name pins packages."""
    name = PurePosixPath(path).name
    return name in (*_TOML, _JSON) or _REQUIREMENTS.match(name) is not None


def pinned(content: bytes, path: str) -> dict[str, str] | None:
    """Versions by normalised package name; several versions of one are joined. None for what cannot be read."""
    name = PurePosixPath(path).name
    found: dict[str, set[str]] = {}
    try:
        text = content.decode("utf-8-sig")
        pairs = _toml(tomllib.loads(text)) if name in _TOML else _pipfile(text) if name == _JSON else _lines(text)
        for package, version in pairs:
            found.setdefault(re.sub(r"[-_.]+", "-", package).lower(), set()).add(version)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return None
    return {package: ", ".join(sorted(versions)) for package, versions in found.items()}


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if match := _PIN.match(line.strip()):
            yield match[1], match[2]


def _toml(data: Any) -> Iterator[tuple[str, str]]:
    for package in data.get("package", data.get("packages", ())):
        yield str(package["name"]), str(package.get("version", ""))


def _pipfile(text: str) -> Iterator[tuple[str, str]]:
    data = json.loads(text)
    for section in ("default", "develop"):
        for package, entry in data.get(section, {}).items():
            yield package, str(entry.get("version", "")).removeprefix("==")
