"""Lineage as a tree or table on a terminal, and as JSON-ready data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gitops_mlops.domain.comparison.changes import plain
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.lineage.graph import (
    LineageEdge,
    LineageGraph,
    LineageNode,
    NodeKind,
    VersionLineage,
    name_of,
)
from gitops_mlops.domain.lineage.question import VersionUse, VersionUses
from gitops_mlops.domain.registry.timeline import StageStay
from gitops_mlops.reports.rendering.numbers import counted, size
from gitops_mlops.reports.rendering.terminal import table

SCHEMA = "gitops-mlops/lineage/2"
_NONE = "–"
_NO_LEDGER = "The ledger records no deployment"

# What a person looks for first.
_ORDER = (
    NodeKind.COMMIT,
    NodeKind.DATA,
    NodeKind.CODE,
    NodeKind.PARAMETERS,
    NodeKind.STEP,
    NodeKind.IMPORT,
    NodeKind.COMPARISON,
)


def tree_text(found: VersionLineage) -> str:
    """The version, below it what it comes from, then what became of it."""
    rows = list(_TreeRows(found.graph).rows())
    text = table(["", "", ""], rows).partition("\n")[2]
    return text if found.ledger else f"{text}\n\n{_NO_LEDGER}"


def lineage_data(found: VersionLineage | VersionUses) -> dict[str, Any]:
    """Either answer as plain data; a version's as nodes and edges, which run from what was before."""
    if isinstance(found, VersionUses):
        return _uses_data(found)
    graph = found.graph
    return {
        "schema": SCHEMA,
        "version": next(iter(graph.nodes)),
        "nodes": [_node_data(node) for node in graph.nodes.values()],
        "edges": [{"from": edge.source, "to": edge.target, "relation": edge.relation} for edge in graph.edges],
        "gaps": list(found.gaps),
        "deployments_recorded": found.ledger,
    }


def uses_text(found: VersionUses) -> str:
    """A version a line: what the file was to it, where it is and was."""
    if not found.uses:
        return "No version used it" if not found.gaps else "No version is known to have used it"
    rows = [
        [
            name_of(use.version),
            str(use.kind),
            *((use.path, short_sha(use.digest)) if use.path else ()),
            ", ".join(f"#{stage}" for stage in use.live) or _NONE,
            ", ".join(_left(use.stays)) or _NONE,
            *([_environments(use) or _NONE] if found.ledger else []),
        ]
        for use in found.uses
    ]
    where = ["PATH", "DIGEST"] if found.uses[0].path else []
    head = ["VERSION", "HOW", *where, "HOLDS NOW", "HELD BEFORE", *(["ENVIRONMENTS"] if found.ledger else [])]
    text = table(head, rows)
    return text if found.ledger else f"{text}\n\n{_NO_LEDGER}"


class _TreeRows:
    """Rows of a tree: its lines, a digest, and what else is known."""

    def __init__(self, graph: LineageGraph) -> None:
        self._graph = graph
        self._before: dict[str, list[LineageEdge]] = {}
        self._after: dict[str, list[LineageEdge]] = {}
        for edge in graph.edges:
            self._before.setdefault(edge.target, []).append(edge)
            self._after.setdefault(edge.source, []).append(edge)
        self._told: set[str] = set()

    def rows(self) -> Iterator[list[str]]:
        """The version first; a node that was told above is not told again."""
        root = next(iter(self._graph.nodes.values()))
        yield [root.label, short_sha(root.digest), _facts(root)]
        self._told.add(root.id)
        inputs = self._ordered(edge.source for edge in self._before.get(root.id, ()))
        fate = [_told(self._graph.nodes[edge.target], edge.relation) for edge in self._after.get(root.id, ())]
        yield from self._children([*inputs, *fate])

    def _children(self, children: Sequence[LineageNode]) -> Iterator[list[str]]:
        # By hand and not by recursion: a pipeline may be longer than Python's stack is deep.
        waiting = self._put(children, "")
        while waiting:
            node, lead, indent = waiting.pop()
            known = node.id in self._told
            inner = self._ordered(edge.source for edge in self._before.get(node.id, ()) if not known)
            inner = [part for each in inner if each.kind is not NodeKind.VERSION for part in _parts(each)]
            shown = "see above" if known and self._before.get(node.id) else _facts(node)
            yield [f"{lead}{node.label}", short_sha(node.digest), shown]
            self._told.add(node.id)
            waiting += self._put(inner, indent)

    def _put(self, children: Sequence[LineageNode], indent: str) -> list[tuple[LineageNode, str, str]]:
        """Children with the lines before them and below them, the first one last."""
        last = len(children) - 1
        return [
            (node, f"{indent}{'└─' if at == last else '├─'} ", f"{indent}{'   ' if at == last else '│  '}")
            for at, node in reversed(list(enumerate(children)))
        ]

    def _ordered(self, identities: Iterator[str]) -> list[LineageNode]:
        nodes = [self._graph.nodes[identity] for identity in dict.fromkeys(identities)]
        return sorted(nodes, key=lambda node: (_ORDER.index(node.kind) if node.kind in _ORDER else 99, node.label))


def _facts(node: LineageNode) -> str:
    """What a node says of itself, in a line."""
    known = node.facts
    match node.kind:
        case NodeKind.VERSION:
            state = "" if known["active"] else ", out of use"
            return f"{_minute(known['created'])} by {known['author']}{state}"
        case NodeKind.DATA:
            return ", ".join(_data_words(known))
        case NodeKind.STEP:
            return str(known["command"])
        case NodeKind.PARAMETERS:
            return json.dumps(plain(known["value"]), ensure_ascii=False)
        case NodeKind.IMPORT:
            named = known.get("version") or known.get("stage") or known.get("revision")
            return f"{named}" if named else ""
        case NodeKind.COMPARISON:
            words = [f"against {known['champion']}" if known.get("champion") else "without a champion"]
            words += [str(known[key]) for key in ("run", "pull_request") if known.get(key)]
            return ", ".join(words)
        case NodeKind.STAGE:
            return f"{_between(known['entered'], known['left'])} by {known['by']}"
        case NodeKind.ENVIRONMENT:
            return _between(known["since"], known["until"])
        case _:
            return ""


def _told(node: LineageNode, relation: str) -> LineageNode:
    """A place with what it has to do with the version."""
    placed = node.kind in (NodeKind.STAGE, NodeKind.ENVIRONMENT)
    return node._replace(label=f"{relation} {node.label}") if placed else node


def _parts(node: LineageNode) -> list[LineageNode]:
    """A node, or one for each parameter: they are many, and one is looked for."""
    if node.kind is not NodeKind.PARAMETERS:
        return [node]
    values = node.facts["values"]
    assert isinstance(values, dict)
    return [
        LineageNode(f"{node.id}:{key}", NodeKind.PARAMETERS, key.removeprefix("params.yaml:"), "", {"value": value})
        for key, value in values.items()
    ]


def _data_words(known: Mapping[str, Any]) -> Iterator[str]:
    if "versions" in known:
        yield f"is {', '.join(known['versions'])}"
    if "size" in known:
        yield size(known["size"])
    if "files" in known:
        yield counted(known["files"], "file")


def _uses_data(found: VersionUses) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "query": {
            "path": found.query.path or None,
            "digests": sorted(found.query.digests),
            "commit": found.query.commit or None,
        },
        "uses": [_use_data(use) for use in found.uses],
        "gaps": list(found.gaps),
        "deployments_recorded": found.ledger,
    }


def _node_data(node: LineageNode) -> dict[str, Any]:
    return {
        "id": node.id,
        "kind": str(node.kind),
        "label": node.label,
        "digest": node.digest or None,
        **{key: plain(value) for key, value in node.facts.items()},
    }


def _use_data(use: VersionUse) -> dict[str, Any]:
    version = use.version
    return {
        "artifact": version.artifact,
        "version": version.version or None,
        "commit": version.commit,
        "tag": version.tag,
        "active": version.active,
        "kind": use.kind.name.lower(),
        "path": use.path or None,
        "digest": use.digest or None,
        "live": list(use.live),
        "stages": [
            {
                "stage": stay.stage,
                "entered": stay.entered.isoformat(),
                "by": stay.by,
                "tag": stay.tag,
                "left": stay.left.isoformat() if stay.left else None,
                "left_by": stay.left_by or None,
                "ended_by_tag": stay.ended or None,
            }
            for stay in use.stays
        ],
        "environments": [run._asdict() for run in use.runs],
    }


def _left(found: Sequence[StageStay]) -> list[str]:
    """The stages that held a version and do not any more."""
    now = {stay.stage for stay in found if stay.left is None}
    return list(dict.fromkeys(f"#{stay.stage}" for stay in found if stay.stage not in now))


def _environments(use: VersionUse) -> str:
    now = dict.fromkeys(run.environment for run in use.runs if run.until is None)
    before = dict.fromkeys(run.environment for run in use.runs if run.environment not in now)
    return ", ".join([*now, *(f"{name} (before)" for name in before)])


def _between(start: object, end: object) -> str:
    return f"{_minute(start)} to {_minute(end)}" if end else f"since {_minute(start)}"


def _minute(moment: object) -> str:
    """`2026-01-31T09:30:00+00:00` → `2026-01-31 09:30`."""
    return str(moment)[:16].replace("T", " ")
