"""docs/metrics.md shows the catalogue of metrics as it is."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from gitops_mlops.domain.config.metrics import METRICS, IntervalMethod, ModelTask, written
from gitops_mlops.domain.statistics.linear import LOSSES
from gitops_mlops.domain.statistics.resampled import WEIGHTED

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
ROW = re.compile(
    r"^\| (?P<name>\**`[^`]+`\**) \| (?P<tasks>[^|]*) \| (?P<arrow>[↑↓]) \| (?P<rest>.*) \|$", re.MULTILINE
)


def test_the_table_is_the_catalogue() -> None:
    shown = {}
    for row in ROW.finditer(PAGE):
        reads, interval, definition = row["rest"].replace(r"\|", "/").split(" | ")
        assert len(definition) > 10, row["name"]
        shown[row["name"]] = (row["tasks"], row["arrow"], reads, interval)
    assert shown == {
        f"**`{written(metric)}`**" if metric.usual else f"`{written(metric)}`": (
            ", ".join(str(task).removesuffix("-classification") for task in ModelTask if task in metric.tasks),
            "↑" if metric.higher_is_better else "↓",
            str(metric.needs),
            str(metric.method),
        )
        for metric in METRICS.values()
    }


def test_every_way_to_an_interval_is_explained() -> None:
    for method in {metric.method for metric in METRICS.values()}:
        assert f"\n| {method} |" in PAGE, method


def test_every_metric_has_a_formula() -> None:
    """Metrics of counts are told apart in `class_metric`, and test_metric_names measures each."""
    by_method: dict[IntervalMethod, Collection[str]] = {
        IntervalMethod.MEAN: LOSSES,
        IntervalMethod.RESAMPLED: WEIGHTED,
    }
    for method, table in by_method.items():
        assert set(table) == {metric.name for metric in METRICS.values() if metric.method is method}, f"{method}"
