"""What differs between two sides, for the report."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import JsonValue

from gitops_mlops.domain.comparison.report_parts import ReportChange
from gitops_mlops.domain.pipeline.outputs import TrackedOutput
from gitops_mlops.domain.shortening import TEXT, shorten


def parameter_changes(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[ReportChange, ...]:
    """Parameters (`file:key`) whose values differ."""
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return tuple(ReportChange(name=name, old=plain(old.get(name)), new=plain(new.get(name))) for name in names)


def data_changes(
    old: Mapping[str, TrackedOutput], new: Mapping[str, TrackedOutput], without: Collection[str]
) -> tuple[ReportChange, ...]:
    """Tracked files whose content differs, but for those in `without`: the model itself, and what git tracks."""
    names = [name for name in sorted({*old, *new} - set(without)) if _digest(old, name) != _digest(new, name)]
    return tuple(ReportChange(name=name, old=_output(old.get(name)), new=_output(new.get(name))) for name in names)


def plain(value: Any) -> JsonValue:
    """A value of a YAML file as JSON can hold it: dates and what is not finite become text, what is long is cut."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, list | tuple | dict):
        text = str(value)
        if len(text) > TEXT:
            return shorten(text, TEXT)
        if isinstance(value, dict):
            return {str(key): plain(inner) for key, inner in value.items()}
        return [plain(inner) for inner in value]
    return shorten(str(value), TEXT)


def _digest(outputs: Mapping[str, TrackedOutput], name: str) -> str | None:
    return outputs[name].md5 if name in outputs else None


def _output(output: TrackedOutput | None) -> JsonValue:
    if output is None:
        return None
    known: dict[str, JsonValue] = {"md5": output.md5, "size": output.size, "files": output.files}
    return {key: value for key, value in known.items() if value is not None}
