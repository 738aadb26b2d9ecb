"""What is shown of many says how many it leaves out."""

from __future__ import annotations

import pytest

from gitops_mlops.domain.shortening import first_of, first_texts, left_out


@pytest.mark.parametrize(
    ("number", "words", "texts", "rest"),
    [
        (0, "", (), []),
        (2, "0, 1", ("0", "1"), []),
        (3, "0, 1 and 1 more", ("0", "and 2 more"), ["1 of 3 gates are left out"]),
        (1500, "0, 1 and 1,498 more", ("0", "and 1,499 more"), ["1,498 of 1,500 gates are left out"]),
    ],
)
def test_what_is_cut_says_how_much(number: int, words: str, texts: tuple[str, ...], rest: list[str]) -> None:
    names = [str(at) for at in range(number)]
    assert first_of(names, 2) == words
    assert first_texts(names, 2) == texts
    assert left_out(number, 2, "gates") == rest
