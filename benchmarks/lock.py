"""Is dvc.lock current? Asked of us and of DVC, in a clone that holds no data, on the same pipeline in turn.

python -m benchmarks.lock [--stages 30] [--runs 7]
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


def prepare(root: Path, stages: int) -> Path:
    """A chain of stages with a parameter and a source each, run and committed; a clone of it without data."""
    made = root / "made"
    made.mkdir()
    lines, params = ["stages:"], []
    for number in range(stages):
        (made / f"source{number}.py").write_text(f"# {number}\n" * 200)
        deps = [f"source{number}.py", *([f"out{number - 1}.txt"] if number else [])]
        lines += [f"  stage{number}:", f"    cmd: cat {' '.join(deps)} > out{number}.txt"]
        lines += [f"    deps: [{', '.join(deps)}]", f"    params: [p{number}]", f"    outs: [out{number}.txt]"]
        params.append(f"p{number}: {number}")
    (made / "dvc.yaml").write_text("\n".join(lines) + "\n")
    (made / "params.yaml").write_text("\n".join(params) + "\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (
        [*git, "init", "--quiet"],
        ["dvc", "init", "--quiet"],
        ["dvc", "repro", "--quiet"],
        [*git, "add", "--all"],
        [*git, "commit", "--quiet", "-m", "x"],
        ["git", "clone", "--quiet", str(made), str(root / "clone")],
    ):
        subprocess.run(words, cwd=made, check=True, capture_output=True)
    return root / "clone"


def seconds(command: list[str], root: Path, runs_nothing: str) -> float:
    """Wall time of one process; it must have said that nothing would run."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - started
    if done.returncode or runs_nothing not in done.stdout:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stages", type=int, default=30)
    parser.add_argument("--runs", type=int, default=7)
    asked = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ |= {"PYTHONPATH": str(Path(__file__).parents[1]), "DVC_NO_ANALYTICS": "1"}
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ours = [sys.executable, "-m", "gitops_mlops"]
    commands = {
        "gitops-mlops lock check": ([*ours, "lock", "check"], "in step"),
        "gitops-mlops repro": ([*ours, "repro"], "nothing changed"),
        "dvc repro --dry --allow-missing": (["dvc", "repro", "--dry", "--allow-missing"], "up to date"),
        # Without data it calls everything deleted: it answers another question, and no one that needs no data.
        "dvc status": (["dvc", "status"], ""),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        root = prepare(Path(folder), asked.stages)
        # In turn, so that a slow moment of the machine falls on all of them.
        for turn in range(asked.runs + 1):
            for name, (command, said) in commands.items():
                taken = seconds(command, root, said)
                if turn:
                    times[name].append(taken)
    print(f"{f'{asked.stages} stages, median of {asked.runs}':<36} {'ms':>8}")
    for name, found in times.items():
        print(f"{name:<36} {statistics.median(found) * 1000:>8.0f}")


if __name__ == "__main__":
    main()
