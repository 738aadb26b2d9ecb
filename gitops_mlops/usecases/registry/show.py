"""Look at the registry: everything, one model, one version or one stage. Reads tags, and `.gto` for an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_mlops.domain.config.gto import parse_gto_config
from gitops_mlops.domain.errors import ConfigError
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.domain.registry.view import View, view
from gitops_mlops.domain.shortening import and_more
from gitops_mlops.usecases.clone_state import incompleteness

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import Repository


def show(repository: Repository, reference: str | None, gto: bytes | None = None) -> tuple[View, list[str]]:
    """What a reference names, and what makes the answer doubtful; `gto` is the content of `.gto`.

    Raises UsageError, or EvidenceMissing when nothing answers to it.
    """
    registry, warnings = read_registry(repository)
    try:
        listed = parse_gto_config(gto).stages or ()
    except ConfigError as error:
        listed = ()
        warnings += [str(problem) for problem in error.problems]
    return view(registry, reference, listed), warnings


def read_registry(repository: Repository) -> tuple[Registry, list[str]]:
    """The registry, and what makes it doubtful, each a line."""
    registry = Registry.from_tags(repository.tags())
    warnings = [" → ".join(doubt)] if (doubt := incompleteness(repository, registry)) else []
    if strays := registry.strays:
        first = strays[0]
        more = and_more(len(strays) - 1, " (", ")")
        warnings.append(f"tag {first.tag}: {first.message}{more} → {first.hint}")
    return registry, warnings
