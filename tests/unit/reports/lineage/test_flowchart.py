"""Flowcharts keep to the part of Mermaid's grammar that we write, whatever the names are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.lineage.graph import LineageGraph, LineageNode, NodeKind
from gitops_mlops.reports.lineage.flowchart import graph_flowchart, label

# Letters, digits, a few signs, and entity codes: nothing that Mermaid's lexer, markdown or HTML know.
TEXT = r"(?:[A-Za-z0-9 .,\-_/@=]|#\d+;)+"
SHAPES = [
    r'\(\["',
    r'"\]\)',
    r'\[\("',
    r'"\)\]',
    r'\[\["',
    r'"\]\]',
    r'\{\{"',
    r'"\}\}',
    r'\[/"',
    r'"/\]',
    r'\["',
    r'"\]',
]
NODE = "|".join(
    f"{opened}{TEXT}(?:<br/>{TEXT})?{closed}" for opened, closed in zip(SHAPES[::2], SHAPES[1::2], strict=True)
)
GRAMMAR = re.compile(rf'flowchart LR(?:\n    n\d+(?:{NODE})|\n    n\d+ -->\|"{TEXT}"\| n\d+)*')

hostile = st.text() | st.sampled_from(
    [
        "",
        "  ",
        'a"];click n0 "javascript:alert(1)"',
        '%%{init: {"securityLevel": "loose"}}%%',
        "`**bold**`",
        "<img src=x onerror=alert(1)>",
        "a\nb --> c",
        "#quot;#35;",
        "@{shape: x}",
        "\u202egnp.exe\u2066",
    ]
)


@given(st.lists(st.tuples(st.sampled_from(list(NodeKind)), hostile, hostile), min_size=1, max_size=6), hostile)
def test_no_name_leaves_its_label(nodes: list[tuple[NodeKind, str, str]], relation: str) -> None:
    graph = LineageGraph()
    ids = [
        graph.add(LineageNode(f"{index}{text}", kind, text, digest))
        for index, (kind, text, digest) in enumerate(nodes)
    ]
    for source in ids:
        graph.link(source, ids[0], relation)
    drawn = graph_flowchart(graph)
    assert GRAMMAR.fullmatch(drawn), drawn
    assert drawn.count("\n") == 2 * len(nodes)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [("models/m.bin", "models/m.bin"), ("a#b", "a#35;b"), ("", "#40;blank#41;"), ("é\t", "#233;#8677;")],
)
def test_labels(text: str, drawn: str) -> None:
    assert label(text) == drawn
