"""Data that cannot be trusted, planted into real repositories: `compare` says so, and for the right reason."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from tests.conftest import Cli, Repo
from tests.integration.comparison_project import FEATURES, ComparisonProject, machines

LATER = 10_000


def dated(frame: pl.DataFrame, first: date) -> pl.DataFrame:
    """The same machines on 30 days from `first` on."""
    days = [first + timedelta(days=i % 30) for i in range(frame.height)]
    return frame.with_columns(day=pl.Series(days))


@pytest.fixture
def dated_champion(repo: Repo) -> ComparisonProject:
    """A champion in production; the training data ends before the evaluation begins."""
    made = ComparisonProject(repo)
    made.configure("cluster-by: day, train: train, id: row")
    made.data("data/train.parquet", dated(machines(1500, seed=1, first=LATER), date(2026, 1, 1)))
    made.data("data/test.parquet", dated(machines(), date(2026, 3, 1)))
    made.train("speed", "load")
    made.release()
    return made


def compared(cli: Cli, project: ComparisonProject, code: int = 0) -> Any:
    answer = cli("compare", "--json", folder=project.root)
    assert answer.code == code, (answer.out, answer.err)
    assert "Traceback" not in answer.err
    return answer.json


def check(report: Any, name: str) -> tuple[str, str]:
    found = next(one for one in report["data_checks"]["checks"] if one["id"] == name)
    return found["status"], found["finding"]


def replant(project: ComparisonProject, **columns: pl.Expr) -> None:
    """Both datasets with other columns."""
    project.data(
        "data/train.parquet", dated(machines(1500, seed=1, first=LATER), date(2026, 1, 1)).with_columns(**columns)
    )
    project.data("data/test.parquet", dated(machines(), date(2026, 3, 1)).with_columns(**columns))


def test_honest_data_passes_every_check(cli: Cli, dated_champion: ComparisonProject) -> None:
    dated_champion.train(*FEATURES)
    report = compared(cli, dated_champion)
    assert report["verdict"] == "pass"
    assert {one["id"]: one["status"] for one in report["data_checks"]["checks"]} == {
        "label in the features": "pass",
        "single features": "pass",
        "identifiers as features": "pass",
        "perfect score": "pass",
        "training rows": "pass",
        "time order": "pass",
        "duplicates": "pass",
        "labels": "note",
    }
    assert report["data_checks"] | {"checks": []} == {"checks": [], "datasets": [], "columns": [], "note": ""}


def test_a_feature_that_is_copied_from_the_label_blocks(cli: Cli, dated_champion: ComparisonProject) -> None:
    replant(dated_champion, repaired=1 - pl.col("broken"))
    dated_champion.train(*FEATURES, "repaired")
    report = compared(cli, dated_champion, code=1)
    assert report["verdict"] == "block"
    assert [gate["id"] for gate in report["gates"] if gate["status"] == "block"] == ["data: label in the features"]
    assert check(report, "label in the features") == ("block", "'repaired' is the label, negated")
    assert any("'repaired' is the label, negated" in reason for reason in report["reasons"])
    text = cli("report", folder=dated_champion.root).out
    assert "'repaired' is the label, negated" in text


def test_a_feature_that_knows_too_much_blocks_until_it_is_allowed(
    cli: Cli, dated_champion: ComparisonProject
) -> None:
    noise = pl.int_range(pl.len()).hash(seed=3) % 1000 / 1000
    replant(dated_champion, **{"repair minutes": pl.col("broken") * 0.93 + noise})
    dated_champion.train(*FEATURES, "repair minutes")
    report = compared(cli, dated_champion, code=1)
    assert [gate["id"] for gate in report["gates"] if gate["status"] == "block"] == ["data: single features"]
    status, found = check(report, "single features")
    assert status == "block"
    assert found.startswith("new feature 'repair minutes' alone has AUC 0.99")
    dated_champion.configure("cluster-by: day, train: train, id: row, leaks: {allowed: [repair minutes]}")
    assert compared(cli, dated_champion)["verdict"] == "pass"
    dated_champion.configure("cluster-by: day, train: train, id: row, leaks: {certain: 1}")
    report = compared(cli, dated_champion)
    assert (report["verdict"], check(report, "single features")[0]) == ("warn", "warn")


def test_a_column_that_the_model_does_not_read_is_no_leak(cli: Cli, dated_champion: ComparisonProject) -> None:
    replant(dated_champion, repaired=1 - pl.col("broken"))
    dated_champion.train(*FEATURES)
    assert compared(cli, dated_champion)["verdict"] == "pass"


def test_training_on_the_days_of_the_evaluation_warns_or_blocks(cli: Cli, dated_champion: ComparisonProject) -> None:
    dated_champion.data("data/train.parquet", dated(machines(1500, seed=1, first=LATER), date(2026, 3, 1)))
    dated_champion.train(*FEATURES)
    report = compared(cli, dated_champion)
    assert report["verdict"] == "warn"
    status, found = check(report, "time order")
    assert (status, "900 of 900 evaluation rows are not later" in found) == ("warn", True)
    dated_champion.configure("cluster-by: day, time: day, train: train, id: row")
    assert check(compared(cli, dated_champion, code=1), "time order")[0] == "block"


def test_identifiers_as_features(cli: Cli, dated_champion: ComparisonProject) -> None:
    dated_champion.train(*FEATURES, "row")
    assert check(compared(cli, dated_champion), "identifiers as features") == (
        "warn",
        "'row' is nearly unique per row",
    )


def test_a_shared_id_blocks_and_the_headline_says_so(cli: Cli, dated_champion: ComparisonProject) -> None:
    """Training rows 800 to 2299 have the ids of 100 evaluation rows, and other values: numbered anew, as it seems."""
    dated_champion.data("data/train.parquet", dated(machines(1500, seed=1, first=800), date(2026, 1, 1)))
    dated_champion.train(*FEATURES)
    report = compared(cli, dated_champion, code=1)
    told = (
        "100 of 900 rows have the id of a training row, and none of them looks like it: does each file number its"
        " ids from the start?; max-overlap is 0"
    )
    assert check(report, "training rows") == ("block", told)
    assert report["evaluation"]["excluded"] == {"seen in training": 100}
    assert [gate["id"] for gate in report["gates"] if gate["status"] != "pass"] == ["data: training rows"]
    text = " ".join(cli("report", folder=dated_champion.root).out.split())
    assert text.startswith(
        "BLOCK fault: blocked by a data check (training rows) 100 of 900 rows have the id of a training row"
    )


def test_rows_that_look_alike_by_chance_stay_and_pass(cli: Cli, dated_champion: ComparisonProject) -> None:
    """Machines with rounded features, so that one in ten has a twin, with ids and without."""
    for path, frame in (("train", machines(1500, seed=1, first=LATER)), ("test", machines())):
        rounded = frame.drop("day").with_columns(pl.col(FEATURES).round(0))
        dated_champion.data(f"data/{path}.parquet", rounded)
    dated_champion.train(*FEATURES)
    for evaluation, status in (("train: train, id: row", "note"), ("train: train", "note")):
        dated_champion.configure(f"{evaluation}, leaks: {{time-order: ignore}}")
        report = compared(cli, dated_champion)
        assert report["verdict"] == "pass", report["reasons"]
        assert report["evaluation"]["rows"] == 900
        found = check(report, "training rows")
        assert (found[0], "rows look like a training row, chance gives about" in found[1]) == (status, True)


def test_copies_under_new_ids_warn_and_without_ids_block(cli: Cli, dated_champion: ComparisonProject) -> None:
    past = dated(machines(), date(2026, 3, 1)).with_columns(row=pl.col("row") + 50_000)
    train = pl.concat([dated(machines(1500, seed=1, first=LATER), date(2026, 1, 1)), past[:45]])
    dated_champion.data("data/train.parquet", train)
    dated_champion.train(*FEATURES)
    dated_champion.configure("train: train, id: row, leaks: {time-order: ignore}")
    report = compared(cli, dated_champion)
    assert (report["verdict"], report["evaluation"]["rows"]) == ("warn", 900)
    assert "45 of 900 rows look like a training row, chance gives about 0 (p = " in check(report, "training rows")[1]
    dated_champion.configure("train: train, leaks: {time-order: ignore}")
    report = compared(cli, dated_champion, code=1)
    assert report["evaluation"]["excluded"] == {"seen in training": 45}, "a column of row numbers hides no copy"
    assert check(report, "training rows")[0] == "block"
    dated_champion.configure("train: train, max-overlap: 45, leaks: {time-order: ignore}")
    assert compared(cli, dated_champion)["verdict"] == "pass"


def test_what_changed_since_the_champions_data(cli: Cli, dated_champion: ComparisonProject) -> None:
    then = machines()
    now = dated(machines(1200, seed=7, first=5000), date(2026, 4, 1))
    grown = pl.concat([dated(then, date(2026, 3, 1)).head(600), now]).with_columns(
        speed=pl.col("speed") + 1,
        site=pl.col("site").replace("tiny", "west"),
        load=pl.when(pl.col("row") % 4 > 0).then("load"),
        extra=pl.lit(1.5),
    )
    dated_champion.data("data/test.parquet", grown.drop("age"))
    past = dated(then, date(2026, 3, 1)).with_columns(row=pl.col("row") + 50_000)
    dated_champion.data(
        "data/train.parquet", pl.concat([dated(machines(1500, seed=1, first=LATER), date(2026, 1, 1)), past])
    )
    dated_champion.configure("cluster-by: day, train: train, id: row, incomparable: warn")
    dated_champion.train("speed")
    report = compared(cli, dated_champion)
    checks = report["data_checks"]
    assert check(report, "past evaluation rows") == (
        "note",
        "900 of the 900 rows that the champion was evaluated on are training data now",
    )
    evaluation, training = checks["datasets"]
    assert evaluation == {
        "dataset": "evaluation",
        "champion_rows": 900,
        "challenger_rows": 1800,
        "added": 1800,
        "removed": 900,
        "columns_added": ["extra"],
        "columns_removed": ["age"],
    }
    assert (training["champion_rows"], training["challenger_rows"], training["added"], training["removed"]) == (
        1500,
        2400,
        900,
        0,
    )
    columns = {(one["dataset"], one["column"]): one for one in checks["columns"]}
    assert columns["evaluation", "speed"]["psi"] > 0.5
    assert columns["evaluation", "load"]["challenger_missing"] == pytest.approx(0.25)
    assert (columns["evaluation", "site"]["added"], columns["evaluation", "site"]["examples"]) == (1, ["west"])
    assert ("training", "speed") not in columns, "what hardly moved is not shown"
    assert ("evaluation", "row") not in columns
    assert "extra" in cli("report", "--format", "markdown", folder=dated_champion.root).out


def test_without_training_data_or_champion_the_report_says_what_it_cannot_know(
    cli: Cli, dated_champion: ComparisonProject
) -> None:
    dated_champion.configure("cluster-by: day")
    assert check(compared(cli, dated_champion, code=0), "training rows")[0] == "unknown"
    dated_champion.data("data/test.parquet", dated(machines(seed=5), date(2026, 3, 1)))
    dated_champion.train(*FEATURES)
    for path in (dated_champion.root / ".dvc/cache/files/md5").rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        if content.startswith(b"PAR1") and content not in dated_champion.tracked.values():
            path.unlink()
    report = compared(cli, dated_champion)
    assert report["data_checks"]["note"].startswith("the champion's evaluation data is not available")
    assert report["data_checks"]["datasets"] == []
