"""Every command in one table, so that `--help` imports none of them."""

from __future__ import annotations

from typing import NamedTuple


class CommandEntry(NamedTuple):
    """`attribute` of `module` is the click command; `summary` is its line in `--help`.

    `reads_tags` of one that does nothing without the tags: git may read them while the command is imported.
    """

    group: str
    name: str
    module: str
    attribute: str
    summary: str
    reads_tags: bool = False


COMMANDS: tuple[CommandEntry, ...] = (
    CommandEntry("Set up", "demo", "scaffold.demo", "demo", "the whole loop on real data, in a scratch folder"),
    CommandEntry(
        "Set up", "init", "scaffold.init", "init", "a new project, or the toolkit in one that exists; kept up to date"
    ),
    CommandEntry("Set up", "check", "config.check", "check", "mlops.yaml and all it names, statically"),
    CommandEntry(
        "Set up",
        "schema",
        "config.schema",
        "schema",
        "the JSON Schema of mlops.yaml, contracts, our results and the ledger",
    ),
    CommandEntry("Set up", "doctor", "doctor.doctor", "doctor", "what is wrong here, and how to fix it"),
    CommandEntry("Set up", "migrate", "migration.migrate", "migrate", "translate workflows that use CML"),
    CommandEntry("Set up", "hook", "hooks", "hook", "what pre-commit calls, on what is staged"),
    CommandEntry("Data", "validate", "contracts.validate", "validate", "data against its contract"),
    CommandEntry(
        "Data",
        "contract",
        "contracts.contracts",
        "contract",
        "a first contract from data; what a change of a contract breaks",
    ),
    CommandEntry(
        "Data", "repro", "pipeline.repro", "repro", "run the stages of the pipeline that changed, and only those"
    ),
    CommandEntry("Data", "lock", "pipeline.lock", "lock", "dvc.lock: is it current, merge it, commit it to a branch"),
    CommandEntry(
        "Compare",
        "compare",
        "comparison.compare",
        "compare",
        "the working tree's model against the champion, on the same rows",
    ),
    CommandEntry(
        "Compare",
        "experiments",
        "comparison.experiments",
        "experiments",
        "DVC experiments as a leaderboard on the same rows",
    ),
    CommandEntry("Compare", "review", "review.review", "review", "all checks of a pull request in one go"),
    CommandEntry(
        "Compare", "comment", "review.comment", "comment", "one comment below a pull request, kept up to date"
    ),
    CommandEntry(
        "Compare", "report", "comparison.report", "report", "the result of compare as markdown, terminal text or JSON"
    ),
    CommandEntry(
        "Registry", "show", "registry.registry", "show", "models, their versions and stages, and the evidence", True
    ),
    CommandEntry(
        "Registry", "history", "registry.registry", "history", "what happened in the registry, newest first", True
    ),
    CommandEntry(
        "Registry",
        "lineage",
        "lineage.lineage",
        "lineage",
        "what a version comes from; which versions a file went into",
    ),
    CommandEntry(
        "Registry", "diff", "lineage.lineage", "diff", "what differs between two versions, stages or revisions"
    ),
    CommandEntry("Registry", "register", "registry.registry", "register", "tag the model at a commit as a version"),
    CommandEntry(
        "Registry", "release", "registry.release", "release", "register what a commit changed, when its gates pass"
    ),
    CommandEntry("Registry", "promote", "registry.registry", "promote", "assign a version to a stage"),
    CommandEntry(
        "Registry", "rollback", "registry.registry", "rollback", "assign the version again that was in a stage before"
    ),
    CommandEntry(
        "Registry",
        "retire",
        "registry.retire",
        "retire",
        "take a model, a version or a stage out of use, and say why",
    ),
    CommandEntry("Registry", "ledger", "lineage.ledger", "ledger", "what happened, and whether it is still true"),
    CommandEntry(
        "Deploy", "deploy", "deployment.deploy", "deploy", "bring what runs to what is assigned, behind a health gate"
    ),
    CommandEntry(
        "Deploy",
        "rollout",
        "deployment.rollout",
        "rollout",
        "promote by policy, deploy, and roll back what does not serve",
    ),
    CommandEntry("Deploy", "status", "deployment.deploy", "status", "what should run, what runs, and how it is"),
    CommandEntry("Deploy", "serve", "deployment.serve", "serve", "one bundle, in the foreground"),
    CommandEntry("Deploy", "predict", "deployment.deploy", "predict", "query a served model, or a bundle"),
)

EPILOG = """\
Every command has --json, and --help with an example. Environment variables can replace
options and arguments: GITOPS_MLOPS_COMPARE_CHAMPION, GITOPS_MLOPS_COMPARE_MODEL.
Exit codes: 0 done and passed, 1 a verdict against, 2 wrong usage or configuration,
3 missing evidence, 4 an outside system failed, 70 a bug of ours, 130 interrupted."""


def reads_tags(name: str) -> bool:
    """Whether a command of this name does nothing without the tags."""
    return any(command.reads_tags for command in COMMANDS if command.name == name)


def help_text(program: str = "gitops-mlops") -> str:
    """The top-level help."""
    lines = [
        f"Usage: {program} [-C DIR] [-v] [--debug] [--github] COMMAND ...",
        "",
        "Git is the control plane for your models.",
    ]
    width = max((len(command.name) for command in COMMANDS), default=0)
    group = ""
    for command in COMMANDS:
        if command.group != group:
            group = command.group
            lines += ["", f"{group}:"]
        lines.append(f"  {command.name:<{width}}  {command.summary}")
    lines += [
        "",
        "Options:",
        "  -C DIR     run as if started in DIR",
        "  -v         log each step to standard error, -vv with details; before or after the command",
        "  --debug    show tracebacks",
        "  --github   annotate, set outputs and write the summary of a GitHub job",
        "  --version  print the version",
        "  --help     print this",
        "",
        EPILOG,
    ]
    return "\n".join(lines)
