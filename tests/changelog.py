"""Collects the fragments of docs/changes into the changelog: `python -m tests.changelog`; docs/changes/README.md."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER, CHANGELOG = ROOT / "docs" / "changes", ROOT / "CHANGELOG.md"
KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")
NAME = re.compile(rf"[a-z0-9]+(?:-[a-z0-9]+)*\.({'|'.join(KINDS)})\.md")
UNRELEASED = "## [Unreleased]\n"
LONGEST = 400


def problem(name: str, text: str) -> str:
    """What is wrong with a fragment, "" when nothing is."""
    if not NAME.fullmatch(name):
        return f"its name is not SLUG.KIND.md, where KIND is one of {', '.join(KINDS)}"
    if not text.strip() or len(text) > LONGEST:
        return f"it has to hold one or two sentences, of at most {LONGEST} characters"
    if not text[:1].isalnum() and text[:1] != "`":
        return "it has to begin with its sentence, without a bullet, a heading or an empty line"
    if "](" in text:
        return "a link would be relative to another file in the changelog"
    return "" if text.rstrip().endswith(".") else "it has to end with a full stop"


def collected(changelog: str, fragments: Mapping[str, str]) -> str:
    """The changelog with the fragments (by name) below the headings of their kinds in what is unreleased."""
    head, mark, rest = changelog.partition(UNRELEASED)
    if not mark:
        raise ValueError("the changelog has no heading of what is unreleased")
    section, _, older = rest.partition("\n## ")
    older = f"\n## {older}" if older else ""
    for kind in KINDS:
        bullets = [_bullet(text) for name, text in sorted(fragments.items()) if name.endswith(f".{kind}.md")]
        if bullets:
            section = _placed(section, kind, "".join(bullets))
    return f"{head}{mark}{section}{older}"


def _placed(section: str, kind: str, bullets: str) -> str:
    heading = f"### {kind.capitalize()}\n"
    if heading in section:
        return section.replace(heading, heading + bullets, 1)
    later = [f"### {one.capitalize()}\n" for one in KINDS[KINDS.index(kind) + 1 :]]
    place = min((section.index(one) for one in later if one in section), default=None)
    if place is None:
        return f"{section.rstrip()}\n\n{heading}{bullets}"
    return f"{section[:place]}{heading}{bullets}\n{section[place:]}"


def _bullet(text: str) -> str:
    words = " ".join(text.split())
    return textwrap.fill(words, 120, initial_indent="- ", subsequent_indent="  ", break_long_words=False) + "\n"


def fragments() -> dict[str, str]:
    """The fragments in the folder, by name."""
    return {path.name: path.read_text("utf-8") for path in sorted(FOLDER.iterdir()) if path.name != "README.md"}


def main() -> int:
    """Collect, and remove what was collected; the exit code."""
    found = fragments()
    wrong = {name: said for name, text in found.items() if (said := problem(name, text))}
    for name, said in wrong.items():
        print(f"docs/changes/{name}: {said}", file=sys.stderr)
    if wrong:
        return 2
    CHANGELOG.write_text(collected(CHANGELOG.read_text("utf-8"), found), "utf-8")
    for name in found:
        (FOLDER / name).unlink()
    print(f"{len(found)} changes collected", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
