"""Scalars by the core schema of YAML 1.2 (section 10.3.2), which is what DVC's parser follows too."""

from __future__ import annotations

import re

_PREFIX = "tag:yaml.org,2002:"
_NULL = re.compile(r"(?:null|Null|NULL|~|)\Z")
_TRUE = re.compile(r"(?:true|True|TRUE)\Z")
_FALSE = re.compile(r"(?:false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_INFINITE = re.compile(r"([-+]?)(?:\.inf|\.Inf|\.INF)\Z")
_NAN = re.compile(r"(?:\.nan|\.NaN|\.NAN)\Z")

# What is longer may not fit into a float, and nothing here counts that far.
_MAX_DIGITS = 300

Scalar = str | int | float | bool | None


class BadScalar(ValueError):
    """A scalar that cannot be what its tag says, or that no value can hold."""


def scalar(text: str, tag: str | None, plain: bool) -> Scalar:
    """The value of a scalar. `plain` says that it is neither quoted nor tagged. Raises BadScalar."""
    if not tag:
        return _resolved(text) if plain else text
    if tag == f"{_PREFIX}str":
        return text
    if tag in (f"{_PREFIX}int", f"{_PREFIX}float", f"{_PREFIX}bool", f"{_PREFIX}null"):
        return _demanded(text, tag)
    raise BadScalar(f"the tag {tag!r} is not allowed → write plain values")


def _resolved(text: str) -> Scalar:
    if _NULL.match(text):
        return None
    if _TRUE.match(text):
        return True
    if _FALSE.match(text):
        return False
    return _number(text)


def _number(text: str) -> str | int | float:
    if _INT.match(text):
        if len(text) > _MAX_DIGITS:
            raise BadScalar(f"a number of more than {_MAX_DIGITS} digits")
        return int(text)
    if _OCTAL.match(text):
        return int(text[2:], 8)
    if _HEX.match(text):
        return int(text[2:], 16)
    if _FLOAT.match(text):
        return float(text)
    if found := _INFINITE.match(text):
        return float(f"{found[1]}inf")
    return float("nan") if _NAN.match(text) else text


def _demanded(text: str, tag: str) -> Scalar:
    value = _resolved(text)
    wanted = tag.removeprefix(_PREFIX)
    if wanted == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    names = {"int": int, "float": float, "bool": bool, "null": type(None)}
    if type(value) is not names[wanted]:
        raise BadScalar(f"{text!r} is not of the tag {wanted}")
    return value
