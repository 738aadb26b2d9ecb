"""Find out what a first `mlops.yaml` of a repository can say, and ask for what cannot be found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.contracts.inference import InferredContract
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.names import is_artifact, path_problem, suggest
from gitops_mlops.domain.pipeline.large_files import kind_of
from gitops_mlops.domain.ports import DataStore, Files, Repository, Tables
from gitops_mlops.domain.scaffold import draft as config_draft
from gitops_mlops.domain.scaffold.draft import TASKS, ConfigDraft, dataset_name, draft_yaml, likely_task, tables_for
from gitops_mlops.domain.shortening import first_of
from gitops_mlops.usecases.contracts.inference import infer_from_table

_OWN = "or write mlops.yaml yourself, and init leaves it alone"


@dataclass(frozen=True)
class DraftAnswers:
    """What the user said: the model, the table that it is judged on, its column of labels, and what it is for."""

    model: str = ""
    data: str = ""
    target: str = ""
    task: str = ""
    positive: str = ""


@dataclass(frozen=True)
class DraftSources:
    """Where it is looked for. `contract_text` writes a contract as a file."""

    repository: Repository
    store: DataStore
    files: Files
    tables: Tables
    contract_text: Callable[[InferredContract], str]


def drafted(here: DraftSources, known: DraftAnswers) -> dict[str, bytes]:
    """`mlops.yaml` and the contracts that it names, by path.

    Raises UsageError with the option that is missing, and its possible values.
    """
    artifacts = {found.name: found.path for found in here.store.artifacts() if _is_model(found.type, found.path)}
    models = list(artifacts)
    if not models and not known.model:
        return {"mlops.yaml": config_draft.EMPTY.encode()}
    model = _one("--model", "model", known.model, models, models)
    if not is_artifact(model):
        raise UsageError("is not a name for a model", where=repr(model), hint="rename it in dvc.yaml")
    found = _tables(here)
    evaluated = _one("--data", "table that it is judged on", known.data, found, tables_for("test", found))
    others = [path for path in found if dataset_name(path) != dataset_name(evaluated)]
    trained = next(iter(tables_for("train", others)), None)
    return _described(here, known, (model, artifacts[model]), evaluated, trained)


def _described(
    here: DraftSources, known: DraftAnswers, artifact: tuple[str, str], evaluated: str, trained: str | None
) -> dict[str, bytes]:
    model, file = artifact
    path = here.files.resolve(evaluated)
    if not path.is_file():
        raise UsageError("is not on disk, so it cannot be read", where=evaluated, hint=f"dvc pull, {_OWN}")
    profile = here.tables.profile(path, evaluated)
    columns = [column.name for column in profile.columns]
    target = _one("--target", "column of labels", known.target, columns, [])
    task = ModelTask(_one("--task", "task", known.task, list(ModelTask), [likely_task(profile, target)]))
    if task not in TASKS:
        raise UsageError(f"{task} needs more settings than init has options for", where="--task", hint=_OWN)
    contract = _contract(here, evaluated, trained)
    ids = config_draft.identifiers(profile)
    name = dataset_name(evaluated)
    short = model.rpartition(":")[2]
    files = {
        f"contracts/{short}.yaml": contract,
        f"contracts/{short}-input.yaml": _without(contract, {target, *ids}),
    }
    of_data, of_input = files
    draft = ConfigDraft(
        model,
        file,
        task,
        target,
        _positive(known.positive, config_draft.labels(profile, target)) if task is ModelTask.BINARY else None,
        ids[0] if len(ids) == 1 else None,
        {name: evaluated, **({dataset_name(trained): trained} if trained else {})},
        of_data,
        name,
        dataset_name(trained) if trained else None,
        of_input,
    )
    texts = {path: here.contract_text(inferred) for path, inferred in files.items()}
    return {path: text.encode() for path, text in ({"mlops.yaml": draft_yaml(draft)} | texts).items()}


def _contract(here: DraftSources, evaluated: str, trained: str | None) -> InferredContract:
    """Learned from the training data where they have the same columns: more rows tell more of what is normal."""
    found = infer_from_table(here.files.resolve(evaluated), evaluated, here.tables)
    if trained and (path := here.files.resolve(trained)).is_file():
        larger = infer_from_table(path, trained, here.tables)
        if larger.contract.columns.keys() == found.contract.columns.keys():
            return larger
    return found


def _positive(given: str, known: list[object]) -> str | None:
    """The label that counts as positive, None where it goes without saying."""
    if not given and set(known) <= {0, 1}:
        return None
    names = [str(label) for label in known]
    return config_draft.positive_yaml(_one("--positive", "label that counts as positive", given, names, []), known)


def _without(contract: InferredContract, left_out: set[str]) -> InferredContract:
    columns = {name: about for name, about in contract.contract.columns.items() if name not in left_out}
    return replace(contract, contract=contract.contract.model_copy(update={"columns": columns}))


def _one(option: str, what: str, given: str, possible: list[str], likely: list[str]) -> str:
    """What was given, or the only likely one."""
    if given:
        if given not in possible:
            raise UsageError(f"there is no {what} {given!r}", where=option, hint=suggest(given, possible))
        return given
    if len(likely) == 1:
        return likely[0]
    shown = first_of(likely or possible, 20)
    raise UsageError(f"which is the {what}?", hint=f"{option}, one of: {shown}; {_OWN}" if shown else _OWN)


def _tables(here: DraftSources) -> list[str]:
    paths = {*here.store.outputs(), *here.repository.files()}
    return sorted(path for path in paths if path.endswith((".parquet", ".csv", ".tsv")) and not path_problem(path))


def _is_model(kind: str, path: str) -> bool:
    return kind == "model" or (not kind and kind_of(path) == "model")
