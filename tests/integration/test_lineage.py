"""lineage on real repositories: from a version to all it was made of, and back."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from gitops_mlops import bootstrap
from gitops_mlops.domain.lineage.openlineage import deployment_lines, deployment_run
from gitops_mlops.domain.registry.ledger import LedgerEvent
from tests.conftest import START, Answer, Cli, Repo
from tests.integration.lineage_project import LineageProject, entry, lock, md5, stage

pytestmark = pytest.mark.usefixtures("preloaded")


@pytest.fixture
def lineage_project(repo: Repo) -> LineageProject:
    """A pipeline of three steps, without a run."""
    return LineageProject(repo)


class Lineage:
    """The command in the project's folder."""

    def __init__(self, cli: Cli, project: LineageProject) -> None:
        self._cli = cli
        self._root = project.root

    def __call__(self, *words: str, code: int = 0) -> Answer:
        answer = self._cli("lineage", *words, folder=self._root)
        assert answer.code == code, (answer.out, answer.err)
        return answer

    def used(self, *words: str, code: int = 0) -> list[tuple[str, str]]:
        """Versions and how, as `--json` has them."""
        return [(use["version"], use["kind"]) for use in self(*words, "--json", code=code).json["uses"]]


@pytest.fixture
def lineage(cli: Cli, lineage_project: LineageProject) -> Lineage:
    return Lineage(cli, lineage_project)


def test_a_version_is_told_back_to_its_raw_data(lineage: Lineage, lineage_project: LineageProject) -> None:
    commit = lineage_project.release(
        "v0.0.1",
        "one",
        7,
        "production",
        trailers=f"Data-MD5: test.csv={md5('test of one')}\nVerdict: pass\nChampion: v0.0.0\n"
        "Report-SHA256: abcdef\nRun: https://ci.example/1\nPull-Request: 12",
    )
    told = lineage("delay", "--json").json
    nodes = {node["id"]: node for node in told["nodes"]}
    edges = {(edge["from"], edge["relation"], edge["to"]) for edge in told["edges"]}
    blob = lineage_project.repo.git("rev-parse", "HEAD:train.py").strip()
    model, train, raw = (
        f"data:{path}@{md5(content)}"
        for path, content in (("model.bin", "model of one 7"), ("train.csv", "train of one"), ("raw.csv", "one"))
    )
    test = f"data:test.csv@{md5('test of one')}"
    assert edges >= {
        (f"commit:{commit}", "registered as", "version:delay@v0.0.1"),
        (model, "is the model of", "version:delay@v0.0.1"),
        ("step:train", "made", model),
        (f"code:train.py@{blob}", "read by", "step:train"),
        ("parameters:train", "set", "step:train"),
        (train, "read by", "step:train"),
        ("step:prepare", "made", train),
        (raw, "read by", "step:prepare"),
        ("version:delay@v0.0.1", "was judged by", "comparison:delay@v0.0.1"),
        (test, "measured on", "comparison:delay@v0.0.1"),
    }
    assert nodes["parameters:train"]["values"] == {"params.yaml:seed": 7}
    assert "step:evaluate" not in nodes
    judged = nodes["comparison:delay@v0.0.1"]
    assert (judged["verdict"], judged["champion"], judged["digest"]) == ("pass", "v0.0.0", "abcdef")
    assert (judged["run"], judged["pull_request"]) == ("https://ci.example/1", "12")
    assert [node["by"] for node in nodes.values() if node["kind"] == "stage"] == ["Ada Tester"]
    assert told["gaps"] == []
    assert not told["deployments_recorded"]


def test_which_live_models_saw_a_file(lineage: Lineage, lineage_project: LineageProject) -> None:
    lineage_project.release("v0.0.1", "one", 1, "staging", "production")
    lineage_project.release("v0.0.2", "one", 2, "staging")
    lineage_project.release("v0.0.3", "two", 1, "staging", "production")
    lineage_project.release("v0.0.4", "two", 2, "staging")
    lineage_project.repo.write("raw.csv", "two")
    assert lineage.used("raw.csv") == [("v0.0.4", "input"), ("v0.0.3", "input")]
    assert lineage.used("raw.csv", "--live") == [("v0.0.4", "input"), ("v0.0.3", "input")]
    assert lineage.used(md5("one")) == [("v0.0.2", "input"), ("v0.0.1", "input")]
    assert lineage.used(md5("one"), "--live") == []
    assert [version for version, _ in lineage.used("raw.csv", "--all")] == ["v0.0.4", "v0.0.3", "v0.0.2", "v0.0.1"]
    assert lineage.used(md5("model of one 2")) == [("v0.0.2", "model")]
    assert lineage.used("train.py") == [(f"v0.0.{count}", "input") for count in (4, 3, 2, 1)]
    lines = lineage("raw.csv", "--all").out.splitlines()
    assert lines[1].split()[:2] == ["delay@v0.0.4", "was"]
    assert "#production" in lines[2]
    stays = lineage(md5("one"), "--json").json["uses"][1]["stages"]
    assert [(stay["stage"], stay["ended_by_tag"]) for stay in stays] == [
        ("staging", "delay#staging#4"),
        ("production", "delay#production#7"),
    ]


def deploy(project: LineageProject, version: str, minute: int, result: str = "deployed", by: str = "ci") -> None:
    """What a deployment to production writes into the ledger."""
    repository = bootstrap.repository(project.root)
    event = LedgerEvent(
        moment=START + timedelta(minutes=minute),
        kind="deployment",
        model="delay",
        version=version,
        commit=repository.resolve(f"delay@{version}"),
        environment="production",
        result=result,
        by=by,
    )
    event = event._replace(run=deployment_run(event))
    bootstrap.ledger(repository).append({event.file: deployment_lines(event)})


def test_where_a_version_runs_and_ran(lineage: Lineage, lineage_project: LineageProject) -> None:
    lineage_project.release("v0.0.1", "one", 1, "production")
    lineage_project.release("v0.0.2", "two", 1, "production")
    assert "The ledger records no deployment" in lineage("delay").out
    deploy(lineage_project, "v0.0.1", 1)
    deploy(lineage_project, "v0.0.2", 2, "refused")
    deploy(lineage_project, "v0.0.1", 3)
    deploy(lineage_project, "v0.0.2", 4)
    first, second = (lineage(md5(raw), "--json").json["uses"][0]["environments"] for raw in ("one", "two"))
    moments = [(START + timedelta(minutes=minute)).isoformat() for minute in range(5)]
    assert first == [{"environment": "production", "since": moments[1], "until": moments[4], "by": "ci"}]
    assert second == [{"environment": "production", "since": moments[4], "until": None, "by": "ci"}]
    assert "production (before)" in lineage(md5("one")).out
    assert "└─ runs in production" in lineage("delay").out
    deploy(lineage_project, "v0.0.2", 5, "stopped")
    assert lineage(md5("two"), "--json").json["uses"][0]["environments"][0]["until"] is not None
    assert 'n1 -->|"holds"|' in lineage(md5("two"), "--mermaid").out


def test_a_file_in_a_tracked_folder_counts(lineage: Lineage, lineage_project: LineageProject) -> None:
    listing = {"2026/a.csv": "a", "b.csv": "b"}
    folder = lineage_project.cache_folder(listing)
    record(lineage_project, entry("images", folder))
    lineage_project.tag("delay@v0.0.1", lineage_project.repo.commit("folder"))
    assert lineage.used(md5("a")) == [("v0.0.1", "input")]
    assert lineage.used("images/2026/a.csv", "--all") == [("v0.0.1", "input")]
    assert lineage.used("images", "--all") == [("v0.0.1", "input")]
    assert lineage.used(folder) == [("v0.0.1", "input")]
    assert lineage.used(md5("c")) == []
    lineage_project.repo.write("images.dvc", f"outs:\n- {{path: images, md5: {folder}, hash: md5}}\n")
    assert lineage.used("images/b.csv") == [("v0.0.1", "input")]
    cached = lineage_project.root / ".dvc/cache/files/md5" / folder[:2] / folder[2:]
    for content in (b"[]", b"{}", None):
        cached.unlink() if content is None else cached.write_bytes(content)
        answer = lineage(md5("a"), code=3)
        assert answer.out.startswith("No version is known to have used it\n")
        assert "the listing of the folder images" in answer.err
    assert "listing" in lineage("images/b.csv", code=3).err
    assert lineage("elsewhere.csv", "--all", code=3).err.startswith("error: elsewhere.csv: is recorded in no version")


def test_of_a_folder_a_step_may_read_a_part(lineage: Lineage, lineage_project: LineageProject) -> None:
    """train reads images/a.csv of the folder that prepare makes: b.csv went into no model."""
    folder = lineage_project.cache_folder({"a.csv": "a", "b.csv": "b"})
    lineage_project.repo.write(
        "dvc.lock",
        lock(
            {
                "prepare": stage("prepare", [entry("raw.csv", md5("raw"))], [entry("images", folder)]),
                "train": stage("train", [entry("images/a.csv", md5("a"))], [entry("model.bin", md5("model"))]),
            }
        ),
    )
    lineage_project.tag("delay@v0.0.1", lineage_project.repo.commit("part"))
    assert lineage.used(md5("a")) == lineage.used(md5("raw")) == lineage.used(folder) == [("v0.0.1", "input")]
    assert lineage.used(md5("b")) == []


def test_imports_name_the_version_that_they_are(lineage: Lineage, lineage_project: LineageProject) -> None:
    base = lineage_project.release("v0.0.1", "one")
    imported = md5("model of one 0")
    lineage_project.repo.write(
        "base.bin.dvc",
        f"frozen: true\ndeps:\n- path: model.bin\n  repo: {{url: 'https://bot:secret@git.example/a', "
        f"rev: delay@v0.0.1, rev_lock: {base}}}\nouts:\n- {{path: base.bin, md5: {imported}, hash: md5}}\n",
    )
    lineage_project.repo.write(
        "web.csv.dvc",
        "deps:\n- {path: 'https://data.example/web.csv', etag: '\"abc\"'}\n"
        f"outs:\n- {{path: web.csv, md5: {md5('web')}, hash: md5}}\n",
    )
    record(lineage_project, entry("base.bin", imported), entry("web.csv", md5("web")))
    lineage_project.tag("delay@v0.0.2", lineage_project.repo.commit("imports"))
    answer = lineage("delay@v0.0.2", "--json")
    assert "secret" not in answer.out + lineage("delay@v0.0.2", "--mermaid").out
    nodes = {node["label"]: node for node in answer.json["nodes"]}
    assert nodes["base.bin"]["versions"] == ["delay@v0.0.1"]
    from_registry = nodes["https://git.example/a model.bin"]
    assert (from_registry["version"], from_registry["digest"]) == ("delay@v0.0.1", base)
    assert nodes["https://data.example/web.csv"]["digest"] == '"abc"'
    assert "is delay@v0.0.1" in lineage("delay@v0.0.2").out
    assert lineage.used(imported) == [("v0.0.2", "input"), ("v0.0.1", "model")]


def test_a_folder_of_a_monorepo(lineage: Lineage, lineage_project: LineageProject) -> None:
    lineage_project.repo.write(
        "a/dvc.yaml", "stages: {train: {cmd: t, wdir: sub}}\nartifacts: {m: {path: sub/m.bin}}\n"
    )
    lineage_project.repo.write(
        "a/dvc.lock",
        lock({"train": stage("t", [entry("../x.csv", md5("x"))], [entry("m.bin", md5("m"))], {"k": 1})}),
    )
    lineage_project.release("v0.0.1", "one")
    lineage_project.tag("a=m@v0.0.1")
    told = lineage("a:m", "--json").json
    labels = {(node["kind"], node["label"]) for node in told["nodes"]}
    assert labels >= {("data", "a/sub/m.bin"), ("data", "a/x.csv"), ("step", "a/dvc.yaml:train")}
    assert told["gaps"] == []
    assert lineage(md5("x"), "--json").json["uses"][0]["artifact"] == "a:m"
    assert lineage.used("a/x.csv", "--all") == [("v0.0.1", "input")]
    below = lineage._cli("lineage", "x.csv", "--all", "--json", folder=lineage_project.root / "a")
    assert below.json["query"]["path"] == "a/x.csv"
    assert below.code == 0


def test_commits(lineage: Lineage, lineage_project: LineageProject) -> None:
    first = lineage_project.release("v0.0.1", "one", 1, "production")
    lineage_project.repo.git("branch", "side")
    lineage_project.release("v0.0.2", "two", 1)
    assert lineage.used(first) == [("v0.0.2", "history"), ("v0.0.1", "commit")]
    assert lineage.used("HEAD") == [("v0.0.2", "commit")]
    assert lineage.used("side", "--live") == [("v0.0.1", "commit")]
    assert lineage.used(first[:12], "--live") == [("v0.0.1", "commit")]


def test_what_cannot_be_told_is_said_and_the_rest_answered(lineage: Lineage, lineage_project: LineageProject) -> None:
    lineage_project.release("v0.0.1", "one")
    lineage_project.release("v0.0.2", "one", 1)
    lineage_project.repo.write("dvc.lock", "schema: '2.0'\nstages: {train: [\n")
    lineage_project.tag("delay@v0.0.3", lineage_project.repo.commit("corrupt"))
    (lineage_project.root / "dvc.lock").unlink()
    lineage_project.tag("delay@v0.0.4", lineage_project.repo.commit("absent"))
    lineage_project.pipeline("one", 2)
    lineage_project.tag("delay@v0.0.5", lineage_project.repo.commit("another"), f"x\n\nModel-MD5: {'0' * 32}\n")
    answer = lineage(md5("one"), code=3)
    assert [line.split()[0] for line in answer.out.splitlines()[1:4]] == [
        "delay@v0.0.5",
        "delay@v0.0.2",
        "delay@v0.0.1",
    ]
    assert [line.split(":")[:2] for line in answer.err.splitlines()] == [
        ["missing", f" delay@v0.0.{number}"] for number in (5, 4, 3, 3)
    ]
    assert "dvc.lock:3:1: not YAML" in answer.err
    told = lineage("delay@v0.0.4", "--json", code=3)
    assert told.json["gaps"] == ["dvc.lock does not record model.bin"]
    assert lineage("delay@v0.0.2").err == ""
    lineage_project.repo.write("train.py", "print('changed after dvc repro')\n")
    lineage_project.pipeline("two")
    lineage_project.tag("delay@v0.0.6", lineage_project.repo.commit("out of step"))
    assert "train.py: the commit holds another content" in lineage("delay", code=3).err


def test_no_clone_that_lacks_something_is_asked(
    cli: Cli, lineage_project: LineageProject, tmp_path: Path, lineage: Lineage
) -> None:
    lineage_project.release("v0.0.1", "one")
    lineage_project.repo.commit("later")
    clone = tmp_path / "shallow"
    lineage_project.repo.git("clone", "--quiet", "--depth", "1", lineage_project.root.as_uri(), str(clone))
    for words in (["lineage", "delay"], ["lineage", md5("one")], ["diff", "delay"]):
        answer = cli(*words, folder=clone)
        assert (answer.code, answer.out, answer.err.count("\n")) == (3, "", 1), words
    for words, code in (
        (["nothing"], 3),
        (["delay@v9.9.9"], 3),
        (["delay", "--live"], 2),
        (["delay", "--json", "--mermaid"], 2),
        (["a\0b"], 2),
        (["../outside"], 3),
        ([""], 3),
        (["-x"], 2),
    ):
        answer = lineage(*words, code=code)
        assert (answer.out, answer.err.count("\n")) == ("", 1), words


def test_hostile_names(lineage: Lineage, lineage_project: LineageProject) -> None:
    evil = 'a"];click n0 "javascript:alert(1)"%%{init}<img src=x>`|\u202e.csv'
    lineage_project.repo.write("dvc.yaml", "artifacts:\n  delay: {path: model.bin, type: model}\n")
    record(lineage_project, entry(evil, md5("evil")), command="\x1b[31m; rm -rf /\n")
    lineage_project.tag("delay@v0.0.1", lineage_project.repo.commit("evil"))
    drawn = lineage("delay", "--mermaid").out
    for line in drawn.splitlines():
        assert re.fullmatch(
            r'flowchart LR|    n\d+\W{1,2}"[^"`<>%|;\\{}\[\]()]*"\W{1,2}|    n\d+ -->\|"[\w ]+"\| n\d+', plain(line)
        )
    for answer in (lineage("delay"), lineage(md5("evil"))):
        assert "\x1b" not in answer.out
        assert "\u202e" not in answer.out
    assert lineage(md5("evil"), "--json").json["uses"][0]["path"] == evil


def plain(line: str) -> str:
    """A line without our own line breaks and entity codes."""
    return re.sub(r"<br/>|#\d+;", "", line)


def record(project: LineageProject, *deps: dict[str, object], command: str = "train") -> None:
    project.repo.write("dvc.lock", lock({"train": stage(command, deps, [entry("model.bin", md5("made"))])}))


def test_a_pipeline_as_openlineage(lineage: Lineage, lineage_project: LineageProject) -> None:
    lineage_project.release("v0.0.1", "one", 1)
    lineage_project.release("v0.0.2", "one", 2)
    first, second = (
        [json.loads(line) for line in lineage(f"delay@v0.0.{number}", "--openlineage").out.splitlines()]
        for number in (1, 2)
    )
    ends = {event["job"]["name"]: event for event in first if event["eventType"] == "COMPLETE"}
    assert list(ends) == ["delay.version", "train", "prepare"]
    assert [(each["namespace"], each["name"]) for each in ends["train"]["inputs"]] == [
        ("dvc", "train.csv"),
        ("git", "train.py"),
    ]
    made = ends["prepare"]["outputs"][0]
    assert made["facets"]["version"]["datasetVersion"] == f"md5:{md5('train of one')}"
    assert ends["delay.version"]["outputs"][0]["name"] == "delay"
    runs = [{event["job"]["name"]: event["run"]["runId"] for event in events} for events in (first, second)]
    assert [name for name in runs[0] if runs[0][name] == runs[1][name]] == ["prepare"]
    assert len(first) == 6
    lineage("HEAD", "--openlineage", code=2)


def test_any_number_of_versions_costs_the_same_processes(
    lineage: Lineage, lineage_project: LineageProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def processes() -> list[str]:
        trace = tmp_path / "trace"
        trace.unlink(missing_ok=True)
        monkeypatch.setenv("GIT_TRACE", str(trace))
        lineage(md5("one"))
        monkeypatch.delenv("GIT_TRACE")
        return sorted(re.findall(r"trace: built-in: git ([\w-]+)", trace.read_text()))

    lineage_project.release("v0.0.1", "one")
    of_one = processes()
    for number in range(2, 8):
        lineage_project.release(f"v0.0.{number}", "one", number)
    assert processes() == of_one
    assert of_one.count("cat-file") == 1  # the commits'; there is no ledger
