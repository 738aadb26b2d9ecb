"""Templates and Python parameters, held against DVC's own parsers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitops_mlops.domain.pipeline.python_parameters import parse_python
from gitops_mlops.domain.pipeline.templating import UnresolvedTemplate, Variables, filled

VALUES: dict[str, Any] = {
    "a": 1,
    "b": True,
    "none": None,
    "text": "x y",
    "list": ["p", {"q": 2.5}],
    "map": {"on": True, "off": False, "many": [1, "p q"], "deep": {"er": "'"}, "empty": {}},
}
PIECES = [
    *("${a}", "${b}", "${none}", "${ text }", "${list[0]}", "${list.1.q}", "${list[1].q}", "${list[-1].q}"),
    *("${map.deep.er}", "${map}", "${list}", "${gone}", "${a.b}", "\\${a}", "/", "$", "{", "}", "text "),
]
PYTHON = """\
a = 1
b: float = 2.5
c: int
d = (1, [2])
e = a + 1
f = g = 3
x.y = 4
class Net:
    depth = -3
    names = {"a": 1, "b": [None, True]}
    class Inner:
        z = "z"
    def __init__(self):
        self.own = 5
        other = 6
def function():
    hidden = 7
"""


def no_file(folder: str, path: str) -> tuple[str, Mapping[str, Any] | None]:
    return path, None


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4), st.sampled_from(["cmd", "deps"]))
@example(["${text}", "/", "${a}"], "deps")
@example(["\\${a}", "${a}"], "cmd")
def test_any_text_is_filled_in_as_dvc_does(pieces: list[str], key: str) -> None:
    from dvc.exceptions import DvcException
    from dvc.parsing.context import Context

    text = "".join(pieces)
    try:
        expected = Context(VALUES).resolve(text, key=key)
    except (DvcException, ValueError, IndexError):
        expected = UnresolvedTemplate
    try:
        found = filled(text, Variables(no_file, VALUES), key)
    except UnresolvedTemplate:
        found = UnresolvedTemplate
    assert found == expected, text


def test_python_parameters_are_those_that_dvc_finds() -> None:
    from dvc.utils.serialize import parse_py

    assert parse_python(PYTHON.encode(), "params.py") == parse_py(PYTHON, "params.py")
