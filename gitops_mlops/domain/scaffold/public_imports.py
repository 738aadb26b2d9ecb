"""Pipelines that import the toolkit's inside, as templates of earlier versions did, brought to its public names."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator

_ERRORS = frozenset({"ConfigError", "ExternalError", "MissingEvidence", "MlopsError", "UsageError"})
# Where the templates' pipelines and the flagship's found them; `gitops_mlops` itself has each under the same name.
_EARLIER = {
    "gitops_mlops.domain.model": frozenset({"dump_model"}),
    "gitops_mlops.domain.comparison.model": frozenset({"dump_model"}),
    "gitops_mlops.domain.frames": frozenset({"to_pandas"}),
    "gitops_mlops.domain.comparison.frames": frozenset({"to_pandas"}),
    "gitops_mlops.domain.errors": _ERRORS,
}
# How the templates saved a model before `save_model` did; another name than that of a skops file it refuses.
_SAVED = re.compile(
    r"^(?P<indent>[ \t]*)(?P<path>\w+)\.parent\.mkdir\(parents=True, exist_ok=True\)\r?\n"
    r"(?P=indent)(?P=path)\.write_bytes\(dump_model\((?P<model>\w+)\)\)",
    re.MULTILINE,
)
_IMPORT = re.compile(r"^from gitops_mlops import dump_model(?=\r?$)", re.MULTILINE)


def with_public_imports(content: bytes) -> bytes:
    """A Python file that imports what earlier templates did from where it is now; all else stays as it is."""
    if b"gitops_mlops." not in content:
        return content
    try:
        text, tree = content.decode(), ast.parse(content)
    except (SyntaxError, ValueError):
        return content
    # Unlike `splitlines`, it ends lines where Python does.
    lines = list(io.StringIO(text, newline=""))
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.module not in _EARLIER:
            continue
        if {name.name for name in node.names} <= _EARLIER[node.module]:
            # Columns are counted in bytes, and what comes before an import is ASCII.
            line, at = lines[node.lineno - 1], node.col_offset
            found = re.compile(rf"from\s+{re.escape(node.module)}\b").match(line, at)
            if found:
                lines[node.lineno - 1] = f"{line[:at]}from gitops_mlops{line[found.end() :]}"
    return _with_save_model("".join(lines)).encode()


def private_imports(content: bytes) -> Iterator[tuple[int, str]]:
    """The line and the module of each import of the toolkit's inside in a Python file; none where it is no Python."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules = [node.module or ""]
        else:
            continue
        yield from ((node.lineno, module) for module in modules if module.startswith("gitops_mlops."))


def _with_save_model(text: str) -> str:
    """The two lines that saved a model as one, where nothing else is said of it."""
    found = _SAVED.search(text)
    if not found or not _IMPORT.search(text) or not _names_a_skops_file(text, found["path"]):
        return text
    text = (
        f"{text[: found.start()]}{found['indent']}save_model({found['model']}, {found['path']}){text[found.end() :]}"
    )
    once = len(re.findall(r"\bdump_model\b", text)) == 1
    names = "save_model" if once else "dump_model, save_model"
    return _IMPORT.sub(f"from gitops_mlops import {names}", text)


def _names_a_skops_file(text: str, name: str) -> bool:
    return bool(re.search(rf"^{name} = Path\((['\"]).*\.skops\1\)", text, re.MULTILINE))
