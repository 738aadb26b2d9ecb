"""The lineage of one version as a graph: an edge runs from what was there before to what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.lineage.ancestry import Ancestry, ProducedItem
from gitops_mlops.domain.lineage.deployments import DeploymentRun
from gitops_mlops.domain.pipeline.records import ImportOrigin, RecordedItem, RecordedStep
from gitops_mlops.domain.registry import evidence
from gitops_mlops.domain.registry.registry import RegisteredVersion
from gitops_mlops.domain.registry.tags import TagAction, parse_tag_name
from gitops_mlops.domain.registry.timeline import StageStay


class NodeKind(StrEnum):
    """What a node stands for. `code` is whatever git itself holds, `import` what another place holds."""

    VERSION = "version"
    COMMIT = "commit"
    DATA = "data"
    STEP = "step"
    CODE = "code"
    PARAMETERS = "parameters"
    IMPORT = "import"
    COMPARISON = "comparison"
    STAGE = "stage"
    ENVIRONMENT = "environment"


class LineageNode(NamedTuple):
    """`id` is unique in the graph; `digest` is what identifies the content, "" where nothing does."""

    id: str
    kind: NodeKind
    label: str
    digest: str = ""
    facts: Mapping[str, object] = {}


class LineageEdge(NamedTuple):
    """`source` came before `target`; `relation` reads from source to target."""

    source: str
    target: str
    relation: str


@dataclass
class LineageGraph:
    """Nodes by their ID and edges, both in the order in which they were found. The version is the first node."""

    nodes: dict[str, LineageNode] = field(default_factory=dict)
    edges: dict[LineageEdge, None] = field(default_factory=dict)

    def add(self, node: LineageNode) -> str:
        """Put a node in, unless it is there; its ID."""
        self.nodes.setdefault(node.id, node)
        return node.id

    def link(self, source: str, target: str, relation: str) -> None:
        """Put an edge in, unless it is there."""
        self.edges[LineageEdge(source, target, relation)] = None


@dataclass(frozen=True)
class VersionLineage:
    """The graph of one version. `gaps` are what could not be told; `ledger` says whether deployments are recorded."""

    version: RegisteredVersion
    graph: LineageGraph
    gaps: tuple[str, ...] = ()
    ledger: bool = True


@dataclass(frozen=True)
class VersionFacts:
    """What is known of a version. `code` holds git's object IDs by path, `upstream` the versions that an item is."""

    version: RegisteredVersion
    ancestry: Ancestry | None = None
    code: Mapping[str, str] = field(default_factory=dict)
    upstream: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    stays: tuple[StageStay, ...] = ()
    runs: tuple[DeploymentRun, ...] = ()


def name_of(version: RegisteredVersion) -> str:
    """`model@v1.2.3`, or `model at 0123456789` where a stage holds a commit without a version."""
    if version.version:
        return f"{version.artifact}@{version.version}"
    return f"{version.artifact} at {short_sha(version.commit)}"


def version_graph(told: VersionFacts) -> LineageGraph:
    """The graph of a version: commit, pipeline, comparison, stages and environments."""
    graph, version = LineageGraph(), told.version
    root = graph.add(
        LineageNode(
            f"version:{name_of(version)}",
            NodeKind.VERSION,
            name_of(version),
            version.evidence.model_sha256,
            {
                "artifact": version.artifact,
                "version": version.version or None,
                "active": version.active,
                "tag": version.tag,
                "created": version.created.isoformat(),
                "author": version.author,
            },
        )
    )
    commit = graph.add(LineageNode(f"commit:{version.commit}", NodeKind.COMMIT, "commit", version.commit))
    graph.link(commit, root, "registered as")
    if told.ancestry:
        _PipelineGraph(graph, told).draw(root)
    _comparison(graph, root, version)
    _fate(graph, root, told)
    return graph


class _PipelineGraph:
    """Draws what DVC recorded, from the model backwards."""

    def __init__(self, graph: LineageGraph, told: VersionFacts) -> None:
        self._graph = graph
        self._told = told

    def draw(self, root: str) -> None:
        """Every item and step behind the model."""
        assert self._told.ancestry is not None
        made = self._told.ancestry.made
        for index, each in enumerate(made):
            identity = self._item(each)
            if index == 0:
                self._graph.link(identity, root, "is the model of")
            if each.step is not None:
                self._made(identity, each, each.step)
        for step in self._told.ancestry.steps:
            for item in step.deps if step.command else ():
                self._graph.link(self._id(item), f"step:{step.name}", "read by")

    def _item(self, made: ProducedItem) -> str:
        item, told = made.item, self._told
        upstream = told.upstream.get((item.path, item.digest), ())
        facts: dict[str, object] = {"size": item.size, "files": item.files, "versions": list(upstream)}
        facts = {key: value for key, value in facts.items() if value not in (None, [])}
        if item.origin:
            return self._graph.add(_imported(item, item.origin))
        if self._is_code(item):
            return self._graph.add(
                LineageNode(self._id(item), NodeKind.CODE, item.path, told.code[item.path], {"md5": item.digest})
            )
        return self._graph.add(LineageNode(self._id(item), NodeKind.DATA, item.path, item.digest, facts))

    def _made(self, identity: str, made: ProducedItem, step: RecordedStep) -> None:
        if step.command:
            maker = self._graph.add(
                LineageNode(f"step:{step.name}", NodeKind.STEP, step.name, "", {"command": step.command})
            )
            self._graph.link(maker, identity, "made")
            if step.params:
                label = f"parameters of {step.name}"
                used = self._graph.add(
                    LineageNode(
                        f"parameters:{step.name}", NodeKind.PARAMETERS, label, "", {"values": dict(step.params)}
                    )
                )
                self._graph.link(used, maker, "set")
        else:
            for item in step.deps:
                self._graph.link(self._id(item), identity, "imported as")

    def _is_code(self, item: RecordedItem) -> bool:
        return item.path in self._told.code

    def _id(self, item: RecordedItem) -> str:
        if item.origin:
            return _imported(item, item.origin).id
        if self._is_code(item):
            return f"code:{item.path}@{self._told.code[item.path]}"
        return f"data:{item.path}@{item.digest}"


def _imported(item: RecordedItem, origin: ImportOrigin) -> LineageNode:
    facts = {key: value for key, value in origin._asdict().items() if value}
    name = parse_tag_name(origin.revision)
    if name and name.action is TagAction.REGISTER:
        facts["version"] = f"{name.artifact}@{name.version}"
    elif name and name.action is TagAction.ASSIGN:
        facts["stage"] = f"{name.artifact}#{name.stage}"
    return LineageNode(
        f"import:{item.path}@{item.digest}", NodeKind.IMPORT, item.path, origin.commit or item.digest, facts
    )


def _comparison(graph: LineageGraph, root: str, version: RegisteredVersion) -> None:
    told = version.evidence
    if not (told.verdict or told.data_md5):
        return
    facts = {
        key: value
        for key, value in {
            "champion": told.one(evidence.CHAMPION),
            "run": told.one(evidence.RUN),
            "pull_request": told.one(evidence.PULL_REQUEST),
            "gates": told.all(evidence.GATE),
            "metrics": told.all(evidence.METRIC),
        }.items()
        if value
    }
    node = graph.add(
        LineageNode(
            f"comparison:{name_of(version)}",
            NodeKind.COMPARISON,
            f"compared: {told.verdict}" if told.verdict else "measured",
            told.one(evidence.REPORT_SHA256),
            {"verdict": told.verdict or None, **facts},
        )
    )
    graph.link(root, node, "was judged by")
    for path, md5 in told.data_md5.items():
        data = graph.add(LineageNode(f"data:{path}@{md5}", NodeKind.DATA, path, md5))
        graph.link(data, node, "measured on")


def _fate(graph: LineageGraph, root: str, told: VersionFacts) -> None:
    for node, relation in (*_stages(told.stays), *_environments(told.runs)):
        graph.link(root, graph.add(node), relation)


def _stages(found: Iterable[StageStay]) -> Iterator[tuple[LineageNode, str]]:
    for stay in found:
        facts = {
            "entered": stay.entered.isoformat(),
            "by": stay.by,
            "tag": stay.tag,
            "left": stay.left.isoformat() if stay.left else None,
            "left_by": stay.left_by or None,
            "ended_by_tag": stay.ended or None,
        }
        yield (
            LineageNode(f"stage:{stay.stage}@{stay.tag}", NodeKind.STAGE, f"#{stay.stage}", "", facts),
            "is held by" if stay.left is None else "was held by",
        )


def _environments(found: Iterable[DeploymentRun]) -> Iterator[tuple[LineageNode, str]]:
    for run in found:
        facts = {"since": run.since, "until": run.until, "by": run.by or None}
        yield (
            LineageNode(
                f"environment:{run.environment}@{run.since}", NodeKind.ENVIRONMENT, run.environment, "", facts
            ),
            "runs in" if run.until is None else "ran in",
        )
