"""Bring an environment to the newest version that may enter it, and take back what does not serve.

Every step follows from the tags, the ledger and what runs: what was cut off is finished by the next rollout.
"""

from __future__ import annotations

from gitops_mlops.domain.deployment.rollout import (
    Rollout,
    taken_back,
)
from gitops_mlops.domain.errors import MissingEvidence, MlopsError
from gitops_mlops.domain.ports import Forge
from gitops_mlops.domain.registry.promotion import require_stage
from gitops_mlops.reports.deployment.deployment import status_findings
from gitops_mlops.reports.deployment.rollout import rollback_findings
from gitops_mlops.usecases.clone_state import complete_registry
from gitops_mlops.usecases.config.committed_rules import CommittedRules, committed_rules
from gitops_mlops.usecases.deployment.rollout_request import RolloutPorts, RolloutRequest
from gitops_mlops.usecases.deployment.rollout_steps import RolloutSteps
from gitops_mlops.usecases.deployment.status import status
from gitops_mlops.usecases.lineage.record import recording
from gitops_mlops.usecases.review.findings import keep_issues


def rollout(wanted: RolloutRequest, ports: RolloutPorts) -> Rollout:
    """Promote by policy, deploy and verify, model by model; what fails for one leaves the others their chance.

    A version that is rejected, or does not serve after it took over, is rolled back when it never served here.
    Raises UsageError, EvidenceMissing for a clone that may lack tags, OutsideError when origin cannot be reached.
    """
    repository = ports.registrar.repository
    rules = committed_rules(repository, hint="commit it, or stash it")
    require_stage(rules.config, wanted.environment)
    push = wanted.push and not wanted.dry_run
    if not push or repository.is_shallow():
        complete_registry(repository)
    with recording(ports.ledger, push, ports.tell) as record:
        work = RolloutSteps(wanted, rules, ports, record, push)
        done = Rollout(wanted.environment, repository.head(), tuple(work.one(model) for model in work.models()))
    if push and ports.forge is not None:
        _keep_issues(done, rules, ports, ports.forge)
    return done


def _keep_issues(done: Rollout, rules: CommittedRules, ports: RolloutPorts, forge: Forge) -> None:
    """One issue for what was taken back and what does not run; closed once that is over."""
    repository, world, stage = ports.registrar.repository, ports.deployment, done.environment
    registry = complete_registry(repository)
    back = {one.model: taken_back(registry, one.model, stage) for one in done.models}
    try:
        keep_issues(rollback_findings(stage, back), f"rollback/{stage}/", forge)
        try:
            states = status(rules.config, repository, world.target, world.client, [stage])
        except MissingEvidence:
            # Nothing is assigned, so that nothing can be amiss.
            states = []
        keep_issues(status_findings(states), f"status/{stage}/", forge)
    except MlopsError as error:
        ports.tell(f"warning: the rollout is done, but has no issue at the forge: {error}")
