"""The reviewed list of types that a model file may hold."""

from __future__ import annotations

from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import ConfigError, FileProblemLine


def parse_trusted_types(content: str | bytes, name: str) -> frozenset[str]:
    """The reviewed list of types (`- sklearn.tree._tree.Tree`) that a model file may hold beside skops' own."""
    document = parse_yaml(content, name)
    if not isinstance(document.data, list) or not all(isinstance(item, str) for item in document.data):
        raise ConfigError([FileProblemLine(name, 1, 1, "", "must be a list of type names", "- package.module.Type")])
    return frozenset(document.data)
