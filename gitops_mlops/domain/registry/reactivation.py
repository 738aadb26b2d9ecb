"""What was taken out of use comes back on purpose only."""

from __future__ import annotations

from gitops_mlops.domain.digests import version_name
from gitops_mlops.domain.registry.change import RuleRefusal
from gitops_mlops.domain.registry.ledger import LedgerEvent
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry, RetirementRecord
from gitops_mlops.domain.registry.tags import TagAction

# What takes something out of use.
RETIREMENTS = frozenset({TagAction.DEPRECATE, TagAction.DEREGISTER, TagAction.UNASSIGN})


def reactivation_refusals(registry: Registry, artifact: str, revive: bool) -> tuple[RuleRefusal, ...]:
    """Why a new version may not be registered: any event of a retired model would revive it."""
    retired = registry.retired(artifact)
    if retired is None:
        return ()
    if not revive:
        seen = f"{artifact} was retired {retired}"
        return (RuleRefusal("a retired model stays retired", seen, "--revive, when it should be in use again"),)
    filled = [stage for stage, live in registry.live(artifact).items() if live]
    if not filled:
        return ()
    seen = f"{', '.join(filled)} would hold what they held before"
    wanted = f"gitops-mlops retire {artifact}, which empties its stages, and then --revive"
    return (RuleRefusal("a revived model is in no stage", seen, wanted),)


def return_refusals(
    registry: Registry, version: RegisteredVersion, stage: str, revive: bool
) -> tuple[RuleRefusal, ...]:
    """Why a version may not return to a stage that it was taken out of."""
    events = registry.events(version.artifact)
    last = next((event for event in events if (event.stage, event.commit) == (stage, version.commit)), None)
    if revive or last is None or last.action is not TagAction.UNASSIGN:
        return ()
    seen = f"{version.version} was taken out of {stage} {RetirementRecord.of(last)}"
    return (RuleRefusal("what was taken out of a stage stays out", seen, "another version, or --revive"),)


def withdrawal_refusals(left: Registry, event: LedgerEvent, revive: bool) -> tuple[RuleRefusal, ...]:
    """Why a retirement may not be withdrawn; `left` is the registry without its tag."""
    what = brought_back(left, event)
    if revive or not what:
        return ()
    wanted = "--revive, when it should be in use again"
    return (RuleRefusal("what was taken out of use stays out", f"{what} would be in use again", wanted),)


def brought_back(left: Registry, event: LedgerEvent) -> str:
    """What is in use where the tag of a retirement is gone, as words; "" for nothing."""
    model = event.model
    if event.kind == TagAction.DEPRECATE:
        return model if left.events(model) and not left.retired(model) else ""
    if event.kind == TagAction.DEREGISTER:
        return f"{model} {event.version}" if left.version(model, event.version) else ""
    if event.kind == TagAction.UNASSIGN and not left.retired(model):
        held = left.live(model).get(event.environment, ())
        if any(each.commit == event.commit for each in held):
            return f"{model} {version_name(event.version, event.commit)} in {event.environment}"
    return ""


def out_of_use(registry: Registry, version: RegisteredVersion) -> str:
    """Why an inactive version is not in use, as words."""
    record = registry.deregistered(version.artifact, version.version) or registry.retired(version.artifact)
    return f"{version.version} was taken out of use {record}"
