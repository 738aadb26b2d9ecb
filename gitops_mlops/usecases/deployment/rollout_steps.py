"""The steps of a rollout, model by model: let a version enter, deploy it, and take back what does not serve."""

from __future__ import annotations

from dataclasses import dataclass

from gitops_mlops.domain.deployment.reconciliation import DeployStep, PlaceStatus, next_step
from gitops_mlops.domain.deployment.rollout import (
    BY_ITSELF,
    ModelRollout,
    RolloutResult,
    candidate,
    on_trial,
    served,
    taken_back,
)
from gitops_mlops.domain.errors import VERDICT_AGAINST, MissingEvidence, MlopsError
from gitops_mlops.domain.faults import Cause, fault_of
from gitops_mlops.domain.registry.change import ChangeState, RegistryChange, RuleRefusal
from gitops_mlops.domain.registry.evidence import RUN
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.usecases.clone_state import complete_registry
from gitops_mlops.usecases.config.committed_rules import CommittedRules
from gitops_mlops.usecases.deployment.deploy import DeployOutcome, Record, deploy
from gitops_mlops.usecases.deployment.deploy import DeployResult as Deployed
from gitops_mlops.usecases.deployment.reporter import DeploymentReporter
from gitops_mlops.usecases.deployment.rollout_request import RolloutPorts, RolloutRequest
from gitops_mlops.usecases.deployment.status import left_over, status
from gitops_mlops.usecases.lineage.ledger import read_ledger
from gitops_mlops.usecases.lineage.record import record_change
from gitops_mlops.usecases.registry.mainline import unmerged
from gitops_mlops.usecases.registry.promote import PromoteRequest, promote
from gitops_mlops.usecases.registry.registrar import send
from gitops_mlops.usecases.registry.rollback import RollbackRequest, rollback


@dataclass(frozen=True)
class RolloutSteps:
    """One rollout under way."""

    wanted: RolloutRequest
    rules: CommittedRules
    ports: RolloutPorts
    record: Record
    push: bool

    def models(self) -> list[str]:
        """The models that the environment serves, then those that run there and should not any more."""
        stage = self.rules.config.environments[self.wanted.environment]
        named = [name for name in self.rules.config.models if stage.port_of(name) is not None]
        left = left_over(self.rules.config, self.ports.deployment.target)
        return named + [place.model for place in left if place.environment == self.wanted.environment]

    def one(self, model: str) -> ModelRollout:
        """Everything for one model."""
        asked = wrong = None
        try:
            self._brought_up_to_date(model)
            if self.wanted.promoting and model in self.rules.config.models:
                try:
                    asked = self._promoted(model)
                except MlopsError as error:
                    # What is assigned should run all the same.
                    wrong = error
            done = self._deployed(model, asked)
        except MlopsError as error:
            return _error(model, error)
        if asked and asked.state is ChangeState.REFUSED:
            done = done._replace(waiting=str(asked.version), refusals=asked.refusals)
        return done if wrong is None or done.code else _error(model, wrong)

    def _brought_up_to_date(self, model: str) -> None:
        """With a push: know here what origin knows, and there what a rollout that was cut off assigned here."""
        if not self.push:
            return
        self.ports.registrar.fetch(model)
        held = self._registry().assignment(model, self.wanted.environment)
        if held:
            send(self.ports.registrar.repository, [held.tag])

    def _registry(self) -> Registry:
        return complete_registry(self.ports.registrar.repository)

    def _promoted(self, model: str) -> RegistryChange | None:
        """What became of the version that may ask to enter; None when there is none."""
        repository, stage, config = self.ports.registrar.repository, self.wanted.environment, self.rules.config
        environment = config.environments[stage]
        head = repository.head()

        def on_main(commit: str) -> bool:
            if environment.allow_unmerged:
                return True
            return repository.is_ancestor(commit, head) and not unmerged(repository, [commit])[1]

        registry = self._registry()
        # Only a rollback by a rollout passes over what still has its attempt.
        recorded, _ = (
            read_ledger(self.ports.ledger, model, stage) if taken_back(registry, model, stage) else ([], None)
        )
        found = candidate(registry, model, stage, environment.after, on_main, recorded)
        if found is None:
            return None
        asked = PromoteRequest(
            f"{model}@{found.version}",
            stage,
            notes=self.wanted.notes,
            dry_run=self.wanted.dry_run,
            push=self.push,
        )
        registrar, witnesses = self.ports.registrar, self.ports.sources.witnesses
        try:
            change = promote(asked, self.rules, registrar, witnesses, self.ports.forge)
        except MissingEvidence as error:
            refusal = RuleRefusal("evidence", str(error), error.hint or "a version that release made")
            change = RegistryChange(
                ChangeState.REFUSED, model, error.message, found.version, stage, refusals=(refusal,)
            )
        self._written(change)
        return change

    def _written(self, change: RegistryChange) -> None:
        if change.state is not ChangeState.WRITTEN:
            return
        registrar = self.ports.registrar
        ledger = self.ports.ledger
        recorded = record_change(change, registrar.repository, ledger, registrar.clock, self.push)
        for warning in (*change.warnings, *recorded):
            self.ports.tell(f"warning: {warning}")
        registrar.acknowledge(change)
        self.ports.tell(change.summary)

    def _deployed(self, model: str, asked: RegistryChange | None) -> ModelRollout:
        state = self._look(model)
        if state is None:
            return ModelRollout(model, RolloutResult.EMPTY, reason="no version is assigned")
        before = state.running.version if state.running else ""
        if self.wanted.dry_run and asked and asked.state is ChangeState.PLANNED:
            return ModelRollout(model, RolloutResult.PLANNED, before, before, asked.summary, state.place.address)
        announcer = self._announcer(model)
        back = taken_back(self._registry(), model, self.wanted.environment)
        if announcer and back:
            # A rollout may have been cut off before it told.
            announcer.end(back.commit, "failure", back.reason)
        if announcer and state.wanted and next_step(state) in (DeployStep.START, DeployStep.SWITCH):
            announcer.begin(state.wanted.commit, f"{model} {state.wanted.version}")
        try:
            outcome = self._deploy(model)
        except MlopsError as error:
            if announcer and state.wanted:
                announcer.end(state.wanted.commit, "error", str(error))
            running = self.ports.deployment.client.running(state.place.address, model)
            serves = running.version if running else ""
            return _error(model, error)._replace(previous=before, current=serves, address=state.place.address)
        if outcome.result is Deployed.REFUSED:
            # A version whose tags were moved was not tried, and leaves no event.
            return self._failed(model, state, outcome.reason, announcer, own=outcome.event is not None)
        if announcer and state.wanted and outcome.result in (Deployed.DEPLOYED, Deployed.UNCHANGED):
            announcer.end(state.wanted.commit, "success", f"{model} {outcome.current} serves")
        return _settled(outcome)

    def _failed(
        self, model: str, state: PlaceStatus, why: str, announcer: DeploymentReporter | None, *, own: bool
    ) -> ModelRollout:
        """What is assigned does not serve: back to the version before, when that is the version's `own` failure."""
        assert state.wanted is not None
        stage, bad = self.wanted.environment, state.wanted
        if announcer:
            announcer.end(bad.commit, "failure", why)
        before = state.running.version if state.running else ""
        refused = ModelRollout(
            model, RolloutResult.REFUSED, before, before, why, state.place.address, code=VERDICT_AGAINST
        )
        refused = refused._replace(cause=Cause.VERSION.value)
        recorded, _ = read_ledger(self.ports.ledger, model, stage)
        if not own or not on_trial(self._registry(), model, stage, recorded):
            return refused
        # What failed by the place and never served is nothing to go back to.
        once = served(model, stage, recorded)
        back = RollbackRequest(model, stage, f"{BY_ITSELF}{why}", self.wanted.notes, push=self.push, served=once)
        try:
            change = rollback(back, self.ports.registrar)
        except MissingEvidence as error:
            return refused._replace(reason=f"{why}; {stage} {error.message}")
        self._written(change)
        try:
            result = self._deployed(model, None)
        except MlopsError as error:
            result = _error(model, error)
        if result.code or change.state is ChangeState.REFUSED:
            why = f"{why}; then: {result.reason or change.summary}"
        return result._replace(
            result=RolloutResult.ROLLED_BACK,
            previous=bad.version,
            reason=f"{bad.version}: {why}",
            code=max(VERDICT_AGAINST, result.code),
            cause=Cause.VERSION.value,
        )

    def _look(self, model: str) -> PlaceStatus | None:
        """The place as it is; None when no tag says what should run there."""
        registry, stage = self._registry(), self.wanted.environment
        left = any(place.model == model for place in left_over(self.rules.config, self.ports.deployment.target))
        if not (left or registry.assignment(model, stage) or registry.emptied(model, stage)):
            return None
        repository, world = self.ports.registrar.repository, self.ports.deployment
        return status(self.rules.config, repository, world.target, world.client, [stage], model)[0]

    def _deploy(self, model: str) -> DeployOutcome:
        (outcome, *_) = deploy(
            self.rules.config,
            self.ports.registrar.repository,
            self.ports.sources,
            self.ports.deployment,
            self.ports.tell,
            [self.wanted.environment],
            model,
            self.wanted.dry_run,
            self.record,
        )
        return outcome

    def _announcer(self, model: str) -> DeploymentReporter | None:
        if self.ports.forge is None or not self.push:
            return None
        stage, environments = self.wanted.environment, self.rules.config.environments
        last = all(each.after != stage for each in environments.values())
        # What serves several models would take one deployment for the end of another.
        alone = isinstance(environments[stage].port, int)
        name = stage if alone else f"{stage}/{model}"
        run = dict(self.wanted.notes).get(RUN, "")
        return DeploymentReporter(self.ports.forge, name, last, run, self.wanted.web, self.ports.tell)


def _settled(outcome: DeployOutcome) -> ModelRollout:
    results = {
        Deployed.PLANNED: RolloutResult.PLANNED,
        Deployed.DEPLOYED: RolloutResult.DEPLOYED,
        Deployed.STOPPED: RolloutResult.STOPPED,
        Deployed.UNASSIGNED: RolloutResult.EMPTY,
    }
    result, place = results.get(outcome.result, RolloutResult.UNCHANGED), outcome.place
    return ModelRollout(place.model, result, outcome.previous, outcome.current, outcome.reason, place.address)


def _error(model: str, error: MlopsError) -> ModelRollout:
    return ModelRollout(
        model, RolloutResult.FAILED, reason=str(error), code=error.exit_code, cause=fault_of(error).cause.value
    )
