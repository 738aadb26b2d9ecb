"""Beside the verdict on the model file, a claim on the recipe that made it: would another seed be better too?"""

from __future__ import annotations

from gitops_mlops.domain.comparison.report_parts import RecipeComparison
from gitops_mlops.domain.comparison.trainings import FEWEST_TRAININGS, RepeatedTrainings, parse_trainings
from gitops_mlops.domain.config.metric_settings import metric_problem
from gitops_mlops.domain.digests import md5_of, version_name
from gitops_mlops.domain.errors import MissingEvidence, MlopsError
from gitops_mlops.domain.shortening import LINE, WORD, first_of, left_out, shorten
from gitops_mlops.domain.statistics.measure import MetricEstimate
from gitops_mlops.domain.statistics.recipe import recipe_metric
from gitops_mlops.domain.statistics.results import RecipeMetric
from gitops_mlops.usecases.comparison.candidates import CandidateSources, ModelCandidate
from gitops_mlops.usecases.comparison.context import ComparisonContext, SideResult, measure_some

_MOST = 30


def recipe(compared: ComparisonContext) -> SideResult:
    """What `evaluation.seeds` of both sides says of the recipes; it decides nothing, for the artifact is shipped."""
    path, champion = compared.model.evaluation.seeds, compared.champion
    if path is None or champion is None:
        return SideResult()
    try:
        old, new = (_trainings(path, side, compared.sources) for side in (champion, compared.challenger))
        _demand_comparable(compared, old, new, champion)
    except MlopsError as error:
        return SideResult({"recipe": RecipeComparison(note=str(error))})
    metrics, notes = _metrics(compared, old, new)
    left_out = sum(compared.rows.account.excluded.values())
    if left_out:
        notes.append(f"{left_out} rows are left out here, which the trainings were measured on")
    return SideResult({"recipe": RecipeComparison(trainings=new.count, metrics=metrics, note="; ".join(notes))})


def _trainings(path: str, side: ModelCandidate, sources: CandidateSources) -> RepeatedTrainings:
    place = f"{path} of {'the working tree' if side.working else version_name(side.revision.version, side.commit)}"
    return parse_trainings(_content(path, place, side, sources), place)


def _content(path: str, place: str, side: ModelCandidate, sources: CandidateSources) -> bytes:
    """The file as `dvc.lock` or git records it on a side. Raises EvidenceMissing when neither does."""
    recorded = side.outputs.get(path)
    if side.working:
        if recorded is not None:
            return sources.recorded(path, side.outputs)
        content = sources.files.read(path) if path in sources.repository.files() else None
    else:
        # Git first: what DVC does not cache (`cache: false`) is in git alone.
        content = sources.repository.read(side.commit, path)
        if content is None and recorded is not None:
            content = sources.store.read(recorded)
    if content is None:
        raise MissingEvidence("neither dvc.lock nor git records it", where=place, hint="let a stage write it")
    if recorded is not None and md5_of(content) != recorded.md5:
        raise MissingEvidence("differs from what dvc.lock records", where=place, hint="dvc repro, then commit both")
    return content


def _demand_comparable(
    compared: ComparisonContext, old: RepeatedTrainings, new: RepeatedTrainings, champion: ModelCandidate
) -> None:
    if old.count != new.count:
        message = f"the champion was trained {old.count} times, the challenger {new.count}"
        raise MissingEvidence(message, hint="train both equally often")
    if new.count < FEWEST_TRAININGS:
        raise MissingEvidence(
            f"{new.count} trainings of each are too few to measure the effect of a seed",
            hint=f"train each at least {FEWEST_TRAININGS} times",
        )
    data = compared.binding.config.datasets[compared.model.evaluation.dataset].path
    before, now = (side.outputs.get(data) for side in (champion, compared.challenger))
    if before is None or now is None or before.md5 != now.md5:
        raise MissingEvidence("the champion's trainings were measured on other evaluation data", where=data)


def _metrics(
    compared: ComparisonContext, old: RepeatedTrainings, new: RepeatedTrainings
) -> tuple[tuple[RecipeMetric, ...], list[str]]:
    """The metrics that both files have, in the order of the challenger's, and why others are not there."""
    config, task = compared.binding.config, compared.model.task
    found: list[RecipeMetric] = []
    notes: list[str] = []
    wrong = {name: metric_problem(name, task, config) for name in dict.fromkeys([*new.values, *old.values])}
    known = [name for name, problem in wrong.items() if problem is None]
    if unknown := sorted((name, *problem) for name, problem in wrong.items() if problem is not None):
        _, message, hint = unknown[0]
        notes.append(f"{shorten(message, WORD)} ({shorten(hint, LINE)})")
    if single := [name for name in known if name not in old.values or name not in new.values]:
        notes.append(f"only one side's trainings have {first_of(single, 5)}")
    shared = [name for name in known if name not in single]
    notes += left_out(len(shared), _MOST, "metrics of the trainings")
    for name, measured in measure_some(compared, shared[:_MOST]).items():
        one = recipe_metric(
            measured, old.values[name], new.values[name], compared.settings, compared.margins.get(name)
        )
        if one is None:
            notes.append(f"{name}: {_why(measured)}")
        else:
            found.append(one)
    return tuple(found), notes


def _why(measured: MetricEstimate) -> str:
    return measured.result.note or "no difference of the two models is known, or its values are too large"
