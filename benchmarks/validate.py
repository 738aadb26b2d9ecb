"""`gitops-mlops validate` beside what one would use instead, on the same eight checks of twelve columns.

    python benchmarks/validate.py                        # 10 million rows; ours and bare Polars
    python benchmarks/validate.py --rivals               # also pandera-pandas and Great Expectations
    python benchmarks/validate.py --rows 1000000 --rounds 5

Each run is a process of its own, from the start of Python to its end; the approaches take turns, so that a
busy machine hurts all of them. The rivals run in a virtual environment of their own under benchmarks/data.
Shown are medians; `ratio` is the median of the ratios to bare Polars in the same round: a process that imports Polars
and nothing of ours. `CPU` are seconds of all threads, which a busy machine hurts less; `work` is the part of them
after start and imports. The CSV of the same table, and one with all texts in quotes, are read whole by both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
DATA = HERE / "data"
RIVALS = DATA / "rivals"

CONTRACT = """\
version: 1
columns:
  id: {type: int64}                                              # 1 no nulls
  day: {type: date, nullable: true, min: 2013-01-01}             # 2
  carrier: {type: string, nullable: true, allowed: [AA, B6, DL, EV, UA, US, WN]}  # 3
  tail: {type: string, nullable: true, pattern: 'N[0-9]{1,5}'}   # 4
  distance: {type: int32, nullable: true, min: 0, max: 5000}     # 5, 6
  temp: {type: float64, nullable: true, min: -40, max: 60}       # 7, 8
  wind: {type: float64, nullable: true, infinite: true}
  humid: {type: float64, nullable: true, infinite: true}
  pressure: {type: float32, nullable: true, infinite: true}
  hour: {type: int8, nullable: true}
  origin: {type: string, nullable: true}
  delayed: {type: bool, nullable: true}
"""
CARRIERS = ["AA", "B6", "DL", "EV", "UA", "US", "WN"]


def table(rows: int) -> Path:
    """A table that keeps the contract; the same one for the same number of rows."""
    DATA.mkdir(exist_ok=True)
    (DATA / "contract.yaml").write_text(CONTRACT)
    target = DATA / f"flights-{rows}.parquet"
    if not all(file.exists() for file in (target, *csv_files(target))):
        # In a process of its own: the peak of a child's memory starts at what its parent held when it forked.
        words = [sys.executable, __file__, "--child", "generate", "--rows", str(rows), "--data", str(target)]
        subprocess.run(words, check=True)
    return target


def csv_files(table: Path) -> tuple[Path, Path]:
    """The same table as a CSV without quotes, and as one with them."""
    return table.with_suffix(".csv"), table.with_suffix(".quoted.csv")


def generate(target: Path, rows: int) -> None:
    import polars as pl

    def pick(seed: int, below: int) -> pl.Expr:
        return pl.col("id").hash(seed) % below

    def unit(seed: int) -> pl.Expr:
        return pick(seed, 1_000_000).cast(pl.Float64) / 1_000_000

    names = pl.lit(pl.Series(CARRIERS).implode())
    origins = pl.lit(pl.Series(["EWR", "JFK", "LGA"]).implode())
    frame = pl.LazyFrame({"id": pl.int_range(rows, eager=True)}).select(
        "id",
        day=pl.date(2013, 1, 1) + pl.duration(days=pick(1, 365)),
        carrier=names.list.get(pick(2, len(CARRIERS)).cast(pl.UInt32)),
        tail=pl.format("N{}", pick(3, 99_999)),
        distance=pick(4, 4_983).cast(pl.Int32),
        temp=pl.when(pick(5, 20) > 0).then(unit(6) * 60 - 10),
        wind=unit(7) * 30,
        humid=unit(8),
        pressure=(unit(9) * 50 + 980).cast(pl.Float32),
        hour=pick(10, 24).cast(pl.Int8),
        origin=origins.list.get(pick(11, 3).cast(pl.UInt32)),
        delayed=pick(12, 5) == 0,
    )
    part = target.with_suffix(".part")
    frame.sink_parquet(part, row_group_size=250_000, engine="streaming")
    part.rename(target)
    plain, quoted = csv_files(target)
    pl.scan_parquet(target).sink_csv(plain, engine="streaming")
    pl.scan_parquet(target).sink_csv(quoted, quote_style="non_numeric", engine="streaming")


def bare_polars(data: str) -> int:
    from datetime import date

    import polars as pl

    c = pl.col
    types = {
        "id": pl.Int64,
        "day": pl.Date,
        **dict.fromkeys(("carrier", "tail", "origin"), pl.String),
        "distance": pl.Int32,
        **dict.fromkeys(("temp", "wind", "humid"), pl.Float64),
        "pressure": pl.Float32,
        "hour": pl.Int8,
        "delayed": pl.Boolean,
    }
    checks = [
        c("id").null_count(),
        (c("day") < date(2013, 1, 1)).sum(),
        (~c("carrier").is_in(CARRIERS)).sum(),
        (~c("tail").str.contains(r"^N[0-9]{1,5}$")).sum(),
        (c("distance") < 0).sum(),
        (c("distance") > 5000).sum(),
        (c("temp") < -40).sum(),
        (c("temp") > 60).sum(),
    ]
    if data.endswith(".csv"):
        # All columns of a CSV are read: a row is whole, or it is not, in all of them.
        checks += [c(name).null_count() for name in types]
        table = pl.scan_csv(data, schema_overrides=types)
    else:
        table = pl.scan_parquet(data)
    frame = table.select(check.alias(str(i)) for i, check in enumerate(checks))
    return sum(frame.collect(engine="streaming").row(0)[:8])


def work(name: str, data: str) -> int:
    """Do what `name` does without its start and imports, and print the CPU seconds."""
    import resource

    import polars  # noqa: F401

    from gitops_mlops.adapters.tables.files import TableFiles
    from gitops_mlops.domain.contracts.contract import parse_contract
    from gitops_mlops.domain.contracts.table_checks import checks_of, wanted_types

    def validate() -> int:
        contract, tables = parse_contract(CONTRACT.encode(), "contract.yaml"), TableFiles()
        table = tables.open(Path(data), data, wanted_types(contract))
        return len(tables.count(table, checks_of(contract, table)).violations)

    before = resource.getrusage(resource.RUSAGE_SELF)
    found = bare_polars(data) if name == "bare Polars" else validate()
    after = resource.getrusage(resource.RUSAGE_SELF)
    print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return found


def pandera_pandas(data: str) -> int:
    import datetime

    import pandas as pd
    import pandera.pandas as pa

    schema = pa.DataFrameSchema(
        {
            "id": pa.Column("int64", nullable=False),
            "day": pa.Column(object, pa.Check.ge(datetime.date(2013, 1, 1)), nullable=True),
            "carrier": pa.Column(None, pa.Check.isin(CARRIERS), nullable=True),
            "tail": pa.Column(None, pa.Check.str_matches(r"^N[0-9]{1,5}$"), nullable=True),
            "distance": pa.Column("int32", [pa.Check.ge(0), pa.Check.le(5000)], nullable=True),
            "temp": pa.Column("float64", [pa.Check.ge(-40), pa.Check.le(60)], nullable=True),
        }
    )
    schema.validate(pd.read_parquet(data), lazy=True)
    return 0


def great_expectations(data: str) -> int:
    import datetime

    import great_expectations as gx
    import great_expectations.expectations as gxe
    import pandas as pd

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("flights")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": pd.read_parquet(data)})
    suite = gx.ExpectationSuite(
        name="flights",
        expectations=[
            gxe.ExpectColumnValuesToNotBeNull(column="id"),
            gxe.ExpectColumnValuesToBeBetween(column="day", min_value=datetime.date(2013, 1, 1)),
            gxe.ExpectColumnValuesToBeInSet(column="carrier", value_set=CARRIERS),
            gxe.ExpectColumnValuesToMatchRegex(column="tail", regex=r"^N[0-9]{1,5}$"),
            gxe.ExpectColumnValuesToBeBetween(column="distance", min_value=0, max_value=5000),
            gxe.ExpectColumnValuesToBeBetween(column="temp", min_value=-40, max_value=60),
        ],
    )
    return 0 if batch.validate(suite).success else 1


CHILDREN = {
    "bare Polars": bare_polars,
    "pandera-pandas": pandera_pandas,
    "Great Expectations": great_expectations,
}
WORKED = ("bare Polars", "gitops-mlops")


def command(name: str, data: Path) -> list[str]:
    if name == "gitops-mlops":
        words = ["validate", "--contract", str(DATA / "contract.yaml"), "--data", str(data)]
        return [sys.executable, "-m", "gitops_mlops", *words]
    ours = name == "bare Polars"
    python = sys.executable if ours else str(RIVALS / "bin" / "python")
    return [python, str(Path(__file__).resolve()), "--child", name, "--data", str(data)]


class Taken(NamedTuple):
    """What one process took: wall and CPU seconds, the peak of resident memory in MB, and the work's CPU seconds."""

    seconds: float
    cpu: float
    peak: float
    work: float = 0.0


def measure(words: list[str]) -> tuple[Taken, str]:
    """What one process took, and what it printed."""
    environment = os.environ | {"PYTHONPATH": str(HERE.parent), "GX_ANALYTICS_ENABLED": "false"}
    start = time.perf_counter()
    child = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert child.stdout is not None
    said = child.stdout.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {child.returncode}:\n{said}")
    seconds = time.perf_counter() - start
    return Taken(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), said


def take(name: str, data: Path) -> Taken:
    """One run of an approach; ours and bare Polars once more without start and imports."""
    whole, _ = measure(command(name, data))
    if name not in WORKED:
        return whole
    child = [sys.executable, str(Path(__file__).resolve()), "--child", "work", "--of", name, "--data", str(data)]
    return whole._replace(work=float(measure(child)[1]))


def set_up_rivals() -> None:
    if not RIVALS.exists():
        subprocess.run(["uv", "venv", "--quiet", str(RIVALS)], check=True)
        packages = ["great-expectations", "pandera[pandas]", "pyarrow"]
        subprocess.run(
            ["uv", "pip", "install", "--quiet", "--python", str(RIVALS / "bin" / "python"), *packages], check=True
        )


def compare(rows: int, rounds: int, names: list[str], data: Path) -> None:
    taken: dict[str, list[Taken]] = {name: [] for name in names}
    for name in names:
        measure(command(name, data))  # byte code and the file cache
    for _ in range(rounds):
        for name in names:
            taken[name].append(take(name, data))
    size, kind = data.stat().st_size / 2**20, "".join(data.suffixes)
    print(f"{rows:,} rows × 12 columns, {size:.0f} MB {kind}, 8 checks, {rounds} rounds, {os.cpu_count()} cores")
    titles = ["seconds", "ratio", "CPU", "ratio", "work", "ratio", "peak MB"]
    print(f"{'approach':<20}" + "".join(f"{title:>8}" for title in titles))
    for name in names:
        seconds, cpu, peak, work = (statistics.median(values) for values in zip(*taken[name], strict=True))
        ratios = [
            statistics.median(
                mine[at] / bare[at] for mine, bare in zip(taken[name], taken["bare Polars"], strict=True)
            )
            for at in (0, 1, 3)
        ]
        columns = [seconds, ratios[0], cpu, ratios[1], work, ratios[2]]
        print(f"{name:<20}" + "".join(f"{value:>8.2f}" for value in columns) + f"{peak:>8.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rivals", action="store_true", help="also pandera-pandas and Great Expectations (needs uv)")
    parser.add_argument("--child", choices=["generate", "work", *CHILDREN], help=argparse.SUPPRESS)
    parser.add_argument("--of", help=argparse.SUPPRESS)
    parser.add_argument("--data", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child == "generate":
        generate(Path(options.data), options.rows)
        return
    if options.child == "work":
        raise SystemExit(work(options.of, options.data))
    if options.child:
        raise SystemExit(CHILDREN[options.child](options.data))
    names = ["bare Polars", "gitops-mlops"]
    if options.rivals:
        set_up_rivals()
        names += ["pandera-pandas", "Great Expectations"]
    # A tenth of the rows first: memory that grows with the rows would show.
    for rows in (options.rows // 10, options.rows):
        data = table(rows)
        compare(rows, options.rounds, names, data)
        print()
        for file in csv_files(data):
            compare(rows, options.rounds, names[:2], file)
            print()


if __name__ == "__main__":
    main()
