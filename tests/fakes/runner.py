"""How GitHub's runner reads a step: its commands and its files.

After actions/runner: `ActionCommandManager.cs` (commands, their properties, `stop-commands`), `ActionCommand.cs`
(what is a command, how it is unescaped) and `FileCommandManager.cs` (outputs; the delimiter is the line's rest).
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    data: str


def commands(log: str) -> list[Command]:
    """What a runner obeys of a log; both streams of a step, as one."""
    found: list[Command] = []
    token = ""
    for line in re.split(r"\r\n|[\n\r]", log):
        if (command := _command(line)) is None:
            continue
        if token:
            token = "" if command.name == token else token
        elif command.name == "stop-commands":
            token = command.data
        else:
            found.append(command)
    return found


def _command(line: str) -> Command | None:
    line = line.lstrip()
    if not line.startswith("::") or "::" not in line[2:]:
        return None
    head, _, data = line[2:].partition("::")
    name, _, rest = head.partition(" ")
    pairs = (part.partition("=") for part in rest.split(",") if "=" in part)
    properties = {key.strip(): _plain(value, ":,") for key, _, value in pairs}
    return Command(name, properties, _plain(data, ""))


def _plain(text: str, more: str) -> str:
    for character in (*more, "\n", "\r"):
        text = text.replace(f"%{ord(character):02X}", character)
    return text.replace("%25", "%")


def outputs(content: str) -> dict[str, str]:
    """What GITHUB_OUTPUT sets; ValueError for what the runner refuses."""
    found: dict[str, str] = {}
    lines = iter(content.split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            found[line[:equals]] = line[equals + 1 :]
        elif heredoc >= 0:
            name, _, delimiter = line.partition("<<")
            if not name or not delimiter:
                raise ValueError(line)
            value = []
            for inner in lines:
                if inner == delimiter:
                    break
                value.append(inner)
            else:
                raise ValueError(f"no end of {name}")
            found[name] = "\n".join(value)
        else:
            raise ValueError(line)
    return found
