"""The program. `--help` and `--version` answer before anything heavier than a table is imported."""

from __future__ import annotations

import gc
import os
import sys

from gitops_mlops.cli.streams import prepare, write


def main() -> None:
    """Run the command line and exit with its code."""
    # What a command reads, it holds to its end: looking for garbage again and again only takes time.
    gc.set_threshold(50_000, 20, 100)
    prepare()
    try:
        sys.exit(_answer(sys.argv[1:]))
    except KeyboardInterrupt:
        # While modules are imported; later on `run` says it.
        sys.stderr.write("error: interrupted\n")
        sys.exit(130)


def _answer(words: list[str]) -> int:
    if words in ([], ["--help"], ["-h"]):
        from gitops_mlops.cli.commands import help_text

        answer = help_text()
    elif words == ["--version"]:
        from gitops_mlops import __version__

        answer = f"gitops-mlops {__version__}"
    else:
        return _run(words)
    try:
        write(f"{answer}\n")
    except Exception as error:
        from gitops_mlops.cli.app import fail

        return fail(error)
    return 0


def _run(words: list[str]) -> int:
    from gitops_mlops.cli.commands import reads_tags

    tags = None
    if reads_tags(words[0]) and not os.environ.get("GITOPS_MLOPS_FOLDER"):
        from contextlib import suppress
        from pathlib import Path

        from gitops_mlops.bootstrap import begin_tags
        from gitops_mlops.domain.errors import MlopsError

        # Git reads while the rest is imported. Should it fail, the command finds out why.
        with suppress(MlopsError):
            tags = begin_tags(Path())
    from gitops_mlops.cli.app import run

    return run(words, tags)


if __name__ == "__main__":
    main()
