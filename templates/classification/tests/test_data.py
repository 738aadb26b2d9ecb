"""The data are what the pipeline promises; run `dvc repro` first. The contract is checked by `gitops-mlops validate`."""

from __future__ import annotations

import polars as pl

from pipeline.prepare import ID, PREPARED, TARGET, held_out

TRAIN = pl.read_parquet(PREPARED / "train.parquet")
TEST = pl.read_parquet(PREPARED / "test.parquet")


def test_no_tumour_is_trained_on_and_judged_by() -> None:
    assert not set(TRAIN[ID]) & set(TEST[ID])


def test_no_tumour_is_lost() -> None:
    assert TRAIN.height + TEST.height == 569


def test_both_parts_hold_both_diagnoses() -> None:
    for rows in (TRAIN, TEST):
        assert 0.2 < (rows[TARGET] == "malignant").mean() < 0.6


def test_a_tumour_stays_in_its_part() -> None:
    assert [held_out(f"case-{number:03}", 40) for number in (1, 2, 3)] == [False, False, True]
