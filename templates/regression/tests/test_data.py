"""The data are what the pipeline promises; run `dvc repro` first. The contract is checked by `gitops-mlops validate`."""

from __future__ import annotations

import polars as pl

from pipeline.prepare import ID, PREPARED, TARGET, held_out

TRAIN = pl.read_parquet(PREPARED / "train.parquet")
TEST = pl.read_parquet(PREPARED / "test.parquet")


def test_no_patient_is_trained_on_and_judged_by() -> None:
    assert not set(TRAIN[ID]) & set(TEST[ID])


def test_no_patient_is_lost() -> None:
    assert TRAIN.height + TEST.height == 442


def test_both_parts_hold_mild_and_grave_cases() -> None:
    for rows in (TRAIN, TEST):
        assert rows[TARGET].quantile(0.1) < 70
        assert rows[TARGET].quantile(0.9) > 230


def test_a_patient_stays_in_its_part() -> None:
    assert [held_out(f"patient-{number:03}", 40) for number in (1, 2, 3, 4)] == [True, True, False, False]
