from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.integration.serving.running import ROOT, ROW, Running, environment


def start(*words: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gitops_mlops", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment(),
    )


def test_serve_becomes_the_server_and_reads_paths_from_the_named_folder(bundle: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # A stranger's folder must not lend the server its modules.
    (elsewhere / "starlette.py").write_text("raise SystemExit('stranger')")
    words = ["-C", str(tmp_path), "serve", "bundle", "--port", "0", "--log-dir", "log", "--json"]
    process = start(*words, "--", "--log-seconds", "1", folder=elsewhere)
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert (said["model"], said["version"]) == ("delay", "v1.2.3")
        running = Running(process, f"serving on {said['url']}")
        assert running.predict(ROW).status == 200
        assert running.stop(signal.SIGINT) == (130, "")
        assert len(list((tmp_path / "log" / "predictions").glob("*.parquet"))) == 1
    finally:
        process.kill()
        process.wait()


def test_what_the_server_refuses_is_the_commands_line_and_exit_code(tmp_path: Path) -> None:
    process = start("serve", "nothing", "--port", "0", folder=tmp_path)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, len(err.splitlines())) == (3, "", 1)
    assert "bundle.json: cannot be read (No such file or directory) → name the folder of a bundle" in err


def test_an_installation_without_the_extra_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('no', name='uvicorn')")
    done = subprocess.run(
        [sys.executable, "-m", "gitops_mlops.serving", "--bundle", "x"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    wanted = 'error: uvicorn is not installed → pip install "gitops-mlops[serve]"\n'
    assert (done.returncode, done.stderr) == (3, wanted)
