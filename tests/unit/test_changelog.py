"""Fragments of the changelog have a form, and are collected below the heading of their kind."""

from __future__ import annotations

import pytest

from tests import changelog
from tests.changelog import collected, fragments, problem

BEFORE = (
    "# Changelog\n\n## [Unreleased]\n\n### Added\n- Old.\n\n### Fixed\n- Mended.\n\n"
    "## [0.1.0]\n\n### Added\n- First.\n"
)


def test_every_fragment_has_the_form() -> None:
    assert {name: said for name, text in fragments().items() if (said := problem(name, text))} == {}


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("a.added.md", "It can fly.\n", ""),
        ("a-b2.fixed.md", "`show` says so.\n", ""),
        ("a.new.md", "It can fly.\n", "name"),
        ("A_b.added.md", "It can fly.\n", "name"),
        ("a.added.md", "\n", "sentences"),
        ("a.added.md", "x" * 500, "sentences"),
        ("a.added.md", "- It can fly.\n", "bullet"),
        ("a.added.md", "See [this](x.md).\n", "link"),
        ("a.added.md", "It can fly\n", "full stop"),
    ],
)
def test_what_is_wrong_is_said(name: str, text: str, word: str) -> None:
    assert word in problem(name, text)
    assert bool(problem(name, text)) == bool(word)


def test_each_goes_below_its_kind_and_older_versions_stay() -> None:
    found = {
        "b.added.md": "Two.\n",
        "a.added.md": "One\nline.\n",
        "c.changed.md": "Other.\n",
        "d.security.md": "Safe.\n",
    }
    after = collected(BEFORE, found)
    assert after == (
        "# Changelog\n\n## [Unreleased]\n\n### Added\n- One line.\n- Two.\n- Old.\n\n### Changed\n- Other.\n\n"
        "### Fixed\n- Mended.\n\n### Security\n- Safe.\n\n## [0.1.0]\n\n### Added\n- First.\n"
    )
    assert collected(after, {}) == after


def test_our_changelog_can_be_added_to() -> None:
    whole = changelog.CHANGELOG.read_text("utf-8")
    after = collected(whole, {"x.removed.md": "A word that was there is gone now.\n"})
    assert after.replace("### Removed\n- A word that was there is gone now.\n", "", 1).split() == whole.split()
