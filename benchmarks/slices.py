"""The search for weak slices: 30 features in fifths, alone and in pairs, with a slice planted in 4 % of the rows.

python benchmarks/slices.py [--rows 100000] [--features 30] [--clusters 0]

CPU seconds of one process and one thread, the best of five turns. The planted slice must come first.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
os.environ["POLARS_MAX_THREADS"] = "1"

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1]))

from gitops_mlops.domain.comparison.slice_columns import slice_columns
from gitops_mlops.domain.statistics.slice_search import SearchResult, SearchRows, search

TURNS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=30)
    parser.add_argument("--clusters", type=int, default=0)
    arguments = parser.parse_args()
    generator = np.random.default_rng(0)
    values = generator.normal(size=(arguments.features, arguments.rows))
    frame = pl.DataFrame({f"x{index}": column for index, column in enumerate(values)})
    differences = generator.normal(0, 0.3, arguments.rows)
    lowest = [column <= np.quantile(column, 0.2) for column in values[:2]]
    differences[lowest[0] & lowest[1]] -= 0.1
    clusters = generator.integers(arguments.clusters, size=arguments.rows) if arguments.clusters else None

    coding, searching = np.inf, np.inf
    for _ in range(TURNS):
        started = time.process_time()
        columns = slice_columns(frame, ())
        coded = time.process_time()
        found: SearchResult = search(columns, SearchRows(differences, clusters), 0.05)
        coding, searching = min(coding, coded - started), min(searching, time.process_time() - coded)
    print(f"{arguments.rows:,} rows, {arguments.features} features, {found.searched:,} slices")
    print(f"cutting into fifths  {coding:6.3f} s")
    print(f"searching            {searching:6.3f} s")
    for weak in found.weak:
        where = " and ".join(f"{name} {value}" for name, value in weak.where)
        print(f"found: {where}, {np.count_nonzero(weak.rows):,} rows, adjusted p {weak.p_value:.2g}")
    if not found.weak or {name for name, _ in found.weak[0].where} != {"x0", "x1"}:
        raise SystemExit("the planted slice did not come first")


if __name__ == "__main__":
    main()
