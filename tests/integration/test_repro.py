"""`repro` on a real pipeline with a real remote: what it pulls, runs, skips and pushes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gitops_mlops.domain.pipeline.run import PipelineRunReport, parse_repro
from tests.conftest import Cli, Repo
from tests.integration import training_project

pytestmark = pytest.mark.usefixtures("preloaded")

CHAIN = ["train", "sub/dvc.yaml:score"]
OUTPUTS = [
    "clean.txt",
    "model.bin",
    "metrics.json",
    "each_a.txt",
    "each_b.txt",
    "sub/score.bin",
    "sub/parts",
    "sub/count.txt",
]


def kept(project: Repo) -> PipelineRunReport:
    return parse_repro((project.root / ".gitops-mlops/repro.json").read_bytes())


def ran(document: PipelineRunReport) -> dict[str, str]:
    return {run.name: run.outcome for run in document.stages}


def test_nothing_changed_and_dvc_is_not_started(
    training_clone: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitops_mlops.adapters.dvc.pipeline._WORKER", Path("there-is-none"))
    answer = cli("repro", "--push", "--allow-missing", "--json", folder=training_clone.root)
    assert answer.code == 0, answer.err
    assert (answer.json["outcome"], answer.json["stages"], answer.json["lock_files"]) == ("unchanged", [], [])
    assert len(answer.json["skipped"]) == 7
    assert kept(training_clone).skipped == answer.json["skipped"]
    assert not (training_clone.root / "clean.txt").exists()


def outputs(root: Path) -> dict[str, bytes]:
    found = (one for name in OUTPUTS for one in [root / name, *(root / name).glob("*")])
    return {str(one.relative_to(root)): one.read_bytes() for one in found if one.is_file()}


def test_outputs_of_unchanged_stages_are_here_afterwards(
    training_clone: Repo, training_origin: Repo, cli: Cli
) -> None:
    answer = cli("repro", "--json", folder=training_clone.root)
    assert answer.code == 0, answer.err
    assert (answer.json["outcome"], answer.json["stages"], answer.json["lock_files"]) == ("unchanged", [], [])
    assert outputs(training_clone.root) == outputs(training_origin.root)
    pulled = [content for path, content in outputs(training_origin.root).items() if path != "metrics.json"]
    # With the list of the folder's files; the two `parts/one` are one file.
    assert answer.json["pulled"]["files"] == len(set(pulled)) + 1
    # What was added is no output of a stage.
    assert not (training_clone.root / "raw.csv").exists()
    assert training_clone.git("status", "--short") == ""
    again = cli("repro", "--json", folder=training_clone.root)
    assert (again.code, again.json["outcome"], again.json["pulled"]) == (0, "unchanged", {"files": 0, "bytes": 0})


def test_outputs_beside_what_ran_and_of_named_stages_only(
    training_clone: Repo, training_origin: Repo, cli: Cli
) -> None:
    training_clone.write("each.py", "another\n")
    assert cli("repro", "sub/dvc.yaml:score", folder=training_clone.root).code == 0
    assert (kept(training_clone).stages, kept(training_clone).skipped) == (
        [],
        ["clean", "train", "sub/dvc.yaml:score"],
    )
    assert (training_clone.root / "sub/score.bin").exists()
    assert not (training_clone.root / "sub/count.txt").exists()
    assert not (training_clone.root / "each_a.txt").exists()
    assert cli("repro", folder=training_clone.root).code == 0
    assert ran(kept(training_clone)) == dict.fromkeys(["each@a", "each@b"], "ran")
    assert outputs(training_clone.root) == outputs(training_origin.root)


def test_an_output_that_no_remote_keeps_is_made_again(training_clone: Repo, training_origin: Repo, cli: Cli) -> None:
    (training_clone.root / "metrics.json").unlink()
    assert cli("repro", "--allow-missing", folder=training_clone.root).code == 0
    assert kept(training_clone).stages == []
    assert cli("repro", folder=training_clone.root).code == 0
    assert ran(kept(training_clone)) == {"train": "ran"}
    assert outputs(training_clone.root) == outputs(training_origin.root)
    assert training_clone.git("status", "--short") == ""


@pytest.mark.parametrize("lost", ["clean.txt", "sub/parts", "sub/parts/two"])
def test_outputs_that_the_remote_lacks_are_named_and_none_is_written(
    training_clone: Repo, training_origin: Repo, cli: Cli, lost: str
) -> None:
    found = training_origin.root / lost
    if found.is_dir():
        md5 = re.findall(r"md5: (\w+\.dir)", (training_origin.root / "sub/dvc.lock").read_text())[0]
    else:
        md5 = hashlib.md5(found.read_bytes()).hexdigest()
    (training_clone.root.parent / f"storage/files/md5/{md5[:2]}/{md5[2:]}").unlink()
    answer = cli("repro", folder=training_clone.root)
    assert answer.code == 3, answer.err
    name = "sub/parts" if lost.startswith("sub") else lost
    assert f"{name} could not be pulled" in answer.err.splitlines()[-1]
    assert set(outputs(training_clone.root)) == {"metrics.json"}
    assert training_clone.git("status", "--short") == ""
    assert cli("repro", "--allow-missing", folder=training_clone.root).code == 0


@pytest.mark.parametrize("changed", [False, True])
def test_a_remote_that_does_not_answer_is_an_outside_failure(training_clone: Repo, cli: Cli, changed: bool) -> None:
    # Port 9 of this machine: nobody listens there.
    training_clone.run("dvc", "remote", "modify", "--local", "storage", "url", "http://127.0.0.1:9/nothing")
    if changed:
        training_clone.write("train.py", "another\n")
    for words in (("repro",), ("lock", "check", "--remote")):
        if changed and words[0] == "lock":
            continue
        answer = cli(*words, folder=training_clone.root)
        assert (answer.code, "Traceback" in answer.err) == (4, False), answer.err
        assert "→" in answer.err.splitlines()[-1]
    assert set(outputs(training_clone.root)) == {"metrics.json"}


def test_only_what_changed_runs_and_only_what_it_needs_is_pulled(training_clone: Repo, cli: Cli) -> None:
    training_clone.write("train.py", "another\n")
    answer = cli("repro", "--push", "--allow-missing", "--json", folder=training_clone.root)
    assert answer.code == 0, answer.err
    document = kept(training_clone)
    assert ran(document) == dict.fromkeys(CHAIN, "ran")
    assert sorted(document.skipped) == ["clean", "each@a", "each@b", "sub/dvc.yaml:count", "sub/dvc.yaml:folder"]
    # What the changed stage reads, and not what that was made of.
    size = len("some data\n")
    assert (document.pulled.files, document.pulled.bytes) == (1, size)
    assert (training_clone.root / "clean.txt").exists()
    assert not (training_clone.root / "raw.csv").exists()
    assert not (training_clone.root / "each_a.txt").exists()
    assert document.lock_files == ["dvc.lock", "metrics.json", "sub/dvc.lock"]
    # The metrics too, for the run cache.
    new = [(training_clone.root / name).stat().st_size for name in ("model.bin", "sub/score.bin", "metrics.json")]
    assert (document.pushed.files, document.pushed.bytes) == (3, sum(new))
    assert "trained\n" in answer.err
    for name in document.lock_files:
        assert (training_clone.root / ".gitops-mlops/lock" / name).read_bytes() == (
            training_clone.root / name
        ).read_bytes()
    assert cli("lock", "check", "--remote", folder=training_clone.root).code == 0
    assert training_clone.run("dvc", "status", "--quiet", *CHAIN) == ""


def test_a_stage_whose_output_did_not_change_runs_none_behind_it(training_clone: Repo, cli: Cli) -> None:
    training_clone.write("raw.csv", "SOME data\n")
    training_clone.run("dvc", "add", "--quiet", "raw.csv")
    assert cli("repro", folder=training_clone.root).code == 0
    document = kept(training_clone)
    assert ran(document) == {"clean": "ran"}
    assert "train" in document.skipped
    assert document.lock_files == ["dvc.lock"]


def test_data_that_was_changed_by_hand(training_clone: Repo, cli: Cli) -> None:
    training_clone.run("dvc", "pull", "--quiet")
    assert cli("repro", folder=training_clone.root).code == 0
    assert (kept(training_clone).outcome, kept(training_clone).stages) == ("unchanged", [])
    (training_clone.root / "raw.csv").unlink()
    training_clone.write("raw.csv", "other data\n")
    (training_clone.root / "each_b.txt").unlink()
    training_clone.write("each_b.txt", "by hand\n")
    assert cli("repro", folder=training_clone.root).code == 0
    assert ran(kept(training_clone)) == {
        "clean": "ran",
        "train": "ran",
        "sub/dvc.yaml:score": "ran",
        "each@b": "cached",
    }
    assert training_clone.run("dvc", "status", "--quiet") == ""


def test_what_was_imported_is_neither_fetched_anew_nor_run(training_clone: Repo, cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "source.txt"
    source.write_text("imported\n")
    training_clone.run("dvc", "import-url", "--quiet", str(source), "imported.txt")
    text = (training_clone.root / "sub/dvc.yaml").read_text()
    extra = "  uses:\n    cmd: cp ../imported.txt used.txt\n    deps: [../imported.txt]\n    outs: [used.txt]\n"
    training_clone.write("sub/dvc.yaml", text + extra)
    training_clone.run("dvc", "push", "--quiet", "imported.txt.dvc")
    (training_clone.root / "imported.txt").unlink()
    shutil.rmtree(training_clone.root / ".dvc/cache")
    source.write_text("changed since\n")
    assert cli("repro", folder=training_clone.root).code == 0
    assert ran(kept(training_clone)) == {"sub/dvc.yaml:uses": "ran"}
    assert (training_clone.root / "sub/used.txt").read_text() == "imported\n"


def test_nothing_runs_twice_where_the_run_cache_is_shared(
    training_clone: Repo, training_origin: Repo, cli: Cli, tmp_path: Path
) -> None:
    training_clone.write("train.py", "another\n")
    assert cli("repro", "--push", folder=training_clone.root).code == 0
    other = training_project.clone(training_origin, tmp_path / "other")
    other.run("dvc", "remote", "modify", "--local", "storage", "url", str(tmp_path / "storage"))
    other.write("train.py", "another\n")
    answer = cli("repro", folder=other.root)
    assert (answer.code, ran(kept(other))) == (0, dict.fromkeys(CHAIN, "cached")), answer.err
    assert (other.root / "dvc.lock").read_bytes() == (training_clone.root / "dvc.lock").read_bytes()
    assert "2 from the run cache" in answer.out
    other.git("checkout", "--quiet", "dvc.lock", "sub/dvc.lock", "metrics.json")
    assert cli("repro", "--no-run-cache", folder=other.root).code == 0
    assert ran(kept(other)) == dict.fromkeys(CHAIN, "ran")


def test_a_forged_entry_of_the_run_cache_is_taken_only_where_it_is_believed(
    training_clone: Repo, training_origin: Repo, cli: Cli, tmp_path: Path
) -> None:
    """Threat 16: whoever may write to the remote says what came of a stage; running it again tells."""
    training_clone.write("train.py", "another\n")
    assert cli("repro", "--push", folder=training_clone.root).code == 0
    honest, poison = (training_clone.root / "model.bin").read_bytes(), b"poison\n"
    old, new = (hashlib.md5(content).hexdigest() for content in (honest, poison))
    forged = [one for one in (tmp_path / "storage/runs").rglob("*") if one.is_file()]
    forged = [one for one in forged if old in one.read_text()]
    for entry in forged:
        entry.chmod(0o644)
        text = entry.read_text().replace(old, new)
        entry.write_text(text.replace(f"size: {len(honest)}", f"size: {len(poison)}"))
    place = tmp_path / f"storage/files/md5/{new[:2]}/{new[2:]}"
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(poison)
    other = training_project.clone(training_origin, tmp_path / "other")
    other.run("dvc", "remote", "modify", "--local", "storage", "url", str(tmp_path / "storage"))
    other.write("train.py", "another\n")
    assert cli("repro", folder=other.root).code == 0
    assert (other.root / "model.bin").read_bytes() == poison
    other.commit("what the cache said")
    answer = cli("repro", "--rerun", "--json", folder=other.root)
    assert answer.code == 1
    assert ("train", "model.bin") in [(one["stage"], one["path"]) for one in answer.json["differences"]]
    other.git("reset", "--quiet", "--hard", "HEAD^")
    other.write("train.py", "another\n")
    assert cli("repro", "--no-run-cache", folder=other.root).code == 0
    assert (other.root / "model.bin").read_bytes() == honest


def test_named_stages_and_what_they_need(training_clone: Repo, cli: Cli) -> None:
    training_clone.write("train.py", "another\n")
    training_clone.write("each.py", "another\n")
    assert cli("repro", "each@b", folder=training_clone.root).code == 0
    assert ran(kept(training_clone)) == {"each@b": "ran"}
    unknown = cli("repro", "nothing", folder=training_clone.root)
    assert (unknown.code, "nothing" in unknown.err) == (2, True)


def test_a_stage_that_fails_is_a_verdict_with_the_end_of_what_it_said(
    training_clone: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "very-secret")
    text = (training_clone.root / "sub/dvc.yaml").read_text()
    failing = "for i in $(seq 30); do echo line $i; done; echo $SOME_TOKEN; exit 7; mkdir"
    training_clone.write("sub/dvc.yaml", text.replace("mkdir", failing))
    training_clone.write("train.py", "another\n")
    answer = cli("repro", "--push", "--json", folder=training_clone.root)
    assert answer.code == 1, answer.err
    document = kept(training_clone)
    assert document.outcome == "failed"
    assert ran(document)["sub/dvc.yaml:folder"] == "failed"
    assert document.reason.startswith("stage 'sub/dvc.yaml:folder' failed")
    assert "line 30" in document.log_tail
    assert len(document.log_tail) == 20
    assert "line 1\n" in answer.err
    assert "***" in document.log_tail
    assert "very-secret" not in (training_clone.root / ".gitops-mlops/repro.json").read_text()
    # What ran before it need not run again.
    assert ran(document)["train"] == "ran"
    assert document.pushed.files > 0


@pytest.mark.parametrize("mend", ["cmd: 'true'", "cmd: cat not-there > clean.txt"])
def test_a_stage_that_does_not_write_its_output(training_clone: Repo, cli: Cli, mend: str) -> None:
    training_clone.write("dvc.yaml", training_project.PIPELINE.replace("cmd: tr a-z A-Z < raw.csv > clean.txt", mend))
    answer = cli("repro", folder=training_clone.root)
    assert (answer.code, answer.out.splitlines()[-1].startswith("stage 'clean' failed")) == (1, True), answer.err


def test_a_dependency_that_nobody_has(training_clone: Repo, cli: Cli) -> None:
    training_clone.write(
        "dvc.yaml", training_project.PIPELINE.replace("[clean.txt, train.py]", "[clean.txt, gone.py]")
    )
    answer = cli("repro", folder=training_clone.root)
    assert (answer.code, "gone.py" in answer.out) == (1, True), answer.err


def test_a_source_that_was_deleted(training_clone: Repo, cli: Cli) -> None:
    (training_clone.root / "train.py").unlink()
    answer = cli("repro", folder=training_clone.root)
    assert (answer.code, "train.py" in answer.out, kept(training_clone).outcome) == (1, True, "failed"), answer.err


def test_data_that_nobody_pushed_is_missing_evidence(training_clone: Repo, cli: Cli) -> None:
    shutil.rmtree(training_clone.root.parent / "storage")
    training_clone.write("train.py", "another\n")
    answer = cli("repro", folder=training_clone.root)
    assert answer.code == 3
    assert "clean.txt could not be pulled" in answer.err.splitlines()[-1]
    assert (kept(training_clone).outcome, kept(training_clone).stages) == ("failed", [])


def test_persistent_and_frozen_stages_get_their_old_outputs(training_clone: Repo, cli: Cli) -> None:
    text = (training_clone.root / "sub/dvc.yaml").read_text()
    kept_out = text.replace("cmd: ls parts > count.txt", "cmd: ls parts >> count.txt")
    training_clone.write(
        "sub/dvc.yaml", kept_out.replace("outs: [count.txt]", "outs: [{count.txt: {persist: true}}]")
    )
    assert cli("repro", "sub/dvc.yaml:count", folder=training_clone.root).code == 0
    assert (training_clone.root / "sub/count.txt").read_text() == "one\ntwo\n" * 2
    document = kept(training_clone)
    assert ran(document) == {"sub/dvc.yaml:count": "ran"}
    # The folder's listing and its two files, and the old count.
    assert document.pulled.files == 4
    training_clone.write(
        "sub/dvc.yaml", text.replace("cmd: cat ../model.bin", "frozen: true\n    cmd: cat -u ../model.bin")
    )
    assert cli("repro", "sub/dvc.yaml:score", folder=training_clone.root).code == 0
    assert (training_clone.root / "sub/score.bin").exists()


def test_a_stage_that_always_runs(training_clone: Repo, cli: Cli) -> None:
    text = (training_clone.root / "sub/dvc.yaml").read_text()
    training_clone.write("sub/dvc.yaml", f"{text}  always:\n    cmd: echo always\n    always_changed: true\n")
    assert cli("repro", folder=training_clone.root).code == 0
    assert cli("repro", folder=training_clone.root).code == 0
    assert ran(kept(training_clone)) == {"sub/dvc.yaml:always": "ran"}


def test_running_again_gives_the_same(training_clone: Repo, cli: Cli) -> None:
    training_clone.run(
        "dvc", "remote", "modify", "--local", "storage", "url", str(training_clone.root.parent / "storage")
    )
    answer = cli("repro", "--rerun", folder=training_clone.root)
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[-1].startswith("reproducible: 7 stages ran again, every output came out the same")
    assert kept(training_clone).outcome == "reproduced"
    # The clone itself is as it was.
    assert training_clone.git("status", "--short") == ""
    assert not (training_clone.root / "model.bin").exists()


def test_running_again_names_what_came_out_otherwise(training_clone: Repo, cli: Cli, tmp_path: Path) -> None:
    count = tmp_path / "count"
    pipeline = training_project.PIPELINE.replace(
        "cat clean.txt train.py", f"echo x >> {count}; cat clean.txt {count}"
    )
    training_clone.write("dvc.yaml", pipeline)
    assert cli("repro", folder=training_clone.root).code == 0
    training_clone.commit("it counts how often it ran")
    answer = cli("repro", "--rerun", "--json", folder=training_clone.root)
    assert answer.code == 1
    found = [(one["stage"], one["path"]) for one in answer.json["differences"]]
    assert found == [("train", "metrics.json"), ("train", "model.bin"), ("sub/dvc.yaml:score", "sub/score.bin")]


def test_what_is_not_in_step_cannot_be_reproduced(training_clone: Repo, cli: Cli) -> None:
    training_clone.commit("changed", **{"train.py": "changed\n"})
    answer = cli("repro", "--rerun", folder=training_clone.root)
    assert (answer.code, "train.py" in answer.err) == (2, True)
    together = cli("repro", "--rerun", "--push", folder=training_clone.root)
    assert (together.code, together.err.count("\n")) == (2, 1)


@pytest.mark.parametrize("training", ["author", "ci"])
def test_one_command_whatever_the_key_says(training_clone: Repo, cli: Cli, training: str) -> None:
    training_clone.write("mlops.yaml", f"version: 1\ntraining: {training}\n")
    training_clone.write("train.py", "another\n")
    answer = cli("repro", "--ci", "--push", folder=training_clone.root)
    if training == "author":
        assert (answer.code, "run: dvc repro" in answer.out) == (1, True)
        assert not (training_clone.root / "model.bin").exists()
    else:
        assert (answer.code, (training_clone.root / "model.bin").exists()) == (0, True), answer.err


def test_a_pipeline_that_cannot_be_read(training_clone: Repo, cli: Cli) -> None:
    training_clone.write("dvc.yaml", "stages: [")
    answer = cli("repro", folder=training_clone.root)
    assert (answer.code, answer.err.startswith("error: dvc.yaml:"), answer.err.count("\n")) == (2, True, 1)


def test_ended_from_outside_nothing_is_left_running(training_clone: Repo, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    pipeline = training_project.PIPELINE.replace(
        "cat clean.txt train.py", f"echo $$ > {mark}; echo begun; sleep 600; cat x"
    )
    training_clone.write("dvc.yaml", pipeline)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    words = [sys.executable, "-m", "gitops_mlops", "-C", str(training_clone.root), "repro", "train"]
    process: Any
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if line == "begun\n":
                break
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait() == 130
    state = subprocess.run(["ps", "-o", "stat=", "-p", mark.read_text().strip()], capture_output=True, check=False)
    # Where nobody collects orphans, a process that ended stays as a zombie.
    assert state.stdout.decode().strip()[:1] in ("", "Z")
    again = subprocess.run(["dvc", "status", "--quiet"], cwd=training_clone.root, capture_output=True, check=False)
    assert b"lock" not in again.stderr


def test_what_dvc_itself_cannot_do_is_one_line_and_kept(
    training_clone: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    training_clone.write("train.py", "another\n")
    shutil.move(training_clone.root / ".dvc", training_clone.root.parent / "moved")
    without = cli("repro", folder=training_clone.root)
    assert (without.code, without.err.count("\n")) == (4, 1), without.err
    assert (kept(training_clone).outcome, kept(training_clone).reason != "") == ("failed", True)
    monkeypatch.setattr("gitops_mlops.adapters.dvc.pipeline.find_spec", lambda _: None)
    assert cli("repro", folder=training_clone.root).code == 3
    monkeypatch.undo()
    monkeypatch.setattr(
        "gitops_mlops.adapters.dvc.pipeline._WORKER", training_clone.write("worker.py", "print('odd')")
    )
    odd = cli("repro", folder=training_clone.root)
    assert (odd.code, "ended before the pipeline did (odd)" in odd.err) == (4, True)


def test_what_stages_print_cannot_command_a_terminal(training_clone: Repo, cli: Cli) -> None:
    training_clone.write("dvc.yaml", training_project.PIPELINE.replace("echo trained", "printf '\\033[2Jx\\n'"))
    answer = cli("repro", "train", folder=training_clone.root)
    assert (answer.code, "\x1b" in answer.err) == (0, False)
    assert json.loads((training_clone.root / ".gitops-mlops/repro.json").read_text())["outcome"] == "ran"
