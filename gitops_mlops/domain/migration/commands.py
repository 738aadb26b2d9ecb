"""What commands of CML and DVC in a script mean: those of every version of CML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from gitops_mlops.domain.migration.shell_script import ShellCommand, ShellUnit, program


class CmlVerb(Enum):
    """What a command of CML does."""

    COMMENT = "comment"
    PUBLISH = "publish"
    RUNNER = "runner"
    PULL_REQUEST = "pr"
    PREPARE = "ci"
    TENSORBOARD = "tensorboard"
    CHECK = "check"
    RERUN = "rerun"
    OTHER = "other"


_VERBS = {
    ("send-comment",): CmlVerb.COMMENT,
    ("comment", "create"): CmlVerb.COMMENT,
    ("comment", "update"): CmlVerb.COMMENT,
    ("publish",): CmlVerb.PUBLISH,
    ("asset", "publish"): CmlVerb.PUBLISH,
    ("runner",): CmlVerb.RUNNER,
    ("pr",): CmlVerb.PULL_REQUEST,
    ("ci",): CmlVerb.PREPARE,
    ("repo", "prepare"): CmlVerb.PREPARE,
    ("tensorboard",): CmlVerb.TENSORBOARD,
    ("tensorboard-dev",): CmlVerb.TENSORBOARD,
    ("check",): CmlVerb.CHECK,
    ("send-github-check",): CmlVerb.CHECK,
    ("workflow", "rerun"): CmlVerb.RERUN,
    ("rerun-workflow",): CmlVerb.RERUN,
}
_HIDDEN = re.compile(r"(?:\$\(|`)\s*cml[\s-]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def cml(command: ShellCommand) -> tuple[CmlVerb, tuple[str, ...]] | None:
    """What a command asks of CML, and the words after that; None for one of another program."""
    words = program(command.words)
    if any(_HIDDEN.search(word) for word in words):
        return CmlVerb.OTHER, ()
    if not words or not (words[0] in ("cml", "@dvcorg/cml") or words[0].startswith("cml-")):
        return None
    rest = (words[0].removeprefix("cml-"), *words[1:]) if words[0].startswith("cml-") else words[1:]
    for length in (2, 1):
        if verb := _VERBS.get(rest[:length]):
            return verb, rest[length:]
    return CmlVerb.OTHER, rest


def of_cml(unit: ShellUnit) -> set[CmlVerb]:
    """All that a unit asks of CML, however deep in it."""
    return {found[0] for command in unit.commands if (found := cml(command))}


@dataclass(frozen=True)
class CmlComment:
    """A `cml comment`: its markdown file, the title of its watermark, and the pull request that it names.

    `reasons` say what of it cannot be translated: what it is, and what to do.
    """

    report: str
    title: str = ""
    number: str = ""
    images: bool = False
    reasons: tuple[tuple[str, str], ...] = ()


_VALUES = frozenset(
    {"target", "commit-sha", "head-sha", "publish-url", "watermark-title", "trigger-file"}
    | {"driver", "repo", "token", "log", "title", "conclusion", "status", "url", "mime-type"}
)
_SWITCHES = frozenset(
    {"pr", "publish", "native", "publish-native", "gitlab-uploads", "update", "watch", "rm-watermark", "md"}
)
_SHORT = {"-t": "title", "-u": "url"}
_DROPPED = frozenset(
    {"publish", "native", "publish-native", "publish-url", "gitlab-uploads", "update", "rm-watermark", "log", "pr"}
    | {"commit-sha", "head-sha", "token"}
)
_OWN_REPOSITORY = ("$GITHUB_REPOSITORY", "${GITHUB_REPOSITORY}", "${{ github.repository }}", "${{github.repository}}")


def options(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Options as CML's own parser reads them (`--a b`, `--a=b`, `--no-a`, `--camelCase`), and what is no option."""
    found: dict[str, str] = {}
    others: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in _SHORT:
            word = f"--{_SHORT[word]}"
        if not word.startswith("--"):
            others.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        name = _CAMEL.sub("-", name).lower()
        if name.removeprefix("no-") in _SWITCHES and name.startswith("no-"):
            name, value, equals = name.removeprefix("no-"), "false", "="
        takes = name in _VALUES or bool(rest and name in _SWITCHES and rest[0] in ("true", "false"))
        if not equals and takes and rest:
            value = rest.pop(0)
        found[name] = value or "true"
    return found, others


def comment(words: Sequence[str]) -> CmlComment:
    """What `cml comment create|update` is told by these words."""
    found, others = options(words)
    found = {name: value for name, value in found.items() if value != "false"}
    reasons = [] if len(others) == 1 else [("takes one markdown file", "name the file, and run this again")]
    target, _, number = found.pop("target", "pr").partition("/")
    title = found.pop("watermark-title", "")
    if target in ("commit", "issue") or (number and not (number.isdigit() or number.startswith("${{"))):
        reasons.append((f"comments on a {target}, ours on the pull request", "keep cml for this one, or drop it"))
    if found.pop("driver", "github") != "github":
        reasons.append(("comments on another forge than GitHub", "keep cml for this one"))
    if (repository := found.pop("repo", "")) and not repository.endswith(_OWN_REPOSITORY):
        reasons.append(("comments in another repository", "keep cml for this one"))
    if "watch" in found or "trigger-file" in found:
        reasons.append(
            ("is updated while it trains", "end the training, then run cml comment update: drop --watch and the &")
        )
    known = _DROPPED | {"watch", "trigger-file"}
    if unknown := sorted(found.keys() - known):
        reasons.append((f"has the option --{unknown[0]}, which we do not know", "drop it, and run this again"))
    if "$" in title.replace("${{", ""):
        reasons.append(("has a title that the script makes", "write it out, or as an expression ${{ … }}"))
    report = others[0].removeprefix("./") if others else ""
    return CmlComment(report, expressions(title), number, found.get("publish") is not None, tuple(reasons))


def expressions(title: str) -> str:
    """A title with CML's placeholders as what they stand for on GitHub."""
    return title.replace("{workflow}", "${{ github.workflow }}").replace("{run}", "${{ github.run_id }}")


# Of `dvc repro`: what our repro does anyway, or does not change what it makes.
_REPRO_IS_OURS = frozenset({"--pull", "--allow-missing", "-v", "-q", "--verbose", "--quiet", "--no-run-cache"})
_PULL_IS_OURS = frozenset({"--run-cache", "-v", "-q", "--verbose", "--quiet", "-j", "--jobs", "-f", "--force"})
_REPORTED = frozenset({"diff", "show"})


def repro(command: ShellCommand) -> tuple[str, ...] | None:
    """The stages of a `dvc repro` that is nothing more; None for anything else."""
    if command.words[:2] != ("dvc", "repro") or command.redirects:
        return None
    stages = [word for word in command.words[2:] if not word.startswith("-")]
    rest = set(command.words[2:]) - set(stages)
    return tuple(stages) if rest <= _REPRO_IS_OURS and not any("$" in stage for stage in stages) else None


def pulls(command: ShellCommand) -> bool:
    """Whether it is a `dvc pull` from the default remote, and nothing more."""
    flags = {word.partition("=")[0] for word in command.words[2:] if word.startswith("-")}
    return command.words[:2] == ("dvc", "pull") and not command.redirects and flags <= _PULL_IS_OURS


def tells_change(command: ShellCommand) -> bool:
    """Whether it writes what a review says anyway: metrics, parameters and plots, and how they changed."""
    words = command.words
    return (
        len(words) > 2 and words[0] == "dvc" and words[1] in ("metrics", "params", "plots") and words[2] in _REPORTED
    )


def draws(command: ShellCommand) -> tuple[str, str] | None:
    """(from, to) of the drawing of a Vega file, by what CML installs for that."""
    if not command.words or command.words[0] not in ("vl2png", "vl2svg", "vg2png", "vg2svg"):
        return None
    files = [word for word in command.words[1:] if not word.startswith("-") and not word.replace(".", "").isdigit()]
    target = command.written() or files[1:]
    return (files[0] if files else "", target[0] if target else "")


def draws_and_publishes(unit: ShellUnit) -> tuple[str, str] | None:
    """`draws` of a unit that pipes a drawing into `cml publish`."""
    if not unit.piped or len(unit.commands) != 2:
        return None
    asked = cml(unit.commands[1])
    return draws(unit.commands[0]) if asked and asked[0] is CmlVerb.PUBLISH else None


_IMAGE = re.compile(r"!\[[^\]]*\]\(\s*([^)\s]+)(?:\s+\"[^\"]*\")?\s*\)")


def images(text: str) -> list[str]:
    """The local image files that a line of markdown shows."""
    return [
        path.removeprefix("./") for path in _IMAGE.findall(text) if "://" not in path and not path.startswith("data:")
    ]


def only_images(text: str) -> bool:
    """Whether a line of markdown is nothing but images."""
    return bool(_IMAGE.search(text)) and not _IMAGE.sub("", text).strip()


_INSTALLERS = (("pip", "install"), ("pip3", "install"), ("uv", "pip", "install"), ("python", "-m", "pip", "install"))
_INSTALLED_ANYWAY = re.compile(r"(?:pip|setuptools|wheel|uv|dvc)\b")


def requirements(command: ShellCommand) -> tuple[list[str], list[str]]:
    """The requirements files that it installs, and what else: packages that no such file names."""
    words = program(command.words)
    length = next((len(one) for one in _INSTALLERS if words[: len(one)] == one), None)
    files: list[str] = []
    others: list[str] = []
    rest = list(words[length:]) if length else []
    while rest:
        word = rest.pop(0)
        if word in ("-r", "--requirement") and rest:
            files.append(rest.pop(0).removeprefix("./"))
        elif word.startswith("--requirement="):
            files.append(word.partition("=")[2].removeprefix("./"))
        elif not word.startswith("-") and not _INSTALLED_ANYWAY.match(word):
            others.append(word)
    return files, others


_CML_PACKAGES = re.compile(r"(?:@dvcorg/cml|vega-cli|vega-lite|vega|canvas)(?:@[\w.^~-]+)?\Z")


def installs_cml(command: ShellCommand) -> bool:
    """Whether it installs CML by npm, and nothing else but what CML draws with."""
    words = program(command.words)
    if words[:1] != ("npm",) or len(words) < 2 or words[1] not in ("install", "i", "add"):
        return False
    packages = [word for word in words[2:] if not word.startswith("-")]
    return any("@dvcorg/cml" in one for one in packages) and all(map(_CML_PACKAGES.match, packages))
