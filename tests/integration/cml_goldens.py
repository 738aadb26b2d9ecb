"""What `migrate` makes of the workflows in `cml/`; run as a program, it writes that down anew."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

CASES = sorted(folder for folder in (Path(__file__).parent / "cml").iterdir() if folder.is_dir())
TOOLKIT = f"OWNER/gitops-mlops@{'a' * 40}"
WORKFLOW = ".github/workflows/cml.yml"


def write() -> None:
    """Write `after.yml` and `said.txt` of every case."""
    for case in CASES:
        with tempfile.TemporaryDirectory() as name:
            workflow = Path(name) / WORKFLOW
            workflow.parent.mkdir(parents=True)
            workflow.write_bytes((case / "before.yml").read_bytes())
            subprocess.run(["git", "init", "--quiet", "--initial-branch=main", name], check=True)
            command = [sys.executable, "-m", "gitops_mlops", "-C", name, "migrate", "--toolkit", TOOLKIT, "--write"]
            said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
            (case / "after.yml").write_bytes(workflow.read_bytes())
            (case / "said.txt").write_text(said, "utf-8")


if __name__ == "__main__":
    write()
