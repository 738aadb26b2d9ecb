"""Lineage as a Mermaid flowchart, in the part of its language in which no text from outside can say anything.

IDs are numbers of ours. Labels stand in quotes, with every character but letters, digits and a few harmless signs
written as an entity code (`#35;`), which Mermaid draws as the character and neither its parser nor HTML acts upon.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.lineage.graph import LineageEdge, LineageGraph, LineageNode, NodeKind, name_of
from gitops_mlops.domain.lineage.question import VersionUses
from gitops_mlops.domain.shortening import shorten
from gitops_mlops.reports.rendering.escape import visible

_LONGEST = 60
# Writing out what cannot be seen takes time.
_MOST_READ = 1000
_SHAPES: Mapping[NodeKind, tuple[str, str]] = {
    NodeKind.VERSION: ("([", "])"),
    NodeKind.DATA: ("[(", ")]"),
    NodeKind.STEP: ("[[", "]]"),
    NodeKind.COMPARISON: ("{{", "}}"),
    NodeKind.ENVIRONMENT: ("[/", "/]"),
}
_HARMLESS = frozenset(" .,-_/@=")


def graph_flowchart(graph: LineageGraph) -> str:
    """The lineage of a version, data flowing from left to right."""
    return _flowchart(graph.nodes.values(), graph.edges)


def uses_flowchart(found: VersionUses) -> str:
    """What was asked for, the versions that used it, and where they are and were."""
    graph = LineageGraph()
    asked = found.query
    kind = NodeKind.COMMIT if asked.commit else NodeKind.DATA
    digest = asked.commit or ", ".join(sorted(short_sha(digest) for digest in asked.digests))
    start = graph.add(LineageNode("asked", kind, asked.path or ("commit" if asked.commit else "file"), digest))
    for use in found.uses:
        version = graph.add(LineageNode(f"version:{name_of(use.version)}", NodeKind.VERSION, name_of(use.version)))
        graph.link(start, version, str(use.kind))
        for stay in use.stays:
            stage = graph.add(LineageNode(f"stage:{stay.stage}", NodeKind.STAGE, f"#{stay.stage}"))
            graph.link(version, stage, "holds" if stay.left is None else "was in")
        for run in use.runs:
            place = graph.add(LineageNode(f"environment:{run.environment}", NodeKind.ENVIRONMENT, run.environment))
            graph.link(version, place, "runs in" if run.until is None else "ran in")
    return _flowchart(graph.nodes.values(), graph.edges)


def label(text: str) -> str:
    """Text as the inside of a quoted label, which may not be blank."""
    shown = shorten(visible(shorten(text, _MOST_READ)), _LONGEST).strip() or "(blank)"
    return "".join(c if (c.isascii() and c.isalnum()) or c in _HARMLESS else f"#{ord(c)};" for c in shown)


def _flowchart(nodes: Iterable[LineageNode], edges: Iterable[LineageEdge]) -> str:
    numbers: dict[str, str] = {}
    lines = ["flowchart LR"]
    for node in nodes:
        numbers[node.id] = f"n{len(numbers)}"
        opened, closed = _SHAPES.get(node.kind, ("[", "]"))
        digest = f"<br/>{label(short_sha(node.digest))}" if node.digest else ""
        lines.append(f'    {numbers[node.id]}{opened}"{label(node.label)}{digest}"{closed}')
    lines += [f'    {numbers[edge.source]} -->|"{label(edge.relation)}"| {numbers[edge.target]}' for edge in edges]
    return "\n".join(lines)
