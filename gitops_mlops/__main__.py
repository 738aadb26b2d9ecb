"""The program. `--help` and `--version` answer before anything heavier than a table is imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    words = sys.argv[1:]
    if words in ([], ["--help"], ["-h"]):
        from gitops_mlops.cli.commands import help_text

        sys.stdout.write(help_text() + "\n")
        return
    if words == ["--version"]:
        from gitops_mlops import __version__

        sys.stdout.write(f"gitops-mlops {__version__}\n")
        return
    from gitops_mlops.cli.app import run

    sys.exit(run(words))


if __name__ == "__main__":
    main()
