"""Commands of CML in every version, and workflows that nobody has seen."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import ConfigError
from gitops_mlops.domain.migration.cml import TranslationTerms, WorkflowTranslation, translate
from gitops_mlops.domain.migration.commands import CmlVerb, cml, comment, installs_cml, pulls, repro, requirements
from gitops_mlops.domain.migration.shell_script import ShellCommand
from gitops_mlops.domain.migration.step_text import ActionSource, condition, scalar

TERMS = TranslationTerms(ActionSource("OWNER/gitops-mlops", "b" * 40))


def command(text: str) -> ShellCommand:
    return ShellCommand(tuple(text.split()))


def translated(text: str) -> WorkflowTranslation:
    return translate(text, "cml.yml", TERMS)


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("cml comment create report.md", CmlVerb.COMMENT),
        ("cml comment update report.md", CmlVerb.COMMENT),
        ("cml send-comment report.md", CmlVerb.COMMENT),
        ("cml-send-comment report.md", CmlVerb.COMMENT),
        ("npx --yes @dvcorg/cml comment create report.md", CmlVerb.COMMENT),
        ("cml publish plot.png --md", CmlVerb.PUBLISH),
        ("cml-publish plot.png --md", CmlVerb.PUBLISH),
        ("cml asset publish plot.png", CmlVerb.PUBLISH),
        ("cml runner launch --cloud=aws", CmlVerb.RUNNER),
        ("cml-runner --labels=cml", CmlVerb.RUNNER),
        ("cml pr create .", CmlVerb.PULL_REQUEST),
        ("cml-pr .", CmlVerb.PULL_REQUEST),
        ("cml ci --unshallow", CmlVerb.PREPARE),
        ("cml repo prepare --fetch-depth=0", CmlVerb.PREPARE),
        ("cml-tensorboard-dev --logdir logs", CmlVerb.TENSORBOARD),
        ("cml tensorboard connect", CmlVerb.TENSORBOARD),
        ("cml check create report.md", CmlVerb.CHECK),
        ("cml-send-github-check report.md", CmlVerb.CHECK),
        ("cml workflow rerun", CmlVerb.RERUN),
        ("cml rerun-workflow", CmlVerb.RERUN),
        ("cml --version", CmlVerb.OTHER),
        ("echo $(cml publish plot.png)", CmlVerb.OTHER),
        ("URL=`cml publish plot.png`", CmlVerb.OTHER),
    ],
)
def test_a_command_of_any_version_is_known(text: str, verb: CmlVerb) -> None:
    found = cml(command(text) if "$(" not in text and "`" not in text else ShellCommand((text,)))
    assert found is not None
    assert found[0] is verb


@pytest.mark.parametrize("text", ["echo cml comment create", "python cml-train.py", "cmlx comment", "dvc repro"])
def test_another_programs_command_is_not_cmls(text: str) -> None:
    assert cml(command(text)) is None


@pytest.mark.parametrize(
    ("words", "report", "title", "number"),
    [
        (["report.md"], "report.md", "", ""),
        (["./a/report.md", "--publish", "--pr", "--update"], "a/report.md", "", ""),
        (["--publish", "false", "report.md"], "report.md", "", ""),
        (["--watermark-title", "a b", "report.md"], "report.md", "a b", ""),
        (["--watermarkTitle=x {run}", "report.md"], "report.md", "x ${{ github.run_id }}", ""),
        (["report.md", "--watermark-title={workflow}"], "report.md", "${{ github.workflow }}", ""),
        (["--target=pr/17", "report.md"], "report.md", "", "17"),
        (["--driver", "github", "--token", "t", "--log=debug", "--head-sha=HEAD", "report.md"], "report.md", "", ""),
        (["--repo=https://github.com/$GITHUB_REPOSITORY", "--rm-watermark", "--no-publish", "r"], "r", "", ""),
    ],
)
def test_what_a_comment_is_told_is_kept(words: list[str], report: str, title: str, number: str) -> None:
    found = comment(words)
    assert (found.report, found.title, found.number, found.reasons) == (report, title, number, ())


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ([], "one markdown file"),
        (["a.md", "b.md"], "one markdown file"),
        (["--target=commit", "a.md"], "on a commit"),
        (["--target=issue/3", "a.md"], "on a issue"),
        (["--target=pr/$N", "a.md"], "on a pr"),
        (["--driver=gitlab", "a.md"], "another forge"),
        (["--repo=https://github.com/a/b", "a.md"], "another repository"),
        (["--watch", "a.md"], "while it trains"),
        (["--trigger-file=x", "a.md"], "while it trains"),
        (["--sparkle", "a.md"], "--sparkle"),
        (["--watermark-title=$TITLE", "a.md"], "title that the script makes"),
    ],
)
def test_what_has_no_counterpart_is_named_with_what_to_do(words: list[str], what: str) -> None:
    (reason,) = comment(words).reasons
    assert what in reason[0]
    assert reason[1]


def test_what_dvc_is_told_decides_whether_we_do_the_same() -> None:
    assert repro(command("dvc repro")) == ()
    assert repro(command("dvc repro --pull train -v eval")) == ("train", "eval")
    assert repro(command("dvc repro -f")) is None
    assert repro(command("dvc repro $STAGE")) is None
    assert repro(ShellCommand(("dvc", "repro"), ((">", "log"),))) is None
    assert pulls(command("dvc pull data --run-cache -j 4"))
    assert not pulls(command("dvc pull -r other"))
    assert not pulls(command("dvc push"))


def test_what_pip_installs_is_files_and_others() -> None:
    assert requirements(command("python -m pip install -U pip -r ./a.txt --requirement=b.txt")) == (
        ["a.txt", "b.txt"],
        [],
    )
    assert requirements(command("uv pip install dvc[s3] -e .")) == ([], ["."])
    assert requirements(command("npm install x")) == ([], [])
    assert installs_cml(command("sudo npm i -g @dvcorg/cml vega-cli@5"))
    assert not installs_cml(command("npm i -g @dvcorg/cml prettier"))


@given(st.text(max_size=40))
def test_a_value_reads_back_as_it_was_written(value: str) -> None:
    if value.isprintable():
        assert yaml.safe_load(f"key: {scalar(value)}") == {"key": value}


def test_conditions_are_joined_without_changing_what_they_mean() -> None:
    assert condition("", "") == ""
    assert condition("a") == condition("${{ a }}") == "${{ a }}"
    assert condition("a || b", "${{ c }}") == "${{ (a || b) && c }}"


# Workflows as nobody wrote them: steps of the project between those of CML, in any order.

OURS = st.sampled_from(
    [
        "      - uses: actions/checkout@v4\n",
        "      - uses: iterative/setup-cml@v2\n",
        "      - name: d\n        uses: iterative/setup-dvc@v1\n        with:\n          version: '3'\n",
        "      - run: dvc pull && dvc repro\n",
        "      - run: |\n          pip install -r requirements.txt\n          dvc repro\n          echo hi\n",
        "      - env:\n          REPO_TOKEN: ${{ secrets.GITHUB_TOKEN }}\n        run: cml comment create a.md\n",
        '      - run: |\n          dvc metrics diff >> r\n          cml comment update --watermark-title="a: b" r\n',
        "      - run: if true; then cml comment create report.md; fi\n",
        "      - run: cml pr create .\n",
    ]
)
THEIRS = st.builds(
    lambda number, kind: kind.replace("N", str(number)),
    st.integers(1, 99),
    st.sampled_from(
        [
            "      # mine N\n      - run: make N # now\n",
            "\n      - name: 'step N'\n        run: |\n          # tells\n          make N\n\n          make more\n",
            '      - uses: "some/action@vN"\n        with: {a: [N, "x"]}\n',
            "      - if: always()\n\n        run: >\n          folded\n          N\n",
        ]
    ),
)
ON = st.sampled_from(["on: push\n", "on: [push]\n", "on: [pull_request, push]\n", "on:\n  push:\n    tags: [v1]\n"])
TOP = st.sampled_from(["", "permissions: write-all\n", "permissions:\n  contents: read\n", "env:\n  REPO_TOKEN: x\n"])
LAST = "  other: # not CML's\n    runs-on: [self-hosted, cml-gpu]\n    steps:\n      - run: dvc repro # stays\n"


@given(ON, TOP, st.lists(st.one_of(OURS, THEIRS), min_size=1, max_size=8), st.booleans())
def test_what_is_not_cmls_stays_in_order_and_the_rest_is_a_workflow(
    on: str, top: str, steps: list[str], windows: bool
) -> None:
    text = f"# A workflow\n{on}{top}\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n{''.join(steps)}{LAST}"
    text = text.replace("\n", "\r\n") if windows else text
    once = translated(text)
    after = parse_yaml(once.after, "after").data
    assert set(after["jobs"]) == {"one", "other"}
    assert all("uses" in step or "run" in step for step in after["jobs"]["one"]["steps"])
    assert (once.after.count("\r\n") == once.after.count("\n")) is (windows or "\n" not in once.after)
    place = 0
    for theirs in (
        step for step in steps if step.strip().startswith(("# mine", "- name: 'step", '- uses: "', "- if"))
    ):
        theirs = theirs.strip("\n").replace("\n", "\r\n") if windows else theirs.strip("\n")
        found = once.after.find(theirs, place)
        assert found >= 0, theirs
        place = found + len(theirs)
    assert once.after.endswith(LAST.replace("\n", "\r\n") if windows else LAST)
    assert translated(once.after).after == once.after


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text("cml comment-dvc:#|>\n{}[]&*!'\"", max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["on", "jobs", "steps", "run", "uses", "env", "with", "permissions", "container", "a", "push", "if"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_no_yaml_breaks_it(value: object, flow: bool) -> None:
    text = yaml.safe_dump({"on": ["push"], "jobs": {"a": value, "steps": [value]}}, default_flow_style=flow)
    once = translated(text)
    if once.after != text:
        parse_yaml(once.after, "after")


@given(st.text("cml: -\n|>#{}[]'\"&*!%@`\t\r\x85\u2028ab", max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    once = translated(text)
    assert once.after == text
    try:
        parse_yaml(text, "x")
    except ConfigError:
        assert once.left
