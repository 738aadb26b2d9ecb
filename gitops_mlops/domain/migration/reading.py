"""What a job has of CML, and what of that can be translated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from gitops_mlops.domain.errors import FileProblemLine
from gitops_mlops.domain.migration import commands as known
from gitops_mlops.domain.migration.commands import CmlComment, CmlVerb
from gitops_mlops.domain.migration.script import changes_shell
from gitops_mlops.domain.migration.shell_script import ShellUnit, units
from gitops_mlops.domain.migration.step_text import TOKENS
from gitops_mlops.domain.migration.workflow_text import (
    WorkflowEntry,
    WorkflowJob,
    WorkflowStep,
    WorkflowText,
    scalars,
)

_IMAGE = re.compile(r"(?:docker://)?(?:ghcr\.io/)?(?:iterative/cml|iterativeai/cml|dvcorg/cml)\b")
_BY_HAND = {
    CmlVerb.PULL_REQUEST: ("cml pr opens a pull request", "keep cml for this line, or use gh pr create"),
    CmlVerb.TENSORBOARD: ("TensorBoard.dev is closed", "drop the line; upload the logs as an artifact"),
    CmlVerb.CHECK: ("cml makes a check of its own", "drop the line: our review's exit code is the job's check"),
    CmlVerb.RERUN: ("cml runs a workflow again", 'use gh run rerun "$GITHUB_RUN_ID"'),
    CmlVerb.PUBLISH: ("cml publishes a file, and no comment of this job shows it", "use actions/upload-artifact"),
    CmlVerb.OTHER: ("cml is called in a way that is not supported", "write it as a plain command, or do without"),
}
_KEEPS_CML = frozenset(
    {CmlVerb.PULL_REQUEST, CmlVerb.TENSORBOARD, CmlVerb.CHECK, CmlVerb.RERUN, CmlVerb.PUBLISH, CmlVerb.OTHER}
)


@dataclass
class MigrationFindings:
    """What a file leaves to do by hand, and what is good to know, with their lines."""

    name: str
    left: list[FileProblemLine] = field(default_factory=list)
    notes: list[FileProblemLine] = field(default_factory=list)

    def by_hand(self, line: int, message: str, hint: str) -> None:
        """Something that was not translated; `line` counts from 0."""
        self.left.append(FileProblemLine(self.name, line + 1, 1, "", message, hint))

    def note(self, line: int, message: str, hint: str = "") -> None:
        """Something to know; `line` counts from 0."""
        self.notes.append(FileProblemLine(self.name, line + 1, 1, "", message, hint))


@dataclass
class StepScript:
    """The script of step number `step`; its line 0 stands on line `first` of the file."""

    step: int
    first: int
    units: list[ShellUnit]
    block: bool


class JobReading:
    """A job of `text`, and what it asks of CML; what cannot be translated is added to `findings`."""

    def __init__(self, job: WorkflowJob, text: WorkflowText, findings: MigrationFindings) -> None:
        self.job, self.text, self.findings = job, text, findings
        self.scripts = list(self._read_scripts())
        self.verbs = {verb for script in self.scripts for unit in script.units for verb in known.of_cml(unit)}

    @property
    def uses_cml(self) -> bool:
        """Whether it has a command of CML, or the action that installs it."""
        return bool(self.verbs) or any(step.action == "iterative/setup-cml" for step in self.job.steps)

    def _read_scripts(self) -> Iterator[StepScript]:
        for number, step in enumerate(self.job.steps):
            run = step.entries.get("run")
            if run is None or not isinstance(run.value, yaml.ScalarNode):
                continue
            node = run.value
            if node.style == "|":
                yield StepScript(number, node.start_mark.line + 1, units(str(node.value)), block=True)
            elif node.start_mark.line == node.end_mark.line:
                yield StepScript(number, node.start_mark.line, units(str(node.value)), block=False)
            else:
                folded = [unit._replace(simple=False) for unit in units(str(node.value))]
                yield StepScript(number, node.start_mark.line, folded, block=False)

    def line(self, script: StepScript, unit: ShellUnit) -> int:
        """The line of the file on which the command itself begins: comments above it are of the unit."""
        line = script.first + unit.first
        while script.block and line + 1 < len(self.text.lines):
            words = self.text.lines[line].strip()
            if words and not words.startswith("#"):
                break
            line += 1
        return line

    def report_launcher(self) -> None:
        """Note the lines that start machines."""
        for script, unit in self.all_units():
            if CmlVerb.RUNNER in known.of_cml(unit):
                self.findings.note(
                    self.line(script, unit),
                    "cml runner starts a machine, and stays: labels and this job are as they were",
                    "a runner controller (Actions Runner Controller) does this without cml",
                )

    def all_units(self) -> Iterator[tuple[StepScript, ShellUnit]]:
        """Every unit with the script that it is of."""
        return ((script, unit) for script in self.scripts for unit in script.units)

    def calls(self) -> dict[int, CmlComment] | None:
        """The comments of the job by their units; None when one of them cannot be translated."""
        found: dict[int, CmlComment] = {}
        whole = True
        for script, unit in self.all_units():
            asked = [call for command in unit.commands if (call := known.cml(command)) and call[0] is CmlVerb.COMMENT]
            if not asked:
                continue
            comment = known.comment(asked[0][1])
            reasons = list(comment.reasons)
            before = script.units[: script.units.index(unit)]
            if any(command.words[:1] in (("cd",), ("pushd",)) for other in before for command in other.commands):
                reasons.append(("follows a cd", "give the step a working-directory instead"))
            plain = unit.simple and len(unit.commands) == 1 and not unit.commands[0].redirects
            if not plain and not reasons:
                reasons.append(("is part of a longer command", "put cml comment on a line of its own"))
            for what, advice in reasons:
                self.findings.by_hand(self.line(script, unit), f"cml comment {what}", advice)
            whole &= not reasons
            found[id(unit)] = comment
        return found if whole else None

    def report_remaining(self, *, commented: bool) -> bool:
        """Name what of CML is left; whether it still needs CML. `commented`: the comments are ours."""
        stays = CmlVerb.COMMENT in self.verbs and not commented
        for script, unit in self.all_units():
            for verb in sorted(known.of_cml(unit) & _KEEPS_CML, key=lambda verb: verb.value):
                if verb is CmlVerb.PUBLISH and commented and (unit.simple or known.draws_and_publishes(unit)):
                    continue
                stays = True
                self.findings.by_hand(self.line(script, unit), *_BY_HAND[verb])
        return self._tell_hidden() or stays

    def _tell_hidden(self) -> bool:
        """Name what may call CML out of our sight, as a target of make does; whether there is such a thing."""
        calling = {script.step for script, unit in self.all_units() if known.of_cml(unit)}
        hidden = [
            step.first
            for number, step in enumerate(self.job.steps)
            if number not in calling and "env" in step.entries and "run" in step.entries
            if any(token not in step.text("run") for token in TOKENS.intersection(scalars(step.entries["env"].value)))
        ]
        for line in hidden:
            hint = "put the cml command into the workflow, or take the token away, and run this again"
            self.findings.by_hand(
                line, "a script is given CML's token, and may call cml where migrate does not look", hint
            )
        installed = [step.first for step in self.job.steps if step.action == "iterative/setup-cml"]
        if installed and not self.verbs and not hidden:
            hint = "put the cml command into the workflow, or drop this step, and run this again"
            self.findings.by_hand(installed[0], "CML is installed, and nothing that we see calls it", hint)
        return bool(hidden) or not self.verbs

    def may_split(self, script: StepScript) -> bool:
        """Whether `dvc repro` in this script may become a step between what is before and after it."""
        step = self.job.steps[script.step]
        at = next(
            (i for i, unit in enumerate(script.units) if any(known.repro(one) is not None for one in unit.commands)),
            None,
        )
        if at is None:
            return False
        reason = ""
        if self.setting(step, "shell") not in ("", "bash", "sh"):
            reason = "it runs in a shell of its own"
        elif any(changes_shell(unit) for unit in script.units[:at]):
            reason = "the lines before it change the folder or the variables that it runs with"
        elif "id" in step.entries and len(script.units) > 1:
            reason = "its step has an id, and other lines"
        if reason:
            self.findings.note(self.line(script, script.units[at]), f"dvc repro stays as it is: {reason}")
        return not reason

    def setting(self, step: WorkflowStep, key: str) -> str:
        """The `working-directory` or `shell` of a step: its own, or by default of its job or workflow."""
        if key in step.entries:
            return step.text(key)
        for entries in (self.job.entries, self.text.entries):
            found = entries["defaults"].value.value if "defaults" in entries else []
            for name, value in found if isinstance(found, list) else []:
                if name.value == "run" and key in scalars(value):
                    return scalars(value)[key]
        return ""

    def report_image(self, *, dvc_stays: bool = False) -> bool:
        """Say what is to be done about CML's image, in which DVC is; whether the job can run without any."""
        container = self.image()
        if container is None:
            return False
        image = container.text or scalars(container.value)["image"]
        if self.uses_cml and container.text and "gpu" not in image:
            what = "CML's image is gone: the job runs on the runner itself"
            hint = "add actions/setup-python for a Python of your choice"
            if dvc_stays:
                hint += ", and iterative/setup-dvc for the lines of dvc that stay"
            self.findings.note(container.first, what, hint)
            return True
        hint = "name an image of your own, with Python 3.11 or newer, and the CUDA that you train with"
        self.findings.by_hand(container.first, f"the job runs in CML's image {image}", hint)
        return False

    def image(self) -> WorkflowEntry | None:
        """The job's `container:` when it is CML's image."""
        container = self.job.entries.get("container")
        if container is None:
            return None
        image = container.text or scalars(container.value).get("image", "")
        return container if _IMAGE.match(image) else None
