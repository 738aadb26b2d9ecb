"""A version's lineage as OpenLineage events: a run for each step of its pipeline."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_mlops.domain.lineage.graph import LineageGraph, LineageNode, NodeKind
from gitops_mlops.domain.lineage.openlineage import DATA_NAMESPACE, NAMESPACE, LineageDataset, step_lines
from gitops_mlops.domain.registry.registry import RegisteredVersion

_GIT_NAMESPACE = "git"
_READ = (NodeKind.DATA, NodeKind.CODE, NodeKind.IMPORT)


def pipeline_lines(graph: LineageGraph, version: RegisteredVersion) -> Iterator[str]:
    """Two lines for each step, the last step first, and two for the registration.

    DVC does not record when a step ran, so the events carry the moment of the registration. The same step on the
    same content is the same run, whichever version tells of it.
    """
    inputs: dict[str, list[LineageNode]] = {}
    outputs: dict[str, list[LineageNode]] = {}
    for edge in graph.edges:
        source, target = graph.nodes[edge.source], graph.nodes[edge.target]
        if target.kind is NodeKind.STEP and source.kind in _READ:
            inputs.setdefault(target.id, []).append(source)
        elif source.kind is NodeKind.STEP and target.kind is NodeKind.DATA:
            outputs.setdefault(source.id, []).append(target)
        elif target.kind is NodeKind.VERSION and source.kind is NodeKind.DATA:
            inputs.setdefault(target.id, []).append(source)
    for node in graph.nodes.values():
        read = [_dataset(each) for each in inputs.get(node.id, ())]
        if node.kind is NodeKind.STEP:
            made = [_dataset(each) for each in outputs.get(node.id, ())]
            identity = [f"{each.name} {each.version}" for each in (*read, *made)]
            yield from step_lines(node.label, version.created, identity, read, made)
        elif node.kind is NodeKind.VERSION and read:
            model = LineageDataset(NAMESPACE, version.artifact, version.version or version.commit)
            yield from step_lines(f"{version.artifact}.version", version.created, [version.tag], read, [model])


def _dataset(node: LineageNode) -> LineageDataset:
    if node.kind is NodeKind.CODE:
        return LineageDataset(_GIT_NAMESPACE, node.label, node.digest)
    return LineageDataset(
        DATA_NAMESPACE, node.label, f"md5:{node.digest}" if node.kind is NodeKind.DATA else node.digest
    )
