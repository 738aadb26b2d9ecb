"""The lineage of one version as a graph: an edge runs from what was there before to what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from gitops_mlops.domain.lineage.ancestry import Ancestry, Made
from gitops_mlops.domain.lineage.deployments import Run
from gitops_mlops.domain.pipeline.records import Item, Origin, Step
from gitops_mlops.domain.registry import evidence
from gitops_mlops.domain.registry.registry import Version
from gitops_mlops.domain.registry.tags import Action, parse_tag_name
from gitops_mlops.domain.registry.timeline import Stay


class Kind(StrEnum):
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


class Node(NamedTuple):
    """`id` is unique in the graph; `digest` is what identifies the content, "" where nothing does."""

    id: str
    kind: Kind
    label: str
    digest: str = ""
    facts: Mapping[str, object] = {}


class Edge(NamedTuple):
    """`source` came before `target`; `relation` reads from source to target."""

    source: str
    target: str
    relation: str


@dataclass
class Graph:
    """Nodes by their ID and edges, both in the order in which they were found. The version is the first node."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)

    def add(self, node: Node) -> str:
        """Put a node in, unless it is there; its ID."""
        self.nodes.setdefault(node.id, node)
        return node.id

    def link(self, source: str, target: str, relation: str) -> None:
        """Put an edge in, unless it is there."""
        self.edges[Edge(source, target, relation)] = None


@dataclass(frozen=True)
class Lineage:
    """The graph of one version. `gaps` are what could not be told; `ledger` says whether deployments are recorded."""

    version: Version
    graph: Graph
    gaps: tuple[str, ...] = ()
    ledger: bool = True


@dataclass(frozen=True)
class Told:
    """What is known of a version. `code` holds git's object IDs by path, `upstream` the versions that an item is."""

    version: Version
    ancestry: Ancestry | None = None
    code: Mapping[str, str] = field(default_factory=dict)
    upstream: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    stays: tuple[Stay, ...] = ()
    runs: tuple[Run, ...] = ()


def name_of(version: Version) -> str:
    """`model@v1.2.3`, or `model at 0123456789` where a stage holds a commit without a version."""
    if version.version:
        return f"{version.artifact}@{version.version}"
    return f"{version.artifact} at {version.commit[:10]}"


def version_graph(told: Told) -> Graph:
    """The graph of a version: commit, pipeline, comparison, stages and environments."""
    graph, version = Graph(), told.version
    root = graph.add(
        Node(
            f"version:{name_of(version)}",
            Kind.VERSION,
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
    commit = graph.add(Node(f"commit:{version.commit}", Kind.COMMIT, "commit", version.commit))
    graph.link(commit, root, "registered as")
    if told.ancestry:
        _Pipeline(graph, told).draw(root)
    _comparison(graph, root, version)
    _fate(graph, root, told)
    return graph


class _Pipeline:
    """Draws what DVC recorded, from the model backwards."""

    def __init__(self, graph: Graph, told: Told) -> None:
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

    def _item(self, made: Made) -> str:
        item, told = made.item, self._told
        upstream = told.upstream.get((item.path, item.digest), ())
        facts: dict[str, object] = {"size": item.size, "files": item.files, "versions": list(upstream)}
        facts = {key: value for key, value in facts.items() if value not in (None, [])}
        if item.origin:
            return self._graph.add(_imported(item, item.origin))
        if self._is_code(item):
            return self._graph.add(
                Node(self._id(item), Kind.CODE, item.path, told.code[item.path], {"md5": item.digest})
            )
        return self._graph.add(Node(self._id(item), Kind.DATA, item.path, item.digest, facts))

    def _made(self, identity: str, made: Made, step: Step) -> None:
        if step.command:
            maker = self._graph.add(Node(f"step:{step.name}", Kind.STEP, step.name, "", {"command": step.command}))
            self._graph.link(maker, identity, "made")
            if step.params:
                label = f"parameters of {step.name}"
                used = self._graph.add(
                    Node(f"parameters:{step.name}", Kind.PARAMETERS, label, "", {"values": dict(step.params)})
                )
                self._graph.link(used, maker, "set")
        else:
            for item in step.deps:
                self._graph.link(self._id(item), identity, "imported as")

    def _is_code(self, item: Item) -> bool:
        return item.path in self._told.code

    def _id(self, item: Item) -> str:
        if item.origin:
            return _imported(item, item.origin).id
        if self._is_code(item):
            return f"code:{item.path}@{self._told.code[item.path]}"
        return f"data:{item.path}@{item.digest}"


def _imported(item: Item, origin: Origin) -> Node:
    facts = {key: value for key, value in origin._asdict().items() if value}
    name = parse_tag_name(origin.revision)
    if name and name.action is Action.REGISTER:
        facts["version"] = f"{name.artifact}@{name.version}"
    elif name and name.action is Action.ASSIGN:
        facts["stage"] = f"{name.artifact}#{name.stage}"
    return Node(f"import:{item.path}@{item.digest}", Kind.IMPORT, item.path, origin.commit or item.digest, facts)


def _comparison(graph: Graph, root: str, version: Version) -> None:
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
        Node(
            f"comparison:{name_of(version)}",
            Kind.COMPARISON,
            f"compared: {told.verdict}" if told.verdict else "measured",
            told.one(evidence.REPORT_SHA256),
            {"verdict": told.verdict or None, **facts},
        )
    )
    graph.link(root, node, "was judged by")
    for path, md5 in told.data_md5.items():
        data = graph.add(Node(f"data:{path}@{md5}", Kind.DATA, path, md5))
        graph.link(data, node, "measured on")


def _fate(graph: Graph, root: str, told: Told) -> None:
    for node, relation in (*_stages(told.stays), *_environments(told.runs)):
        graph.link(root, graph.add(node), relation)


def _stages(found: Iterable[Stay]) -> Iterator[tuple[Node, str]]:
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
            Node(f"stage:{stay.stage}@{stay.tag}", Kind.STAGE, f"#{stay.stage}", "", facts),
            "is held by" if stay.left is None else "was held by",
        )


def _environments(found: Iterable[Run]) -> Iterator[tuple[Node, str]]:
    for run in found:
        facts = {"since": run.since, "until": run.until, "by": run.by or None}
        yield (
            Node(f"environment:{run.environment}@{run.since}", Kind.ENVIRONMENT, run.environment, "", facts),
            "runs in" if run.until is None else "ran in",
        )
