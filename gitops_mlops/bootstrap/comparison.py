"""What a comparison reads and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_mlops.bootstrap.machine import clock, files
from gitops_mlops.bootstrap.pipeline import data_store
from gitops_mlops.bootstrap.repository import tree

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import ModelFiles, ProjectFunctions, ProjectModels, Repository
    from gitops_mlops.usecases.comparison.compare import ComparisonPorts


def comparison_ports(repository: Repository) -> ComparisonPorts:
    """What a comparison reads and runs."""
    from gitops_mlops.usecases.comparison.compare import ComparisonPorts

    return ComparisonPorts(
        repository,
        data_store(repository),
        files(repository.root),
        tree(repository),
        model_files(),
        project_models(repository),
        project_functions(repository),
        clock(),
    )


def model_files() -> ModelFiles:
    """Models in the formats that need no code of the project."""
    from gitops_mlops.runtime.model_files import ModelFileLoader

    return ModelFileLoader()


def project_models(repository: Repository) -> ProjectModels:
    """Models that only the project's own code can load."""
    from gitops_mlops.adapters.project_code.model import ProjectModelProcess

    return ProjectModelProcess(repository.root, repository.export)


def project_functions(repository: Repository) -> ProjectFunctions:
    """The project's Python functions."""
    from gitops_mlops.adapters.project_code.functions import ImportedFunctions

    return ImportedFunctions(repository.root, repository.export)


def comparison_packages() -> dict[str, str]:
    """The versions of what computes a comparison."""
    from gitops_mlops.adapters.machine.packages import OF_A_COMPARISON, versions

    return versions(OF_A_COMPARISON)
