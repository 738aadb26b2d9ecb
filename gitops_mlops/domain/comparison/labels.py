"""Labels without doubles: the same label in data, in the classes of a model, in its answers and in names of columns.

1, 1.0, True and "1" are one label when they stand in different places, for a CSV file, a Parquet file and a model
keep different types of it. Two texts of one column are never one: "1" and "1.0" stay apart there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Labels:
    """Labels as the data writes them, and others that are added; `known` are different from one another."""

    def __init__(self, known: Iterable[Any] = ()) -> None:
        self._labels = {label: label for label in known}
        # Made when something is looked up that is not a label as it stands: of a million labels it takes seconds.
        self._spelled: dict[str, Any] = {}

    def of(self, value: Any) -> Any:
        """The known label that `value` is; `value` itself where it is none of them. Raises TypeError for a list."""
        if value in self._labels:
            return self._labels[value]
        if not self._spelled:
            for label in self._labels:
                self._spell(label)
        return next((self._spelled[text] for text in _spellings(value) if text in self._spelled), value)

    def add(self, value: Any) -> Any:
        """The same, and a value that is none of the labels becomes one."""
        label = self.of(value)
        if label not in self._labels:
            self._labels[label] = label
            self._spell(label)
        return label

    def __contains__(self, value: Any) -> bool:
        return self.of(value) in self._labels

    def _spell(self, label: Any) -> None:
        for text in _spellings(label):
            self._spelled.setdefault(text, label)


def _spellings(label: Any) -> tuple[str, ...]:
    """How a label may be written, its own text first: `1.0` and `1`, `True` and `true` and `1`."""
    if isinstance(label, str):
        return (label,)
    if isinstance(label, bool):
        return str(label), str(label).lower(), str(int(label)), f"{int(label)}.0"
    try:
        whole = int(label)
        if whole == label:
            return tuple(dict.fromkeys((str(label), str(whole), f"{whole}.0")))
    except (TypeError, ValueError, OverflowError):
        pass
    return (str(label),)
