"""What a place in a file expects, in words, read off a JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]

_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def schema_at(root: Schema, path: Iterable[str | int]) -> list[Schema]:
    """The schemas that may hold at `path`; several where alternatives are allowed."""
    places = _alternatives(root, root)
    for part in path:
        places = [inner for place in places for inner in _below(place, part, root)]
    return places


def keys_at(root: Schema, path: Iterable[str | int]) -> list[str]:
    """The keys that are known at `path`."""
    return [key for place in schema_at(root, path) for key in place.get("properties", ())]


def expectation(places: Iterable[Schema], root: Schema) -> str:
    """`a whole number between 1 and 65535, or a mapping`: what one of these schemas accepts."""
    words: list[str] = []
    for place in places:
        said = _words(place, root)
        if said not in words:
            words.append(said)
    if len(words) > 1 and "nothing" in words:
        words.remove("nothing")
    if not words:
        return "something else"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])}, or {words[-1]}"


def _alternatives(place: Schema, root: Schema) -> list[Schema]:
    if "$ref" in place:
        return _alternatives(root["$defs"][place["$ref"].rsplit("/", 1)[1]], root)
    if "anyOf" in place and "x-expected" not in place:
        return [inner for one in place["anyOf"] for inner in _alternatives(one, root)]
    return [place]


def _below(place: Schema, part: str | int, root: Schema) -> list[Schema]:
    if isinstance(part, int):
        found = [place.get("items")]
    elif part in place.get("properties", {}):
        found = [place["properties"][part]]
    else:
        # A name that breaks the pattern has its own problem; what it holds is read all the same.
        found = [place.get("additionalProperties"), *place.get("patternProperties", {}).values()]
    return [inner for one in found if isinstance(one, dict) for inner in _alternatives(one, root)]


def _words(place: Schema, root: Schema) -> str:
    if "x-expected" in place:
        return str(place["x-expected"])
    if "const" in place:
        return json.dumps(place["const"])
    if "enum" in place:
        return f"one of {', '.join(str(word) for word in place['enum'])}"
    kind = place.get("type", "")
    words = _KINDS.get(kind, "something else")
    if kind == "array":
        return words + _counted(place.get("minItems"), place.get("maxItems"), "entries")
    if kind == "string":
        return words + _counted(place.get("minLength"), place.get("maxLength"), "characters")
    return words + (" with at least one key" if place.get("minProperties") else _range(place))


def _counted(least: int | None, most: int | None, what: str) -> str:
    if least is not None and most is not None:
        return f" of {least} {what}" if least == most else f" of {least} to {most} {what}"
    if least is not None:
        return f" of at least {least} {what}"
    return f" of at most {most} {what}" if most is not None else ""


def _range(place: Schema) -> str:
    low, high = place.get("minimum"), place.get("maximum")
    if low is not None and high is not None:
        return f" between {low:g} and {high:g}" if high < 1e6 else f" between {low} and {high}"
    said = [
        f"{words} {place[key]:g}"
        for key, words in (
            ("minimum", "of at least"),
            ("exclusiveMinimum", "greater than"),
            ("maximum", "of at most"),
            ("exclusiveMaximum", "less than"),
        )
        if key in place
    ]
    return f" {' and '.join(said)}" if said else ""
