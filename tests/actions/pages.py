"""The tables of inputs and outputs in the actions' pages, out of their `action.yml`.

`python -m tests.actions.pages` writes them.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
ACTIONS = ROOT / "actions"
NAMES = sorted(path.parent.name for path in ACTIONS.glob("*/action.yml"))


@cache
def action(name: str) -> dict[str, Any]:
    """What an `action.yml` says."""
    found = yaml.safe_load((ACTIONS / name / "action.yml").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def page(name: str) -> str:
    """The README of an action as it should be: its own words, and the tables."""
    said = (ACTIONS / name / "README.md").read_text("utf-8")
    for title, table in (("Inputs", _inputs(name)), ("Outputs", _outputs(name))):
        said = re.sub(rf"(?ms)^## {title}\n.*?(?=^## |\Z)", lambda _: f"## {title}\n\n{table}\n\n", said)  # noqa: B023
    return said.rstrip("\n") + "\n"


def overview() -> str:
    """The table of all actions in docs/actions.md."""
    rows = [f"| [`{name}`](../actions/{name}/README.md) | {action(name)['description']} |" for name in NAMES]
    return "\n".join(["| action | does |", "|---|---|", *rows])


def overview_page() -> str:
    """docs/actions.md as it should be."""
    said = (ROOT / "docs/actions.md").read_text("utf-8")
    return re.sub(r"(?ms)^\| action \| does \|\n.*?(?=\n\n)", lambda _: overview(), said)


def _inputs(name: str) -> str:
    rows = [
        f"| `{key}` | {one['description']} | {_default(one)} |" for key, one in (action(name)["inputs"] or {}).items()
    ]
    return "\n".join(["| input | means | default |", "|---|---|---|", *rows])


def _default(one: dict[str, Any]) -> str:
    if one.get("required"):
        return "**required**"
    return f"`{one['default']}`" if one["default"] else ""


def _outputs(name: str) -> str:
    rows = [f"| `{key}` | {one['description']} |" for key, one in action(name)["outputs"].items()]
    return "\n".join(["| output | is |", "|---|---|", *rows])


if __name__ == "__main__":
    for each in NAMES:
        (ACTIONS / each / "README.md").write_text(page(each), "utf-8")
    (ROOT / "docs/actions.md").write_text(overview_page(), "utf-8")
