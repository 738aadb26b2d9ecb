"""From the source file to rows that a model can be trained and judged on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import yaml

from pipeline.ingest import RAW

PREPARED = Path("data/prepared")
ID, TARGET = "case", "diagnosis"
MEASURES = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave_points",
    "symmetry",
    "fractal_dimension",
)
MEAN = tuple(f"{measure}_mean" for measure in MEASURES)
ERROR = tuple(f"{measure}_error" for measure in MEASURES)
WORST = tuple(f"{measure}_worst" for measure in MEASURES)


def main() -> None:
    """Write the train and test rows."""
    percent = yaml.safe_load(Path("params.yaml").read_text("utf-8"))["prepare"]["test-percent"]
    rows = tumours(pl.read_csv(RAW, skip_rows=1, has_header=False))
    test = pl.Series([held_out(case, percent) for case in rows[ID]])
    PREPARED.mkdir(parents=True, exist_ok=True)
    rows.filter(~test).write_parquet(PREPARED / "train.parquet")
    rows.filter(test).write_parquet(PREPARED / "test.parquet")


def tumours(table: pl.DataFrame) -> pl.DataFrame:
    """One row per tumour: id, measurements, and what it was."""
    named = table.rename(dict(zip(table.columns, (*MEAN, *ERROR, *WORST, TARGET), strict=True)))
    return named.with_row_index("number", offset=1).select(
        pl.format("case-{}", pl.col("number").cast(pl.String).str.zfill(3)).alias(ID),
        pl.col(*MEAN, *WORST).cast(pl.Float64),
        pl.when(pl.col(TARGET) == 0).then(pl.lit("malignant")).otherwise(pl.lit("benign")).alias(TARGET),
    )


def held_out(identity: str, percent: int) -> bool:
    """Whether a row is for testing: by a hash of its id, so that it stays where it is when others are added."""
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:4]) % 100 < percent


if __name__ == "__main__":
    main()
