"""A version's lineage as OpenLineage events: a run for each step of its pipeline."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_mlops.domain.lineage.graph import Graph, Kind, Node
from gitops_mlops.domain.lineage.openlineage import DATA_NAMESPACE, NAMESPACE, Dataset, step_lines
from gitops_mlops.domain.registry.registry import Version

_GIT_NAMESPACE = "git"
_READ = (Kind.DATA, Kind.CODE, Kind.IMPORT)


def pipeline_lines(graph: Graph, version: Version) -> Iterator[str]:
    """Two lines for each step, the last step first, and two for the registration.

    DVC does not record when a step ran, so the events carry the moment of the registration. The same step on the
    same content is the same run, whichever version tells of it.
    """
    inputs: dict[str, list[Node]] = {}
    outputs: dict[str, list[Node]] = {}
    for edge in graph.edges:
        source, target = graph.nodes[edge.source], graph.nodes[edge.target]
        if target.kind is Kind.STEP and source.kind in _READ:
            inputs.setdefault(target.id, []).append(source)
        elif source.kind is Kind.STEP and target.kind is Kind.DATA:
            outputs.setdefault(source.id, []).append(target)
        elif target.kind is Kind.VERSION and source.kind is Kind.DATA:
            inputs.setdefault(target.id, []).append(source)
    for node in graph.nodes.values():
        read = [_dataset(each) for each in inputs.get(node.id, ())]
        if node.kind is Kind.STEP:
            made = [_dataset(each) for each in outputs.get(node.id, ())]
            identity = [f"{each.name} {each.version}" for each in (*read, *made)]
            yield from step_lines(node.label, version.created, identity, read, made)
        elif node.kind is Kind.VERSION and read:
            model = Dataset(NAMESPACE, version.artifact, version.version or version.commit)
            yield from step_lines(f"{version.artifact}.version", version.created, [version.tag], read, [model])


def _dataset(node: Node) -> Dataset:
    if node.kind is Kind.CODE:
        return Dataset(_GIT_NAMESPACE, node.label, node.digest)
    return Dataset(DATA_NAMESPACE, node.label, f"md5:{node.digest}" if node.kind is Kind.DATA else node.digest)
