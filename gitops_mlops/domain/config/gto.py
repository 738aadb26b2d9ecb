"""`.gto`, the file in which GTO users list the stages and types that their registry allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gitops_mlops.domain.errors import ConfigError, FileProblemLine, UsageError
from gitops_mlops.domain.names import is_name, suggest
from gitops_mlops.domain.shortening import quoted

if TYPE_CHECKING:
    from gitops_mlops.domain.document.yaml import YamlDocument

GTO_FILE = ".gto"

# Read without case, as GTO does; what the others say is for GTO alone.
_KEYS = (
    "autoload_enrichments",
    "config_file_name",
    "debug",
    "emojis",
    "enrichments",
    "index",
    "log_level",
    "stages",
    "types",
)


class GtoConfig(NamedTuple):
    """What is allowed; None allows everything, an empty list nothing."""

    stages: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None

    def require_stage(self, stage: str) -> None:
        """Raises UsageError for a stage that is not listed."""
        if self.stages is not None and stage not in self.stages:
            hint = suggest(stage, self.stages) or "add it under stages:"
            raise UsageError(f"lists no stage {stage!r}", where=GTO_FILE, hint=hint)

    def require_type(self, artifact: str, kind: str) -> None:
        """Raises UsageError for an artifact whose type in `dvc.yaml`, "" when it has none, is not listed."""
        if self.types is not None and kind not in self.types:
            said = f"is of type {kind!r}" if kind else "has no type in dvc.yaml"
            hint = f"allowed: {', '.join(self.types)}" if self.types else "list its type under types:"
            raise UsageError(f"{artifact} {said}, which types: does not allow", where=GTO_FILE, hint=hint)


def parse_gto_config(content: bytes | None) -> GtoConfig:
    """What the file says, everything when there is none. Raises ConfigError with every problem."""
    if content is None:
        return GtoConfig()
    # Most repositories have no such file, and `show` need not wait for YAML.
    from gitops_mlops.domain.document.yaml import parse_yaml

    document = parse_yaml(content, GTO_FILE)
    if document.data is None:
        return GtoConfig()
    if not isinstance(document.data, dict):
        raise ConfigError([document.problem((), "must be a mapping", "write stages: [staging, production]")])
    keys: dict[str, str] = {}
    problems: list[FileProblemLine] = []
    for key in document.data:
        if key.lower() not in _KEYS:
            problems.append(document.problem((key,), f"unknown key {key!r}", suggest(key.lower(), _KEYS)))
        elif keys.setdefault(key.lower(), key) != key:
            problems.append(document.problem((key,), f"the key {key!r} appears twice"))
    stages = _names(document, keys.get("stages"), problems)
    types = _names(document, keys.get("types"), problems)
    if problems:
        raise ConfigError(problems)
    return GtoConfig(stages, types)


def _names(document: YamlDocument, key: str | None, problems: list[FileProblemLine]) -> tuple[str, ...] | None:
    listed = document.data[key] if key is not None else None
    if key is None or listed is None:
        return None
    if not isinstance(listed, list):
        problems.append(document.problem((key,), "must be a list of names"))
        return None
    for index, name in enumerate(listed):
        if not isinstance(name, str) or not is_name(name):
            hint = "letters, digits, - _ /; first and last a letter or digit"
            problems.append(document.problem((key, index), f"{quoted(name)} is not a name", hint))
    return tuple(dict.fromkeys(str(name) for name in listed))
