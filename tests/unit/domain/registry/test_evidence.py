from __future__ import annotations

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitops_mlops.domain.registry.evidence import (
    MetricEvidence,
    VersionEvidence,
    escape,
    parse_trailers,
    unescape,
    write_message,
)

KEYS = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
VALUES = st.text(min_size=1, max_size=200)
TRAILERS = st.lists(st.tuples(KEYS, VALUES), min_size=1, max_size=8)


def read_by_git(message: str) -> list[str]:
    done = subprocess.run(
        ["git", "interpret-trailers", "--parse"], input=message.encode(), capture_output=True, check=True
    )
    # git's lines end with \n alone; splitlines would also end them at \x0b, \x85 and others.
    return done.stdout.decode().split("\n")[:-1]


@given(subject=st.text(), trailers=TRAILERS)
@example(subject="x", trailers=[("A", "1\nVerdict: pass"), ("B", " \r\n\n"), ("C", "\\n"), ("D", "\ud800\x00\u2028")])
@example(subject="---\n\nVerdict: pass", trailers=[("A", "-----BEGIN PGP SIGNATURE-----")])
def test_what_was_written_is_read(subject: str, trailers: list[tuple[str, str]]) -> None:
    message = write_message(subject, trailers)
    assert list(parse_trailers(message)) == trailers
    assert message.encode()


@settings(max_examples=20, deadline=None)
@given(trailers=TRAILERS)
def test_git_reads_the_same_trailers(trailers: list[tuple[str, str]]) -> None:
    message = write_message("Register m v1.0.0", trailers)
    assert read_by_git(message) == [f"{key}: {escape(value)}" for key, value in trailers]


@given(st.text())
def test_escaped_text_is_one_line_that_comes_back(value: str) -> None:
    line = escape(value)
    assert unescape(line) == value
    assert line.strip() == line
    assert line.splitlines() in ([], [line])


@given(st.text(alphabet="\\nrtxuU0123456789abcdef\n ", max_size=40))
def test_any_text_can_be_unescaped(value: str) -> None:
    unescape(value)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "subject only",
        "Verdict: pass",
        "subject\n\nprose about it",
        "subject\n\nVerdict: pass\nprose",
        "subject\nVerdict: pass",
    ],
)
def test_messages_without_trailers(message: str) -> None:
    assert parse_trailers(message) == ()
    assert read_by_git(message) == []


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("s\n\nbody\n\nA: 1\nB:2\n", [("A", "1"), ("B", "2")]),
        ("s\n\nA: 1\n  and more\n", [("A", "1 and more")]),
        ("s\n\nA : 1\n\n\n", [("A", "1")]),
        ("s\r\n\r\nA: 1\r\nB: 2\r\n", [("A", "1"), ("B", "2")]),
        ("s\n\nA: https://x:1/y?z=a: b\n", [("A", "https://x:1/y?z=a: b")]),
    ],
)
def test_messages_that_others_wrote(message: str, expected: list[tuple[str, str]]) -> None:
    assert list(parse_trailers(message)) == expected
    assert [line.partition(": ")[::2] for line in read_by_git(message.replace("\r\n", "\n"))] == expected


@pytest.mark.parametrize("kind", ["PGP SIGNATURE", "PGP MESSAGE", "SSH SIGNATURE", "SIGNED MESSAGE"])
def test_a_signature_is_no_part_of_the_message(kind: str) -> None:
    message = f"s\n\nVerdict: pass\n-----BEGIN {kind}-----\nabc\n\nVerdict: forged\n-----END {kind}-----\n"
    assert parse_trailers(message) == (("Verdict", "pass"),)


def test_a_key_with_two_meanings_has_none() -> None:
    evidence = VersionEvidence("s\n\nVerdict: pass\nverdict: block\nRun: 1\nRun: 1\n")
    assert (evidence.verdict, evidence.one("run"), evidence.all("VERDICT")) == ("", "1", ["pass", "block"])


def test_a_long_message_is_read() -> None:
    trailers = [(f"Data-MD5-{index}", "x" * 60) for index in range(1000)]
    assert list(parse_trailers(write_message("s", trailers))) == trailers


def test_metrics_and_data() -> None:
    metrics = [
        MetricEvidence("log_loss", 0.398, 0.39, 0.406, 0.412),
        MetricEvidence("recall", 1.0),
        MetricEvidence("rmse", 1e-07, None, None, -2.5),
    ]
    message = write_message("s", [*(("Metric", str(metric)) for metric in metrics), ("Data-MD5", "a=b.csv=00ff")])
    assert "Metric: log_loss=0.398 [0.39, 0.406] champion=0.412\n" in message
    assert VersionEvidence(message).metrics == metrics
    assert VersionEvidence(message).data_md5 == {"a=b.csv": "00ff"}
    assert VersionEvidence("s\n\nMetric: nonsense\nMetric: a=nan\nData-MD5: x\n").metrics == []


@given(
    st.builds(
        MetricEvidence,
        st.sampled_from(["roc_auc", "mae", "a=b"]),
        *[st.floats(allow_nan=False, allow_infinity=False)] * 4,
    )
)
def test_any_finite_metric_is_read_to_six_digits(metric: MetricEvidence) -> None:
    (found,) = VersionEvidence(write_message("s", [("Metric", str(metric))])).metrics
    assert found.name == metric.name
    assert found.value == pytest.approx(metric.value, rel=1e-5)
