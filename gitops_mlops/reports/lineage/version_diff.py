"""What differs between two versions, as text, markdown and JSON-ready data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gitops_mlops.domain.comparison.changes import plain
from gitops_mlops.domain.contracts.compatibility import ContractChange
from gitops_mlops.domain.lineage.differences import ABSENT, ValueDifference
from gitops_mlops.domain.lineage.version_diff import ContractDiff, VersionDiff
from gitops_mlops.domain.names import column_label
from gitops_mlops.domain.ports import FileChange
from gitops_mlops.domain.shortening import more_lines, shorten
from gitops_mlops.reports.rendering.escape import code, prose, row
from gitops_mlops.reports.rendering.numbers import counted, data_text, pair_text
from gitops_mlops.reports.rendering.terminal import printable, table

SCHEMA = "gitops-mlops/diff/1"
# The one sign for "there is no value"; a text that looks like it stands in quotes.
_ABSENT = "–"
_WIDEST = 60
_MOST_ROWS = 100
_BARE = re.compile(r"[A-Za-z][\w./:+@-]*\Z")
_LITERALS = ("null", "true", "false")
_TITLES = {
    "models": "Model",
    "metrics": "Metrics, each as measured when its version was compared",
    "parameters": "Parameters",
    "data": "Data",
    "stages": "dvc.yaml",
    "configuration": "mlops.yaml",
    "packages": "Packages",
}
_LETTERS = {"A": "added", "C": "copied", "D": "deleted", "M": "changed", "R": "moved", "T": "changed"}


def diff_text(found: VersionDiff) -> str:
    """Section by section; nothing is said of what is the same."""
    blocks = [f"{printable(found.old.name)} → {printable(found.new.name)}"]
    for title, head, rows in _tables(found):
        lines = table(head, rows).splitlines()
        blocks.append("\n".join([title, *(f"  {line}" for line in lines)]))
    if side := _unmeasured(found):
        blocks.append(f"No metrics are recorded of {printable(side)}")
    if found.others:
        blocks.append(f"{counted(len(found.others), 'other file')} changed")
    if found.empty:
        blocks.append("Nothing differs")
    return "\n\n".join(blocks)


def diff_markdown(found: VersionDiff) -> str:
    """The same for a pull request; every word from outside is escaped, and long tables are cut."""
    lines = [f"**{prose(found.old.name)} → {prose(found.new.name)}**", ""]
    for title, head, rows in _tables(found):
        lines += [f"#### {title}", "", row([name.capitalize() for name in head]), row(["---"] * len(head))]
        lines += [row([_cell(cell) for cell in cells]) for cells in rows[:_MOST_ROWS]]
        lines += ["", *(line for more in more_lines(len(rows) - _MOST_ROWS) for line in (more, ""))]
    if side := _unmeasured(found):
        lines += [f"No metrics are recorded of {prose(side)}.", ""]
    if found.others:
        lines += [f"{counted(len(found.others), 'other file')} changed.", ""]
    if found.empty:
        lines += ["Nothing differs.", ""]
    return "\n".join(lines).rstrip()


def diff_data(found: VersionDiff) -> dict[str, Any]:
    """The same as plain data; a value that is absent has no key, null is null."""
    return {
        "schema": SCHEMA,
        "old": {"name": found.old.name, "commit": found.old.commit or None},
        "new": {"name": found.new.name, "commit": found.new.commit or None},
        **{name: [_difference(each) for each in values] for name, values in found.sections.items()},
        "contracts": [_contract(each) for each in found.contracts],
        "code": [_file(each) for each in found.code],
        "other_files": [_file(each) for each in found.others],
    }


def _tables(found: VersionDiff) -> Iterator[tuple[str, Sequence[str], list[list[str]]]]:
    """Title, head and rows of what is not empty."""
    for name, values in found.sections.items():
        if values and not (name == "metrics" and _unmeasured(found)):
            yield _TITLES[name], ("NAME", "OLD", "NEW"), [_row(each, _WORDS.get(name, _word)) for each in values]
    if found.contracts:
        yield "Contracts", ("FILE", "CHANGE", "COLUMN", "WHAT"), list(_contract_rows(found.contracts))
    if found.code:
        rows = [[_LETTERS.get(file.status, file.status), _path(file)] for file in found.code]
        yield "Code that the pipeline reads", ("CHANGE", "FILE"), rows


def _unmeasured(found: VersionDiff) -> str:
    """The side that no evidence speaks for, where one speaks for the other; "" otherwise."""
    if bool(found.old.metrics) == bool(found.new.metrics):
        return ""
    return found.new.name if found.old.metrics else found.old.name


def _row(found: ValueDifference, word: Callable[[Any], str]) -> list[str]:
    old, new = (_ABSENT if value is ABSENT else word(value) for value in _unlike(found.old, found.new))
    if old == new:
        old, new = (_ABSENT if value is ABSENT else _json(value) for value in (found.old, found.new))
    sides = (shorten(text, _WIDEST) for text in pair_text(old, new, _WIDEST))
    return [found.name.removeprefix("params.yaml:"), *sides]


def _unlike(old: Any, new: Any) -> tuple[Any, Any]:
    """Of two lists, in which order means little, only what the other one lacks."""
    if isinstance(old, list) and isinstance(new, list):
        gone, come = [each for each in old if each not in new], [each for each in new if each not in old]
        if gone or come:
            return gone, come
    return old, new


def _word(value: Any) -> str:
    """A value such that it can be told from every other one: bare words, and JSON for the rest."""
    if isinstance(value, str) and _BARE.match(value) and value not in _LITERALS:
        return value
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False)


def _tracked(value: Mapping[str, Any]) -> str:
    known = {**value, "md5": value.get("md5") or value.get("rev")}
    return data_text({key: each for key, each in known.items() if each is not None and key != "path"}, str)


def _metric(value: Mapping[str, float]) -> str:
    interval = f" [{value['low']:.4g}, {value['high']:.4g}]" if "low" in value and "high" in value else ""
    return f"{value['value']:.6g}{interval}"


_WORDS: Mapping[str, Callable[[Any], str]] = {
    "models": _tracked,
    "data": _tracked,
    "metrics": _metric,
    "packages": str,
}


def _cell(text: str) -> str:
    return code(text, limit=200) if text else ""


def _path(file: FileChange) -> str:
    return f"{file.before} → {file.path}" if file.before else file.path


def _contract_rows(found: Sequence[ContractDiff]) -> Iterator[list[str]]:
    for contract in found:
        if not contract.changes:
            yield [contract.path, _LETTERS[contract.status], "", ""]
        for change in contract.changes or ():
            yield [
                contract.path,
                change.kind,
                "" if change.column is None else column_label(change.column),
                change.message,
            ]


def _difference(found: ValueDifference) -> dict[str, Any]:
    sides = {"old": found.old, "new": found.new}
    return {"name": found.name, **{key: plain(value) for key, value in sides.items() if value is not ABSENT}}


def _contract(found: ContractDiff) -> dict[str, Any]:
    changes: tuple[ContractChange, ...] | None = found.changes
    return {
        "path": found.path,
        "status": _LETTERS[found.status],
        "changes": None if changes is None else [change.plain() for change in changes],
    }


def _file(found: FileChange) -> dict[str, str]:
    moved = {"before": found.before} if found.before else {}
    return {"path": found.path, "status": _LETTERS.get(found.status, found.status), **moved}
