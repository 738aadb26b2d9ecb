"""The models of a change against their champions; what is as on the base, or is the champion, is not measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.errors import MlopsError
from gitops_mlops.domain.ports import DataStore, Repository
from gitops_mlops.domain.review.review import ModelReview, Skipped, outcome_of
from gitops_mlops.usecases.clone_state import complete_registry
from gitops_mlops.usecases.review.base import BaseState, has_same_model

if TYPE_CHECKING:
    from gitops_mlops.usecases.comparison.compare import ComparisonPorts


class ModelReviewer:
    """Compares each model that changed with its champion, by the gates of the base."""

    def __init__(
        self,
        head: Config,
        base: BaseState,
        repository: Repository,
        store: DataStore,
        comparison: Callable[[], ComparisonPorts],
        environment: Mapping[str, str],
    ) -> None:
        self._head = head
        self._base = base
        self._repository = repository
        self._store = store
        self._comparison = comparison
        self._environment = environment
        self._now = store.outputs()
        self._artifacts = {artifact.name: artifact.path for artifact in store.artifacts()}

    def names(self) -> list[str]:
        """The models that there are, and those that there were on the base."""
        then = self._base.config.models if self._base.config else {}
        return [*self._head.models, *(name for name in then if name not in self._head.models)]

    def review(self, name: str) -> ModelReview:
        """One model; what keeps it from being compared is an outcome."""
        if name not in self._head.models:
            told = "the change takes it out of mlops.yaml, so that it is not compared"
            return ModelReview(name=name, outcome="warn", skipped="removed", message=told)
        try:
            if skipped := self._same_as(name):
                return ModelReview(name=name, outcome="pass", skipped=skipped)
            return self._compared(name)
        except MlopsError as error:
            return ModelReview(name=name, outcome=outcome_of(error), message=str(error))

    def _same_as(self, name: str) -> Skipped:
        artifact = self._artifacts.get(name)
        if artifact is None:
            # Comparing tells what is wrong.
            return ""
        if has_same_model(name, self._head, artifact, self._now, self._base):
            return "base"
        champion = self._champion(name)
        if champion and has_same_model(name, self._head, artifact, self._now, champion):
            return "champion"
        return ""

    def _champion(self, name: str) -> BaseState | None:
        stage = self._head.models[name].evaluation.champion
        held = complete_registry(self._repository).assignment(name, stage)
        return None if held is None else BaseState.at(held.commit, self._repository, self._store)

    def _compared(self, name: str) -> ModelReview:
        # NumPy, polars and scikit-learn: a change without a new model does without them.
        from gitops_mlops.usecases.comparison.compare import compare
        from gitops_mlops.usecases.comparison.settings import ComparisonRequest

        base = self._base.commit
        request = ComparisonRequest(name, None, None, base, "pull-request", self._environment)
        report = compare(request, self._head, self._comparison())
        return ModelReview(name=report.model, outcome=report.verdict, report=report)
