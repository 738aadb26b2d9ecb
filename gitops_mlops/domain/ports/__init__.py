"""What use-cases need of the world. Adapters give it; `bootstrap` chooses which."""

from gitops_mlops.domain.lineage.file_changes import FileChange
from gitops_mlops.domain.pipeline.outputs import DvcArtifact, TrackedOutput
from gitops_mlops.domain.ports.data import (
    DataStore,
    ModelFiles,
    Pipeline,
    PipelineRun,
    ProjectFunctions,
    ProjectModels,
    RemoteOutputs,
    TableModels,
    TableRowReader,
    Tables,
)
from gitops_mlops.domain.ports.forge import Forge, PullRequests
from gitops_mlops.domain.ports.git import (
    Clone,
    Experiment,
    Index,
    Objects,
    RemoteBranch,
    Repository,
    ScaffoldHistory,
    StagedFile,
)
from gitops_mlops.domain.ports.ledger import Journal, Ledger, LedgerLine, LedgerRemoval
from gitops_mlops.domain.ports.machine import Clock, Files, ProgramResult, Reader, Shell, Templates, Timer, Tree
from gitops_mlops.domain.ports.running import BundleStore, DeployTarget, GoldenModels, InferenceClient
from gitops_mlops.domain.registry.remote import GitLock, RemoteTag

__all__ = [
    "BundleStore",
    "Clock",
    "Clone",
    "DataStore",
    "DeployTarget",
    "DvcArtifact",
    "Experiment",
    "FileChange",
    "Files",
    "Forge",
    "GitLock",
    "GoldenModels",
    "Index",
    "InferenceClient",
    "Journal",
    "Ledger",
    "LedgerLine",
    "LedgerRemoval",
    "ModelFiles",
    "Objects",
    "Pipeline",
    "PipelineRun",
    "ProgramResult",
    "ProjectFunctions",
    "ProjectModels",
    "PullRequests",
    "Reader",
    "RemoteBranch",
    "RemoteOutputs",
    "RemoteTag",
    "Repository",
    "ScaffoldHistory",
    "Shell",
    "StagedFile",
    "TableModels",
    "TableRowReader",
    "Tables",
    "Templates",
    "Timer",
    "TrackedOutput",
    "Tree",
]
