"""Environment variables in place of options and arguments, so that an action passes its inputs without a script.

`compare --config-from X` is also `GITOPS_MLOPS_COMPARE_CONFIG_FROM=X`, an argument is called as its help calls it
(`GITOPS_MLOPS_COMPARE_MODEL`). What the command line gives goes first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import click
from click.core import ParameterSource

from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.names import suggest

PREFIX = "GITOPS_MLOPS"

_NAME = re.compile(r"[A-Z]+(?:[-_][A-Z]+)*")
_YES = ("true", "yes", "on", "1")
_NO = ("false", "no", "off", "0")

Given = dict[str, Any]


def prefix_of(*words: str) -> str:
    """What the variables of a command begin with: `contract diff` → `GITOPS_MLOPS_CONTRACT_DIFF_`."""
    return "".join(f"{word.replace('-', '_').upper()}_" for word in (PREFIX, *words))


def suffix_of(param: click.Parameter) -> str:
    """How its variable ends: the longest name of an option, or what help calls an argument."""
    if isinstance(param, click.Argument):
        named = _NAME.search(param.metavar or "")
        name = named[0] if named else str(param.name)
    else:
        name = max(param.opts, key=len).lstrip("-")
    return name.replace("-", "_").upper()


def given(command: click.Command, words: tuple[str, ...], environ: Mapping[str, str]) -> Given:
    """The values that variables give to a command, by parameter, as click's `default_map` wants them.

    An empty variable is as none. Several words are separated by line breaks. Raises UsageError for a flag that is
    neither true nor false, and for a variable of the command that no option has.
    """
    if isinstance(command, click.Group):
        return {name: given(inner, (*words, name), environ) for name, inner in command.commands.items()}
    prefix = prefix_of(*words)
    # A command whose name begins with another's (lock, lock-step) has variables of its own.
    unknown = {name: value for name, value in environ.items() if name.startswith(prefix) and value.strip()}
    found: Given = {}
    for param in command.params:
        value = unknown.pop(f"{prefix}{suffix_of(param)}", "")
        _put_first(param, f"{prefix}{suffix_of(param)}")
        if value and (taken := _value(param, value, f"{prefix}{suffix_of(param)}")) is not None:
            found[str(param.name)] = taken
    if unknown:
        name = min(unknown)
        known = [f"{prefix}{suffix_of(param)}" for param in command.params]
        raise UsageError(f"{' '.join(words)} has no such option", where=name, hint=suggest(name, known))
    return found


def _put_first(param: click.Parameter, variable: str) -> None:
    """Before another variable of the option, which click would ask before it asks us."""
    if param.envvar:
        others = [param.envvar] if isinstance(param.envvar, str) else list(param.envvar)
        param.envvar = [variable, *(other for other in others if other != variable)]


def _value(param: click.Parameter, value: str, variable: str) -> Any:
    if isinstance(param, click.Option) and param.is_flag:
        word = value.strip().lower()
        if word not in (*_YES, *_NO):
            raise UsageError(f"{value.strip()!r} is neither true nor false", where=variable)
        return None if word in _NO else True if param.is_bool_flag else param.flag_value
    if param.nargs == -1 or param.multiple:
        return tuple(line.strip() for line in value.splitlines() if line.strip())
    return value


def name_variable(error: click.ClickException) -> None:
    """Let an error about a value that a variable gave say the variable's name, and not the option's."""
    if not isinstance(error, click.BadParameter) or error.ctx is None or error.param is None:
        return
    if error.ctx.get_parameter_source(str(error.param.name)) is ParameterSource.DEFAULT_MAP:
        words = error.ctx.command_path.split()[1:]
        error.param_hint = f"{prefix_of(*words)}{suffix_of(error.param)}"
