"""Parameter files as DVC reads them, and when two parameter values are the same."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import ConfigError, FileProblemLine

ABSENT = object()

# DVC's parser also reads 1_000 and 0b11 as numbers, which YAML 1.2 leaves as text.
_ODD_NUMBER = re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9_]*\.?[0-9_]*(?:[eE][-+]?[0-9]+)?)\Z")

_LONGEST = 50


def parse_params(content: bytes, path: str) -> dict[str, Any]:
    """The values of a parameter file: YAML, JSON, TOML or Python. Raises ConfigError when it cannot be read."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix == ".py":
        # The parser of Python is only there for those who need it.
        from gitops_mlops.domain.pipeline.python_parameters import parse_python

        return parse_python(content, path)
    if suffix == ".json":
        data = _plain(content, path, json.loads)
    elif suffix == ".toml":
        data = _plain(content, path, tomllib.loads)
    else:
        data = parse_yaml(content, path, anchors=True).data
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError([FileProblemLine(path, 1, 1, "", "must be a mapping of parameters")])
    return data


def lookup(values: dict[str, Any], key: str) -> Any:
    """The value at a dotted key, ABSENT when there is none."""
    found: Any = values
    for part in key.split("."):
        if isinstance(found, dict) and part in found:
            found = found[part]
        elif isinstance(found, list | tuple) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return ABSENT
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal to DVC, whichever file format each was read from."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, str) != isinstance(other, str):
        text, number = (one, other) if isinstance(one, str) else (other, one)
        return _odd_number(text) == number if _is_number(number) else False
    if _is_number(one) and _is_number(other) and math.isnan(one) and math.isnan(other):
        return True
    return bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _odd_number(text: str) -> float | None:
    if len(text) > _LONGEST or not _ODD_NUMBER.match(text) or not any(character.isdigit() for character in text):
        return None
    bare = text.replace("_", "")
    try:
        return int(bare, 0) if bare.lstrip("+-")[:2] in ("0b", "0o", "0x") else float(bare)
    except (ValueError, OverflowError):
        return None


def _plain(content: bytes, path: str, read: Any) -> Any:
    try:
        return read(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ConfigError([FileProblemLine(path, 0, 0, "", f"cannot be read ({error})")]) from error


def flattened(values: Mapping[str, object]) -> dict[str, object]:
    """Nested values by their dotted keys, as DVC writes them: `{"train": {"c": 1}}` → `{"train.c": 1}`.

    A stage may depend on a whole section; what changed is one value in it.
    """
    found: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            found.update({f"{key}.{inner}": each for inner, each in flattened(value).items()})
        else:
            found[str(key)] = value
    return found
