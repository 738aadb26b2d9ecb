"""`show` on a registry of N tags, beside the one git process that it needs and beside `gto show`.

Run it as `python benchmarks/registry.py [N ...]`; GTO is left out above 10,000 tags, where it takes minutes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from gitops_mlops.adapters.git.tags import TAG_FIELDS
from gitops_mlops.domain.registry.evidence import write_message

SIZES = (1_500, 10_000, 100_000)
GTO_LIMIT = 10_000
COMMITS = 200
VERSIONS_A_MODEL = 25
START = 1_700_000_000
MESSAGE = write_message(
    "Register",
    [
        ("Model-SHA256", "a" * 64),
        ("Model-MD5", "b" * 32),
        ("Verdict", "pass"),
        ("Metric", "log_loss=0.398 [0.39, 0.406] champion=0.412"),
        ("Metric", "roc_auc=0.7 [0.69, 0.71] champion=0.69"),
        ("Report-SHA256", "c" * 64),
    ],
)


def history(tags: int) -> Iterator[str]:
    """A fast-import stream: models with 25 versions, each assigned to staging and production."""
    for number in range(1, COMMITS + 1):
        parent = f"from :{number - 1}\n" if number > 1 else ""
        head = f"commit refs/heads/main\nmark :{number}\ncommitter A <a@b> {START + number} +0000\n"
        yield f"{head}data 1\nx\n{parent}\n"
    per_model = 3 * VERSIONS_A_MODEL
    for index in range(tags):
        model, step = divmod(index, per_model)
        version, kind = divmod(step, 3)
        name = (f"@v0.{version}.0", f"#staging#{step}", f"#production#{step}")[kind]
        commit = (7 * model + version) % COMMITS + 1
        yield (
            f"tag model{model:04d}{name}\nfrom :{commit}\ntagger A <a@b> {START + 1000 + index} +0000\n"
            f"data {len(MESSAGE)}\n{MESSAGE}\n"
        )


def make(folder: Path, tags: int) -> Path:
    root = folder / f"r{tags}"
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    stream = "".join(history(tags)).encode()
    subprocess.run(["git", "fast-import", "--quiet"], cwd=root, input=stream, check=True)
    subprocess.run(["git", "pack-refs", "--all"], cwd=root, check=True)
    return root


def seconds(command: list[str], folder: Path, runs: int) -> float:
    """The best of several runs: what the machine can do, without what else it did meanwhile."""
    best = float("inf")
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        best = min(best, time.perf_counter() - started)
    return best


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    form = "".join(f"%({field})%00" for field in TAG_FIELDS)
    print(f"{'tags':>8} {'python':>8} {'git':>8} {'show':>8} {'of both':>8} {'gto show':>9} {'faster':>7}")
    with tempfile.TemporaryDirectory() as scratch:
        for size in sizes:
            root = make(Path(scratch), size)
            python = seconds([sys.executable, "-c", "pass"], root, 5)
            git = seconds(["git", "for-each-ref", f"--format={form}", "refs/tags"], root, 5)
            show = seconds([sys.executable, "-m", "gitops_mlops", "show"], root, 5)
            line = f"{size:8} {python:8.3f} {git:8.3f} {show:8.3f} {show / (python + git):7.2f}×"
            if size <= GTO_LIMIT:
                gto = seconds([str(Path(sys.executable).with_name("gto")), "show"], root, 1)
                line += f" {gto:9.2f} {gto / show:6.0f}×"
            print(line, flush=True)


if __name__ == "__main__":
    main()
