"""The demo, as a person runs it: a process of its own, watched from outside."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[2]


def start(*words: str, scratch: Path) -> subprocess.Popen[str]:
    scratch.mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "gitops_mlops", "demo", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl-C goes to the whole group of a terminal; the group must not be the test runner's.
        start_new_session=True,
    )


def servers_below(folder: Path) -> list[psutil.Process]:
    """Our servers that read a bundle in a folder."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in word for word in process.info["cmdline"] or [])
        and "gitops_mlops.serving" in (process.info["cmdline"] or [])
    ]


@pytest.mark.usefixtures("preloaded_here")
def test_the_whole_loop(tmp_path: Path) -> None:
    running = start("--json", "--keep", "--folder", str(tmp_path / "kept"), scratch=tmp_path / "tmp")
    out, err = running.communicate()
    events = [json.loads(line) for line in out.splitlines()]
    assert running.returncode == 0, (err, events[-1])
    try:
        answers: dict[str, list[Any]] = {}
        for typed, answered in itertools.pairwise(events):
            if answered["event"] == "answered":
                answers.setdefault(typed["line"], []).append(answered)
        first, better, worse, merged = answers["gitops-mlops compare delay"]
        assert [each["code"] for each in (first, better, worse, merged)] == [0, 0, 1, 0]
        assert "better than" in better["output"]
        assert "worse than" in worse["output"]
        assert "v0.0.2" in answers["gitops-mlops status"][0]["output"]
        kept = tmp_path / "kept"
        assert {path.name for path in kept.glob("report-*")} == {
            f"report-{branch}.{suffix}" for branch in ("add-weather", "balance-classes") for suffix in ("md", "html")
        }
        assert len(servers_below(kept)) == 2
        status = command("status", folder=kept / "flights")
        assert status.returncode == 0, status.stdout + status.stderr
    finally:
        command("deploy", "staging", "production", "--stop", folder=tmp_path / "kept" / "flights")
    assert not servers_below(tmp_path)


def command(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gitops_mlops", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    running = start(scratch=tmp_path / "tmp")
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith("$ gitops-mlops deploy production"):
            break
    assert servers_below(tmp_path), "staging serves by now"
    if number is signal.SIGINT:
        os.killpg(running.pid, number)
    else:
        running.send_signal(number)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 130, out + err
    assert "Traceback" not in out + err
    assert not servers_below(tmp_path)
    assert not list((tmp_path / "tmp").glob("gitops-mlops-demo-*"))


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    running = start("--folder", str(tmp_path), scratch=tmp_path)
    _, err = running.communicate()
    assert running.returncode == 2
    assert "not an empty folder" in err
    assert (tmp_path / "mine").read_text() == "precious"
