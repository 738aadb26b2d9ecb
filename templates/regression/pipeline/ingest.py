"""Bring the source files in, and only those that `params.yaml` pins.

Replace this stage by where your data come from; without one, `dvc add` a file and let `prepare` read it.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path

import yaml

MEASUREMENTS = Path("data/raw/measurements.csv.gz")
OUTCOMES = Path("data/raw/outcomes.csv.gz")


def main() -> None:
    """Copy the files when their digests are the pinned ones."""
    pins = yaml.safe_load(Path("params.yaml").read_text("utf-8"))["ingest"]
    shipped = {
        MEASUREMENTS: verified("diabetes_data_raw.csv.gz", pins["measurements-sha256"]),
        OUTCOMES: verified("diabetes_target.csv.gz", pins["outcomes-sha256"]),
    }
    for path, content in shipped.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def verified(name: str, pin: str) -> bytes:
    """A file that scikit-learn ships, when it is the pinned one."""
    content = files("sklearn.datasets.data").joinpath(name).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != pin:
        raise SystemExit(f"scikit-learn ships {name} with SHA-256 {digest}: review it, then pin it in params.yaml")
    return content


if __name__ == "__main__":
    main()
