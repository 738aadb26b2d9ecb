"""What use-cases need of the world. Adapters give it; `bootstrap` chooses which."""

from gitops_mlops.domain.lineage.file_changes import FileChange
from gitops_mlops.domain.pipeline.outputs import Artifact, Output
from gitops_mlops.domain.ports.data import (
    DataStore,
    Pipeline,
    PipelineRun,
    ProjectFunctions,
    ProjectModels,
    RemoteOutputs,
    Rows,
    TableModels,
    Tables,
)
from gitops_mlops.domain.ports.forge import Forge, PullRequests
from gitops_mlops.domain.ports.git import (
    Beginnings,
    Clone,
    Experiment,
    Index,
    Journal,
    Ledger,
    LedgerLine,
    Objects,
    RemoteBranch,
    Removal,
    Repository,
    StagedFile,
)
from gitops_mlops.domain.ports.machine import Clock, Ended, Files, Reader, Shell, Templates, Timer, Tree
from gitops_mlops.domain.ports.running import BundleStore, GoldenModels, InferenceClient, Target
from gitops_mlops.domain.registry.remote import Lock, RemoteTag

__all__ = [
    "Artifact",
    "Beginnings",
    "BundleStore",
    "Clock",
    "Clone",
    "DataStore",
    "Ended",
    "Experiment",
    "FileChange",
    "Files",
    "Forge",
    "GoldenModels",
    "Index",
    "InferenceClient",
    "Journal",
    "Ledger",
    "LedgerLine",
    "Lock",
    "Objects",
    "Output",
    "Pipeline",
    "PipelineRun",
    "ProjectFunctions",
    "ProjectModels",
    "PullRequests",
    "Reader",
    "RemoteBranch",
    "RemoteOutputs",
    "RemoteTag",
    "Removal",
    "Repository",
    "Rows",
    "Shell",
    "StagedFile",
    "TableModels",
    "Tables",
    "Target",
    "Templates",
    "Timer",
    "Tree",
]
