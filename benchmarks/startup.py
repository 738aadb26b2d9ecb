"""What people wait for before anything happens: `--help`, a hook on one file, against a bare interpreter.

python -m benchmarks.startup [--runs 15]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = """\
version: 1
datasets:
  rows: {path: data/rows.csv}
models:
  delay:
    task: binary-classification
    evaluation: {dataset: rows, target: late}
    gates:
      - {metric: roc_auc, min: 0.6}
environments:
  production: {port: 8080}
"""
CONTRACT = "version: 1\ncolumns:\n  late: {type: bool}\n"
DVC = "artifacts:\n  delay: {path: delay.skops, type: model}\n"


def prepare(root: Path) -> None:
    """A small repository with a configuration, a contract and a registry of 20 tags."""
    for path, text in {"mlops.yaml": CONFIG, "contracts/rows.yaml": CONTRACT, "dvc.yaml": DVC}.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    (root / "data").mkdir()
    (root / "data/rows.csv").write_text("late\ntrue\n")
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "x"], check=True)
    for version in range(20):
        subprocess.run([*git, "tag", "-a", "-m", "x", f"delay@v0.0.{version}"], check=True)


def seconds(command: list[str], root: Path) -> float:
    """Wall time of one process."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    taken = time.perf_counter() - started
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()}")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
    ours = [sys.executable, "-m", "gitops_mlops"]
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "gitops-mlops --help": [*ours, "--help"],
        "hook contracts, one file": [*ours, "hook", "contracts", "--", "contracts/rows.yaml"],
        "hook config": [*ours, "hook", "config"],
        "gitops-mlops show": [*ours, "show"],
        "gto show": [sys.executable, "-m", "gto", "show"],
        "dvc --version": [sys.executable, "-m", "dvc", "--version"],
    }
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        prepare(root)
        times: dict[str, list[float]] = {name: [] for name in commands}
        # In turn, so that a slow moment of the machine falls on all of them.
        for turn in range(runs + 1):
            for name, command in commands.items():
                taken = seconds(command, root)
                if turn:
                    times[name].append(taken)
    bare = statistics.median(times["python -c pass"])
    print(f"{'median of ' + str(runs):<32} {'ms':>8} {'× bare':>8}")
    for name, taken_s in times.items():
        median = statistics.median(taken_s)
        print(f"{name:<32} {median * 1000:>8.1f} {median / bare:>8.2f}")


if __name__ == "__main__":
    main()
