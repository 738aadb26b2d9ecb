"""What the environments of `mlops.yaml` contradict: each other, the models, the order of stages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_mlops.domain.config.metric_settings import metric_problem, untrained_problem
from gitops_mlops.domain.document.yaml import Path
from gitops_mlops.domain.names import suggest

if TYPE_CHECKING:
    from gitops_mlops.domain.config.root import Config
    from gitops_mlops.domain.config.sections import EnvironmentConfig

Wrong = tuple[Path, str, str]


def wrong_environments(config: Config) -> Iterator[Wrong]:
    """Where, what, and what to do."""
    for name, environment in config.environments.items():
        yield from _wrong_ports(name, environment, config)
        yield from _wrong_order(name, config)
        yield from _wrong_promotion(name, environment, config)
    yield from _taken_ports(config)


def _wrong_ports(name: str, environment: EnvironmentConfig, config: Config) -> Iterator[Wrong]:
    path: Path = ("environments", name, "port")
    if not isinstance(environment.port, dict):
        if len(config.models) > 1:
            yield path, "several models cannot share a port", "write port: {model: port, ...}"
        return
    for model in environment.port:
        if model not in config.models:
            yield (*path, model), f"no model is called {model!r}", suggest(model, config.models)


def _taken_ports(config: Config) -> Iterator[Wrong]:
    """Two deployments cannot listen at one address."""
    taken: dict[int, list[tuple[str, str]]] = {}
    for name, environment in config.environments.items():
        shared = not isinstance(environment.port, dict)
        ports = {"": environment.port} if not isinstance(environment.port, dict) else environment.port
        for model, port in ports.items():
            path: Path = ("environments", name, "port") if shared else ("environments", name, "port", model)
            for other, host in taken.get(port, ()):
                if _meet(host, environment.host):
                    yield path, f"port {port} of {environment.host} is taken by {other}", "choose another port"
                    break
            taken.setdefault(port, []).append((name if shared else f"{model} in {name}", environment.host))


def _meet(one: str, other: str) -> bool:
    local = {"localhost": "127.0.0.1", "::1": "127.0.0.1", "::": "0.0.0.0"}  # noqa: S104 - compared, never bound
    hosts = {local.get(one, one), local.get(other, other)}
    return len(hosts) == 1 or "0.0.0.0" in hosts  # noqa: S104 - compared, never bound


def _wrong_order(name: str, config: Config) -> Iterator[Wrong]:
    path: Path = ("environments", name, "after")
    chain = [name]
    while (stage := config.environments[chain[-1]].after) is not None:
        if stage not in config.environments:
            if len(chain) == 1:
                yield path, f"no environment is called {stage!r}", suggest(stage, config.environments)
            return
        if stage in chain:
            if stage == name:
                yield path, f"the order has a cycle: {' after '.join([*chain, stage])}", "remove one after"
            return
        chain.append(stage)


def _wrong_promotion(name: str, environment: EnvironmentConfig, config: Config) -> Iterator[Wrong]:
    path: Path = ("environments", name, "promotion")
    policy, models = environment.promotion, config.models.values()
    gates = [gate for model in models for gate in model.gate_names()]
    for index, gate in enumerate(policy.gates):
        if gate not in gates:
            yield (*path, "gates", index), f"no model has a gate {gate!r}", suggest(gate, gates)
    for index, demand in enumerate(policy.metrics):
        wrong = [
            metric_problem(demand.metric, model.task, config) or untrained_problem(demand.metric, model)
            for model in models
        ]
        if None not in wrong:
            # What is wrong for a model that could have it, before what is wrong for one of another task.
            first = next((one for one in wrong if one and "not defined" not in one[0]), wrong[0] if wrong else None)
            yield (*path, "metrics", index, "metric"), *(first or (f"no model has {demand.metric!r}", ""))
    if policy.soak and environment.after is None:
        yield (*path, "soak"), "there is no stage before to soak in", "say which with after:"
