"""Every benchmark, one after the other: what users wait for, beside the tool they would use instead.

python benchmarks/bench.py [NAME ...]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    # The simulations measure error rates, in a quarter of an hour.
    others = ("bench", "hard_rows", "own_values", "simulation", "__init__")
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("*.py") if path.stem not in others)
    worst = 0
    for name in names:
        print(f"\n== {name}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, str(HERE / f"{name}.py")], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
