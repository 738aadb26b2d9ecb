"""DVC's configuration, read directly: the user's, the repository's and the clone's own, the later ones on top."""

from __future__ import annotations

import configparser
import os
import re
import sys
from pathlib import Path

from gitops_mlops.domain.doctor.setup import DvcRemote

_REMOTE = re.compile(r"""'?remote "(?P<name>[^"]+)"'?\Z""")
_TRUE = frozenset({"1", "on", "true", "yes"})


def dvc_remotes(root: Path) -> tuple[DvcRemote, ...]:
    """The remotes that DVC knows in the repository at `root`, by name. What cannot be read is left to DVC."""
    found: dict[str, DvcRemote] = {}
    for path in (_of_user(), root / ".dvc" / "config", root / ".dvc" / "config.local"):
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, configparser.Error):
            continue
        for section in parser.sections():
            if match := _REMOTE.match(section):
                name = match["name"]
                before = "true" if name in found and found[name].verify else "false"
                verify = parser.get(section, "verify", fallback=before)
                found[name] = DvcRemote(name, verify.strip().lower() in _TRUE)
    return tuple(found[name] for name in sorted(found))


def _of_user() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "dvc" / "config"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "dvc" / "config"
