"""From the source files to rows that a model can be trained and judged on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import yaml

from pipeline.ingest import MEASUREMENTS, OUTCOMES

PREPARED = Path("data/prepared")
ID, TARGET = "patient", "progression"
BODY = ("age", "sex", "bmi", "blood_pressure")
BLOOD = ("cholesterol", "ldl", "hdl", "cholesterol_per_hdl", "log_triglycerides", "glucose")


def main() -> None:
    """Write the train and test rows."""
    percent = yaml.safe_load(Path("params.yaml").read_text("utf-8"))["prepare"]["test-percent"]
    rows = patients(
        pl.read_csv(MEASUREMENTS, separator=" ", has_header=False, infer_schema_length=None),
        pl.read_csv(OUTCOMES, has_header=False, infer_schema_length=None),
    )
    test = pl.Series([held_out(patient, percent) for patient in rows[ID]])
    PREPARED.mkdir(parents=True, exist_ok=True)
    rows.filter(~test).write_parquet(PREPARED / "train.parquet")
    rows.filter(test).write_parquet(PREPARED / "test.parquet")


def patients(measurements: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """One row per patient: id, measurements, and how far the disease had gone."""
    named = measurements.rename(dict(zip(measurements.columns, (*BODY, *BLOOD), strict=True)))
    return (
        named.with_columns(outcomes.to_series().alias(TARGET))
        .with_row_index("number", offset=1)
        .select(
            pl.format("patient-{}", pl.col("number").cast(pl.String).str.zfill(3)).alias(ID),
            pl.col(*BODY, *BLOOD, TARGET).cast(pl.Float64),
        )
    )


def held_out(identity: str, percent: int) -> bool:
    """Whether a row is for testing: by a hash of its id, so that it stays where it is when others are added."""
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:4]) % 100 < percent


if __name__ == "__main__":
    main()
