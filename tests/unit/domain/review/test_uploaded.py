from __future__ import annotations

import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.review.uploaded import only_file


def zipped(content: bytes, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("review.json", content)
    return buffer.getvalue()


@given(st.binary(max_size=200), st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
def test_what_was_put_in_comes_out(content: bytes, compression: int) -> None:
    assert only_file(zipped(content, compression), "review.json", 200) == content


def refused_or_small(content: bytes, limit: int) -> None:
    with suppress(MissingEvidence):
        assert len(only_file(content, "review.json", limit)) <= limit


@given(st.binary(max_size=400))
def test_garbage_is_refused(content: bytes) -> None:
    refused_or_small(content, 100)


@given(
    st.binary(max_size=60),
    st.lists(st.tuples(st.integers(0, 250), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, 100),
)
def test_a_zip_that_somebody_bent_is_refused_or_within_the_limit(
    content: bytes, bent: list[tuple[int, int]], limit: int
) -> None:
    made = bytearray(zipped(content))
    for place, value in bent:
        made[place % len(made)] = value
    refused_or_small(bytes(made), limit)


@pytest.mark.parametrize("size", [99, 100, 101])
def test_the_limit_is_of_what_comes_out(size: int) -> None:
    content = zipped(b" " * size)
    if size <= 100:
        assert len(only_file(content, "review.json", 100)) == size
    else:
        with pytest.raises(MissingEvidence, match="more than 100 bytes"):
            only_file(content, "review.json", 100)
