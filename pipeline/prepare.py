"""From source files to rows that a model can be trained and judged on, split by time.

Only what is known when a flight should leave becomes a column: its schedule, and the weather at its airport
in the hour of the scheduled departure (the last observation before it). What is known later, such as the
departure's own delay, would leak the answer and never gets past this stage.

Flights that never arrived (cancelled or diverted, 2.8 %) have no delay, so no label: they are left out, and
the model's question is "given that it flies, will it be late?".
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import polars as pl

from gitops_mlops import MissingEvidence
from pipeline.stage import Params, need, run

RAW = Path("data/raw")
PREPARED = Path("data/prepared")
ID, DAY, TARGET = "flight_id", "date", "delayed"
SCHEDULE = ("carrier", "origin", "dest", "distance", "weekday", "hour", "minute")
WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib")

# Miles per hour; above it stands one sensor's 1,048, more than any wind ever measured on Earth (254).
STRONGEST_WIND = 254


def prepare(params: Params) -> str:
    """Write the train and test rows."""
    settings = params.prepare
    rows = labelled(flights(), weather(), settings.late_after)
    PREPARED.mkdir(parents=True, exist_ok=True)
    said = []
    for name, months in (("train", settings.train_months), ("test", settings.test_months)):
        part = rows.filter(pl.col(DAY).dt.month().is_in(months))
        if part.is_empty():
            raise MissingEvidence(f"no flight of the months {list(months)} arrived", where=f"{name} rows")
        part.write_parquet(PREPARED / f"{name}.parquet")
        said.append(f"{name}: {part.height:,} flights, {part[TARGET].sum() / part.height:.1%} late")
    return "; ".join(said)


def labelled(flights: pl.DataFrame, weather: pl.DataFrame, late_after: int) -> pl.DataFrame:
    """One row per flight that arrived: id, day, features, label; in order of day and id."""
    return (
        flights.filter(pl.col("arr_delay").is_not_null())
        .join(weather, on=["origin", "time_hour"], how="left", validate="m:1")
        .with_columns(pl.date("year", "month", "day").alias(DAY))
        .with_columns(
            pl.format("{}-{}-{}-{}", pl.col(DAY), "carrier", "flight", "origin").alias(ID),
            pl.col(DAY).dt.weekday().cast(pl.Int64).alias("weekday"),
            (pl.col("arr_delay") > late_after).alias(TARGET),
        )
        .select(ID, DAY, *SCHEDULE, *WEATHER, TARGET)
        .sort(DAY, ID)
    )


def flights() -> pl.DataFrame:
    """Every scheduled flight, columns as published."""
    path = need(RAW / "flights.csv.zip")
    try:
        with zipfile.ZipFile(path) as archive:
            content = archive.read("flights.csv")
    except (zipfile.BadZipFile, KeyError) as error:
        raise MissingEvidence(f"is damaged ({error})", where=str(path), hint="dvc repro --force ingest") from error
    return pl.read_csv(io.BytesIO(content), null_values="NA", infer_schema_length=None)


def weather() -> pl.DataFrame:
    """The hourly weather at each airport, without impossible winds."""
    table = pl.read_csv(need(RAW / "weather.csv"), null_values="NA", infer_schema_length=None)
    wind = pl.col("wind_speed")
    return table.select("origin", "time_hour", *WEATHER).with_columns(pl.when(wind <= STRONGEST_WIND).then(wind))


if __name__ == "__main__":
    run(prepare)
