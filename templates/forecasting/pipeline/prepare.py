"""From hourly observations to one row per airport and day: what was known the day before, and how warm it was.

What is observed on the day itself would leak the answer, and never gets past this stage.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import yaml

from pipeline.ingest import RAW

PREPARED = Path("data/prepared")
ID, TIME, SERIES, TARGET = "id", "date", "airport", "temperature"
WARMTH = ("mean_before", "low_before", "high_before", "change_before")
AIR = ("dew_point_before", "humidity_before", "wind_before", "rain_before")

# Miles per hour; above it stands one sensor's 1,048, more than any wind ever measured on Earth (254).
STRONGEST_WIND = 254


def main() -> None:
    """Write the train and test rows."""
    months = yaml.safe_load(Path("params.yaml").read_text("utf-8"))["prepare"]["train-months"]
    rows = with_day_before(days(pl.read_csv(RAW, null_values="NA", infer_schema_length=None)))
    trained = rows[TIME].dt.month() <= months
    PREPARED.mkdir(parents=True, exist_ok=True)
    rows.filter(trained).write_parquet(PREPARED / "train.parquet")
    rows.filter(~trained).write_parquet(PREPARED / "test.parquet")


def days(hours: pl.DataFrame) -> pl.DataFrame:
    """Every airport's days, with the means of their observations."""
    return (
        hours.with_columns(pl.date("year", "month", "day").alias(TIME), pl.col("origin").alias(SERIES))
        .group_by(SERIES, TIME)
        .agg(
            pl.col("temp").mean().alias("mean"),
            pl.col("temp").min().alias("low"),
            pl.col("temp").max().alias("high"),
            pl.col("dewp").mean().alias("dew_point"),
            pl.col("humid").mean().alias("humidity"),
            pl.col("wind_speed").filter(pl.col("wind_speed") <= STRONGEST_WIND).mean().alias("wind"),
            pl.col("precip").sum().alias("rain"),
        )
        .sort(SERIES, TIME)
    )


def with_day_before(table: pl.DataFrame) -> pl.DataFrame:
    """One row for each day whose two days before are known: id, day, airport, what was known, temperature."""
    known = table.with_columns((pl.col("mean") - pl.col("mean").shift().over(SERIES)).alias("change"))
    before = known.select(
        SERIES,
        pl.col(TIME).dt.offset_by("1d"),
        *(pl.col(name.removesuffix("_before")).alias(name) for name in (*WARMTH, *AIR)),
    )
    return (
        table.join(before, on=[SERIES, TIME], validate="1:1")
        .drop_nulls([*WARMTH, *AIR, "mean"])
        .select(
            pl.format("{}-{}", TIME, SERIES).alias(ID),
            TIME,
            SERIES,
            *WARMTH,
            *AIR,
            pl.col("mean").alias(TARGET),
        )
        .sort(TIME, SERIES)
    )


if __name__ == "__main__":
    main()
