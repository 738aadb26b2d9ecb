"""The data are what the pipeline promises; run `dvc repro` first. The contract is checked by `gitops-mlops validate`."""

from __future__ import annotations

from datetime import date

import polars as pl

from pipeline.prepare import ID, PREPARED, SERIES, TARGET, TIME, with_day_before

TRAIN = pl.read_parquet(PREPARED / "train.parquet")
TEST = pl.read_parquet(PREPARED / "test.parquet")


def test_every_tested_day_is_later_than_those_trained_on() -> None:
    assert TRAIN[TIME].max() < TEST[TIME].min()


def test_every_row_is_there_once() -> None:
    assert pl.concat([TRAIN, TEST])[ID].is_unique().all()


def test_no_airport_is_lost() -> None:
    for rows in (TRAIN, TEST):
        assert rows[SERIES].n_unique() == 3


def test_a_row_holds_the_day_before_and_not_its_own() -> None:
    temperatures = [10.0, 12.0, 17.0]
    table = pl.DataFrame({SERIES: ["JFK"] * 3, TIME: [date(2013, 1, day) for day in (1, 2, 3)], "mean": temperatures})
    others = ("low", "high", "dew_point", "humidity", "wind", "rain")
    (row,) = with_day_before(table.with_columns(pl.lit(1.0).alias(name) for name in others)).to_dicts()
    assert (row[TIME], row["mean_before"], row["change_before"], row[TARGET]) == (date(2013, 1, 3), 12, 2, 17)
