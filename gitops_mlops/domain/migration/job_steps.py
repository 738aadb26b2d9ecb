"""One job of a CML workflow as one of ours: the steps that change, and what is left to do by hand."""

from __future__ import annotations

import re

from gitops_mlops.domain.migration import commands as known
from gitops_mlops.domain.migration.commands import CmlComment, CmlVerb
from gitops_mlops.domain.migration.grants import JobGrants
from gitops_mlops.domain.migration.reading import JobReading, StepScript
from gitops_mlops.domain.migration.script import PieceFate, ScriptPiece, ScriptPlan, plan
from gitops_mlops.domain.migration.shell_script import ShellUnit
from gitops_mlops.domain.migration.step_text import (
    TOKENS,
    UPLOAD,
    ActionSource,
    StepFrame,
    action_step,
    condition,
    drop_token,
    environment,
    listed,
    project_step,
)
from gitops_mlops.domain.migration.workflow_text import WorkflowStep

_SETUPS = frozenset({"iterative/setup-cml", "iterative/setup-dvc"})
_EVENT = "github.event_name == 'pull_request'"
_ALWAYS = "!cancelled()"
_FORK = "github.event.pull_request.head.repo.full_name == github.repository"


class JobTranslation:
    """The translation of one job: edits of the text that it was read from."""

    def __init__(self, reading: JobReading, toolkit: ActionSource, *, only_pull_requests: bool) -> None:
        self._reading, self._toolkit, self._only_pull_requests = reading, toolkit, only_pull_requests
        self._job, self._text, self._scripts = reading.job, reading.text, reading.scripts
        self.keeps_cml = False

    def translate(self) -> bool:
        """Make the edits; whether the job comments by us now. Raises NotEditable when it allows none."""
        if not self._reading.uses_cml:
            return False
        if CmlVerb.RUNNER in self._reading.verbs:
            self.keeps_cml = True
            self._reading.report_launcher()
            return False
        comments = self._reading.calls() or {}
        self.keeps_cml = self._reading.report_remaining(commented=bool(comments))
        repro = {script.step for script in self._scripts if self._reading.may_split(script)}
        made = plan([(one.step, one.units) for one in self._scripts], comments, repro=repro)
        self._set_up(made)
        for number, step in enumerate(self._job.steps):
            pieces = made.of(number)
            if any(piece.fate is not PieceFate.KEEP for piece in pieces):
                self._text.replace(step.first, step.last, self._rewritten(step, pieces, made, comments))
        if comments:
            self._around(made)
        return bool(comments)

    def _set_up(self, made: ScriptPlan) -> None:
        """Our set-up in the place of CML's and DVC's, after the checkout and the choice of Python."""
        steps = self._job.steps
        if self.keeps_cml and all(piece.fate is PieceFate.KEEP for piece in made.pieces):
            return
        there = any(step.action == self._action("setup") for step in steps)
        needed = [i for i, step in enumerate(steps) if step.action in ("actions/checkout", "actions/setup-python")]
        leaving = [i for i, step in enumerate(steps) if step.action in _SETUPS and not self._stays(step, made)]
        late = [i for i in leaving if i > max(needed, default=-1)]
        if not there and not late and not needed:
            return
        place = None if there else (late or [max(needed)])[0]
        for number in leaving:
            if number == place:
                self._text.replace(steps[number].first, steps[number].last, self._our_setup(steps[number]))
            else:
                self._text.replace(steps[number].first, steps[number].last, [])
                self._take_blank_line(steps[number])
        if place is not None and place not in leaving:
            self._text.replace(steps[place].last, steps[place].last, self._our_setup(steps[place]))

    def _stays(self, step: WorkflowStep, made: ScriptPlan) -> bool:
        if step.action == "iterative/setup-cml":
            return self.keeps_cml
        return self._dvc_stays(made)

    def _dvc_stays(self, made: ScriptPlan) -> bool:
        return any(piece.fate is PieceFate.KEEP and "dvc" in piece.runs() for piece in made.pieces)

    def _our_setup(self, step: WorkflowStep) -> list[str]:
        frame = StepFrame(step.dash, step.text("if") if step.action in _SETUPS else "")
        inputs: list[tuple[str, str]] = []
        if any(other.action == "actions/setup-python" for other in self._job.steps):
            # The job has chosen one, and what its scripts installed is there.
            inputs.append(("python-version", ""))
        if (files := self._requirements()) not in ([], ["requirements.txt"]):
            inputs.append(("requirements", listed(files)))
        return action_step(frame, "Set up gitops-mlops", self._toolkit.uses("setup"), inputs)

    def _requirements(self) -> list[str]:
        """The requirements files that the job installs; what else it installs for its pipeline is noted."""
        files: list[str] = []
        for script, unit in self._reading.all_units():
            for command in unit.commands:
                found, others = known.requirements(command)
                folder = self._folder(self._job.steps[script.step])
                files += [f"{folder}/{file}" if folder else file for file in found]
                if others:
                    what = f"our actions run without {', '.join(others)}: this line installs it elsewhere"
                    hint = "put it into a requirements file, and name that in requirements of our setup"
                    self._reading.findings.note(self._reading.line(script, unit), what, hint)
        return list(dict.fromkeys(files))

    def _action(self, verb: str) -> str:
        return self._toolkit.uses(verb).partition("@")[0].lower()

    def _take_blank_line(self, step: WorkflowStep) -> None:
        """A step that goes takes one blank line above it along, when another one follows."""
        lines = self._text.lines
        above = step.first > 0 and not lines[step.first - 1].strip()
        if above and (step.last >= len(lines) or not lines[step.last].strip()):
            self._text.replace(step.first - 1, step.first, [])

    def _rewritten(
        self, step: WorkflowStep, pieces: list[ScriptPiece], made: ScriptPlan, comments: dict[int, CmlComment]
    ) -> list[str]:
        script = next(one for one in self._scripts if one.step == pieces[0].step)
        lines: list[str] = []
        kept: list[str] = []
        groups = 0
        frame = StepFrame(step.dash, step.text("if"), environment(step, self._text.lines), self._folder(step))
        for piece in pieces:
            raw = self._raw(script, piece.unit)
            if piece.fate is PieceFate.KEEP:
                kept += raw
            elif piece.fate is PieceFate.REPRO:
                if kept:
                    lines += self._project_step(step, kept, groups)
                    groups, kept = groups + 1, []
                # As it was: CML's users train in CI, whatever `training:` of mlops.yaml says, and their own lines
                # read what is there afterwards.
                inputs = [
                    ("ci", "false"),
                    ("allow-missing", "false"),
                    *([("stage", listed(piece.stages))] if piece.stages else []),
                ]
                lines += action_step(frame, "Reproduce the pipeline", self._toolkit.uses("repro"), inputs)
        if kept:
            lines += self._project_step(step, kept, groups)
        first = next(iter(comments), None)
        for piece in pieces:
            if piece.comment is not None:
                lines += self._report_steps(step, piece.comment, made, first=id(piece.unit) == first)
        return lines

    def _folder(self, step: WorkflowStep) -> str:
        return self._reading.setting(step, "working-directory")

    def _raw(self, script: StepScript, unit: ShellUnit) -> list[str]:
        """The lines of a unit as they stand in the file; the one line of a script that is no block."""
        if script.block:
            return self._text.lines[script.first + unit.first : script.first + unit.last]
        step = self._job.steps[script.step]
        return [f"{' ' * (step.dash + 4)}{step.text('run').strip()}"]

    def _project_step(self, step: WorkflowStep, script: list[str], group: int) -> list[str]:
        while script and not script[0].strip():
            script = script[1:]
        while script and not script[-1].strip():
            script = script[:-1]
        whole = "\n".join(script)
        tokens = any(token in whole for token in TOKENS) or re.search(r"(?:^|[\s;&|(`])cml[\s-]", whole) is not None
        drop = frozenset({"id", "name"}) if group else frozenset()
        if not step.entries["run"].block:
            lines = list(self._text.lines)
            run = step.entries["run"]
            pad = lines[run.first][: run.column]
            lines[run.first : run.last] = [f"{pad}run: |", *[""] * (run.last - run.first - 1)]
            return project_step(step, lines, script, tokens=tokens, drop=drop)
        return project_step(step, self._text.lines, script, tokens=tokens, drop=drop)

    def _report_steps(self, step: WorkflowStep, comment: CmlComment, made: ScriptPlan, *, first: bool) -> list[str]:
        """What stands for a comment: the project's own markdown, and once a job the review and its comment."""
        own = step.text("if")
        number = [("pull-request", comment.number)] if comment.number else []
        lines: list[str] = []
        if comment.report in made.own:
            title = [("title", comment.title)] if comment.title else []
            told = StepFrame(step.dash, condition(own, _FORK), folder=self._folder(step))
            inputs = [("markdown", comment.report), *title, *number]
            lines += action_step(told, f"Comment with {comment.report}", self._toolkit.uses("comment"), inputs)
        return lines + (self._review_steps(step, number, made) if first else [])

    def _review_steps(self, step: WorkflowStep, number: list[tuple[str, str]], made: ScriptPlan) -> list[str]:
        """The review, which tells of what failed before it too; then what shows it, whatever its verdict."""
        own = step.text("if")
        around = f"{own} {self._job.entries['if'].text if 'if' in self._job.entries else ''}"
        asked = "" if self._only_pull_requests or _EVENT in around else _EVENT
        folder, images = self._data_folder(step), self._folder(step)
        review = StepFrame(step.dash, condition(_ALWAYS, own, asked), self._data_environment(), folder)
        told = StepFrame(step.dash, condition(_ALWAYS, own, _FORK), folder=folder)
        pages = f"{folder}/reports" if folder else "reports"
        files = [pages, *(f"{images}/{image}" if images else image for image in made.images)]
        return [
            *action_step(review, "Review the change", self._toolkit.uses("review")),
            *action_step(told, "Comment on the pull request", self._toolkit.uses("comment"), number),
            *self._upload(StepFrame(step.dash, condition(_ALWAYS, own)), files),
        ]

    def _upload(self, frame: StepFrame, files: list[str]) -> list[str]:
        """Plots are no part of a comment: the pages of the review, and the images that CML would have published."""
        # Two jobs of a matrix cannot upload under one name.
        leg = "-${{ strategy.job-index }}" if "strategy" in self._job.entries else ""
        inputs = [("name", f"report-${{{{ github.job }}}}{leg}"), ("path", listed(files))]
        return action_step(frame, "Keep the plots", UPLOAD, [*inputs, ("if-no-files-found", "ignore")])

    def _data_folder(self, step: WorkflowStep) -> str:
        """Where dvc.yaml is: the folder of what ran DVC, else of the comment."""
        return next((self._folder(self._job.steps[number]) for number in self._asking()), self._folder(step))

    def _asking(self) -> list[int]:
        """The steps that ask DVC for something."""
        return [
            script.step
            for script in self._scripts
            if any("dvc" in command.words[:1] for unit in script.units for command in unit.commands)
        ]

    def _data_environment(self) -> tuple[tuple[str, str], ...]:
        """The variables of all steps that asked DVC for data: a review asks it too."""
        asking = self._asking()
        found: dict[str, str] = {}
        for number, step in enumerate(self._job.steps):
            if number in asking or step.action == self._action("repro"):
                found |= dict(environment(step, self._text.lines))
        return tuple(found.items())

    def _around(self, made: ScriptPlan) -> None:
        """What stands above the steps: the image, the token, what the job may do, and how deep it is checked out."""
        grants = JobGrants(self._job, self._text, self._reading.findings)
        grants.fetch_all()
        grants.python()
        if not self.keeps_cml:
            drop_token(self._text, self._job.entries.get("env"))
            image = self._reading.image()
            if image is not None and self._reading.report_image(dvc_stays=self._dvc_stays(made)):
                self._text.replace(image.first, image.last, [])
        kept = "\n".join(
            line
            for script in self._scripts
            for piece in made.of(script.step)
            if piece.fate is PieceFate.KEEP
            for line in self._raw(script, piece.unit)
        )
        grants.permit(kept)
