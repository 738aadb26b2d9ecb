"""The only place that chooses implementations.

Each function imports what it chooses, so that a command pays only for what it uses.
"""

from gitops_mlops.bootstrap.comparison import comparison_packages, comparison_ports, project_functions, project_models
from gitops_mlops.bootstrap.contracts import rows, table_models, tables
from gitops_mlops.bootstrap.deployment import (
    bundle_sources,
    deploy_ports,
    inference,
    process_target,
    scratch_deploy_ports,
    state_folder,
    target,
)
from gitops_mlops.bootstrap.doctor import repository_under_check
from gitops_mlops.bootstrap.lineage import diff_sources, lineage_sources, tag_evidence
from gitops_mlops.bootstrap.machine import clock, exec_module, files, read_file, scratch, timer, write_file
from gitops_mlops.bootstrap.pipeline import (
    checkout,
    data_store,
    lock_target,
    remote_outputs,
    run_files,
    scratch_checkout,
)
from gitops_mlops.bootstrap.registry import gto_file, ledger, registrar
from gitops_mlops.bootstrap.repository import begin_tags, clone, index, objects, repository, staged_tree, tree
from gitops_mlops.bootstrap.review import forge, job, job_file, review_ports
from gitops_mlops.bootstrap.scaffold import (
    demo,
    draft_sources,
    issue_tracker,
    scaffold_history,
    scaffold_ports,
    templates,
    toolkit_reference,
)

__all__ = [
    "begin_tags",
    "bundle_sources",
    "checkout",
    "clock",
    "clone",
    "comparison_packages",
    "comparison_ports",
    "data_store",
    "demo",
    "deploy_ports",
    "diff_sources",
    "draft_sources",
    "exec_module",
    "files",
    "forge",
    "gto_file",
    "index",
    "inference",
    "issue_tracker",
    "job",
    "job_file",
    "ledger",
    "lineage_sources",
    "lock_target",
    "objects",
    "process_target",
    "project_functions",
    "project_models",
    "read_file",
    "registrar",
    "remote_outputs",
    "repository",
    "repository_under_check",
    "review_ports",
    "rows",
    "run_files",
    "scaffold_history",
    "scaffold_ports",
    "scratch",
    "scratch_checkout",
    "scratch_deploy_ports",
    "staged_tree",
    "state_folder",
    "table_models",
    "tables",
    "tag_evidence",
    "target",
    "templates",
    "timer",
    "toolkit_reference",
    "tree",
    "write_file",
]
