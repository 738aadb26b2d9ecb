"""`gitops-mlops experiments` on refs as DVC writes them, and on what DVC itself keeps."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from tests.conftest import Answer, Cli, Repo
from tests.integration.comparison_project import FEATURES, ComparisonProject, asking, machines

pytestmark = pytest.mark.usefixtures("preloaded")

Experiments = Callable[..., Answer]


def keep(project: ComparisonProject, name: str) -> str:
    """What `dvc exp save` does: a commit beside the branch, below refs/exps."""
    git, head = project.repo.git, project.repo.git("rev-parse", "HEAD").strip()
    project.repo.commit(f"dvc: {name}")
    commit = git("rev-parse", "HEAD").strip()
    git("update-ref", f"refs/exps/{head[:2]}/{head[2:]}/{name}", commit)
    git("reset", "--quiet", "--hard", head)
    return commit


def classes_of(frame: pl.DataFrame, letters: str) -> list[str]:
    """The class of each machine by its speed and load; of four letters the last is one that the test data lacks."""
    code = (frame["speed"] > 0).cast(pl.Int64) + (frame["load"] > 0).cast(pl.Int64)
    if len(letters) > 3:
        code = code.set(frame["age"] > 1.5, 3)
    return [letters[one] for one in code]


@pytest.fixture
def three_experiments(repo: Repo) -> ComparisonProject:
    """A champion, and three experiments: better, the same but for noise, worse."""
    made = ComparisonProject(repo)
    made.train("speed", "load")
    made.release()
    for seed, (name, features) in enumerate(
        {"all-three": FEATURES, "same-again": ("load", "speed"), "age-only": ("age",)}.items(), 2
    ):
        made.parameters["train.seed"] = seed
        made.train(*features)
        keep(made, name)
    return made


@pytest.fixture
def experiments(cli: Cli, three_experiments: ComparisonProject) -> Experiments:
    return asking(cli, three_experiments, "experiments")


def test_who_leads_by_chance_is_said(
    experiments: Experiments, cli: Cli, three_experiments: ComparisonProject
) -> None:
    board = experiments("--json").json
    names = [one["name"] for one in board["ranking"]]
    assert (names[0], names[-1]) == ("all-three", "age-only")
    assert set(names) == {"HEAD", "all-three", "same-again", "age-only"}
    assert "age-only" not in board["may_be_best"]
    assert (board["metric"], board["rows"], board["clusters"]) == ("log_loss", 900, 30)
    leader, last = board["ranking"][0], board["ranking"][-1]
    assert (leader["difference"], leader["parameters"]) == (None, {"params.yaml:train.seed": 2})
    assert last["difference"] == pytest.approx(leader["value"] - last["value"])
    assert last["difference_interval"]["high"] < 0
    versus = cli("compare", leader["commit"], last["commit"], "--json", folder=three_experiments.root).json
    assert versus["metrics"][0]["delta"] == last["difference"], "the same statistics as compare"
    text = experiments().out
    assert "fault: log-loss on 900 rows in 30 independent groups, less is better" in text
    assert "With 95% confidence: the first is significantly the best of 4." in text


def test_what_is_asked_for_takes_part_once(experiments: Experiments, three_experiments: ComparisonProject) -> None:
    three_experiments.train(*FEATURES)
    three_experiments.repo.commit("better")
    named = [one["name"] for one in experiments("--json", "--with", "v0.0.1", "--metric", "roc_auc").json["ranking"]]
    assert sorted(named) == ["HEAD", "v0.0.1"], "the champion is v0.0.1, and the experiments are of another commit"
    everywhere = experiments("--json", "--all", "--metric", "roc_auc").json
    assert len(everywhere["ranking"]) == 5
    assert everywhere["higher_is_better"] is True
    values = [one["value"] for one in everywhere["ranking"]]
    assert values == sorted(values, reverse=True)


def test_a_model_that_is_gone_is_last_and_says_why(
    experiments: Experiments, three_experiments: ComparisonProject
) -> None:
    three_experiments.train("speed")
    keep(three_experiments, "gone")
    output = next(
        path
        for path in (three_experiments.root / ".dvc/cache/files/md5").rglob("*")
        if path.is_file() and path.read_bytes() == three_experiments.tracked["models/fault.skops"]
    )
    output.unlink()
    last = experiments("--json").json["ranking"][-1]
    assert (last["name"], last["value"], last["may_be_best"]) == ("gone", None, False)
    assert "is not cached, and no DVC remote provided it" in last["reason"]
    assert "gone: is not available" in experiments().out


def test_rows_that_any_model_was_trained_on_are_left_out(
    experiments: Experiments, three_experiments: ComparisonProject
) -> None:
    three_experiments.configure(evaluation="cluster-by: day, id: row, train: train")
    three_experiments.repo.commit("train is known")
    three_experiments.data("data/train.parquet", machines())
    three_experiments.train(*FEATURES)
    keep(three_experiments, "peeked")
    board = experiments("--json", code=3)
    assert "every row was seen in some model's training → leave out the model that saw them" in board.err


def test_models_of_other_classes_are_ranked_on_the_same_codes(
    cli: Cli, experiments: Experiments, three_experiments: ComparisonProject
) -> None:
    """Each numbers the classes in an order of its own: HEAD knows no a, another no c, and a third also d."""
    three_experiments.data(
        "data/test.parquet", machines().with_columns(broken=pl.Series(classes_of(machines(), "abc")))
    )
    three_experiments.configure(
        "cluster-by: day", "[{metric: log_loss, rule: superior}]", "multiclass-classification"
    )
    trained = {"none-of-a": "bbc", "none-of-c": "abb", "all-and-d": "abcd"}
    for name, letters in trained.items():
        three_experiments.train(target=lambda frame, letters=letters: classes_of(frame, letters))
        three_experiments.repo.commit(name)
    board = experiments("--json", "--with", "HEAD~1", "--with", "HEAD~2").json
    leader, *others = (one for one in board["ranking"] if one["value"] is not None)
    assert len(others) == 2
    for one in others:
        versus = cli("compare", leader["commit"], one["commit"], "--json", folder=three_experiments.root).json
        log_loss = next(each for each in versus["metrics"] if each["name"] == "log_loss")
        assert (log_loss["champion"], log_loss["challenger"]) == (leader["value"], one["value"])
        assert log_loss["delta"] == pytest.approx(one["difference"])
    told = [text for text in board["warnings"] if "does not know the label" in text]
    assert len(told) == 2, board["warnings"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("gone",), 2, "it has no model 'gone'"),
        (("--metric", "mae"), 2, "--metric: mae is not defined for binary-classification"),
        (("--metric", "aucroc"), 2, "--metric: no metric is called 'aucroc'"),
        (("--with", "nowhere"), 3, "'nowhere': no such revision"),
        (("--with", "--upload-pack=x"), 3, "no such revision"),
    ],
)
def test_bad_words_are_one_line(experiments: Experiments, words: tuple[str, ...], code: int, says: str) -> None:
    answer = experiments(*words, code=code)
    assert says in answer.err
    assert answer.err.count("\n") == 1


def test_what_dvc_keeps_is_found(
    experiments: Experiments, three_experiments: ComparisonProject, programs: None
) -> None:
    """`dvc exp save` writes the refs that we read."""
    import subprocess

    (three_experiments.root / ".dvc/tmp").mkdir(parents=True, exist_ok=True)
    three_experiments.repo.write("dvc.yaml", "artifacts:\n  fault: {path: models/fault.skops, type: model}\n")
    three_experiments.repo.commit("nothing to run")
    before = {one["name"] for one in experiments("--json").json["ranking"]}
    three_experiments.repo.write("notes.txt", "tried something")
    saved = ["dvc", "exp", "save", "--name", "by-dvc", "--include-untracked", "notes.txt", "--force"]
    subprocess.run(saved, cwd=three_experiments.root, check=True, capture_output=True)
    after = {one["name"] for one in experiments("--json").json["ranking"]}
    assert after - before == {"by-dvc"}


@pytest.mark.parametrize(
    ("task", "evaluation", "gate", "asked"),
    [
        ("ranking", "query: day", "ndcg@10", ("ndcg", "ndcg@10", "mrr", "mrr@5")),
        ("regression", "cluster-by: day", "pinball@0.9", ("pinball@0.9", "pinball@0.5")),
    ],
)
def test_a_metric_with_a_parameter_ranks_too(
    experiments: Experiments,
    cli: Cli,
    three_experiments: ComparisonProject,
    task: str,
    evaluation: str,
    gate: str,
    asked: tuple[str, ...],
) -> None:
    three_experiments.configure(evaluation, f"[{{metric: {gate}, rule: superior}}]", task)
    three_experiments.repo.commit("another task")
    by_default = experiments("--json").json
    assert by_default["metric"] == gate
    assert (by_default["higher_is_better"], len(by_default["ranking"])) == (task == "ranking", 2)
    compared = cli("compare", "--json", folder=three_experiments.root).json
    for name in asked:
        board = experiments("--json", "--metric", name).json
        assert board["metric"] == name
        values = {one["name"]: one["challenger"] for one in compared["metrics"]}
        assert board["ranking"][0]["value"] == values.get(name, board["ranking"][0]["value"])
