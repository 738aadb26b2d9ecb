"""What is shortened, counted as left out or made a digest of has one home; new ones made by hand are found here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOMES = {"gitops_mlops/domain/shortening.py", "gitops_mlops/domain/digests.py"}
# Lengths that a text or an ID is cut to. A cut of a list to fewer belongs to the module that shows it, by a name.
LENGTHS = {7, 8, 10, 12, 16, 19, 40, 60, 80, 100, 120, 200, 300, 500, 1000, 2000}
DIGESTS = {"hexdigest", "file_digest"}
_BY_HAND = re.compile(r"\{\} more\b")

# By file and idiom, why it is none of those that the homes are for.
EXCEPTIONS = {
    ("actions/setup/install.py", "key[:16]"): "it runs before the package is installed",
    ("actions/setup/install.py", "whole.hexdigest()"): "it runs before the package is installed",
    ("gitops_mlops/reports/lineage/tree.py", "str(moment)[:16]"): "a time to the minute",
    ("gitops_mlops/serving/__main__.py", "uuid.uuid4().hex[:8]"): "a random ID, of which nothing is left out",
    ("gitops_mlops/domain/doctor/registry.py", "; then {} more: git push"): "how to go on, not what is left out",
    ("gitops_mlops/domain/registry/approvals.py", "{} more of people who"): "what is still wanted",
}


def found(source: str) -> Iterator[str]:
    """The idioms of a module, as its source has them."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Subscript(slice=ast.Slice(lower=None, upper=ast.Constant(value=int(length)), step=None)):
                if length in LENGTHS:
                    yield ast.unparse(node)
            case ast.Call(func=ast.Attribute(attr=name)) if name in DIGESTS:
                yield ast.unparse(node)
            case ast.JoinedStr(values=values):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in values)
                if _BY_HAND.search(text):
                    yield text


def modules() -> list[str]:
    files = [*ROOT.glob("gitops_mlops/**/*.py"), *ROOT.glob("actions/**/*.py")]
    return sorted({str(file.relative_to(ROOT)) for file in files} - HOMES)


def excuse(module: str, idiom: str) -> tuple[str, str] | None:
    return next((known for known in EXCEPTIONS if known[0] == module and known[1] in idiom), None)


def test_no_module_shortens_counts_or_digests_by_hand() -> None:
    idioms = [(module, idiom) for module in modules() for idiom in found((ROOT / module).read_text("utf-8"))]
    by_hand = [f"{module}: {idiom}" for module, idiom in idioms if excuse(module, idiom) is None]
    assert by_hand == [], "use gitops_mlops/domain/shortening.py or digests.py, or add a reasoned exception"
    assert {excuse(module, idiom) for module, idiom in idioms} == set(EXCEPTIONS), (
        "an exception is not needed any more"
    )


@pytest.mark.parametrize(
    "source",
    [
        "name[:200]",
        "str(error)[:2000]",
        "f'at {commit[:7]}'",
        "hashlib.sha256(content).hexdigest()",
        "f'{first} and {len(names) - 1} more'",
        "f' (and {rest} more)'",
        "f'{rest} more'",
    ],
)
def test_each_idiom_is_found(source: str) -> None:
    assert list(found(source))


@pytest.mark.parametrize("source", ["name[1:200]", "names[:_MOST]", "words[:2]", "f'{amount} or more'", "data[:n]"])
def test_other_code_is_left_alone(source: str) -> None:
    assert not list(found(source))
