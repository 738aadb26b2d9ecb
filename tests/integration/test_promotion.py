"""What a promotion must bring: committed rules, approvals at a forge, signed tags, and what .gto allows."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Answer, Cli, Repo
from tests.fakes.forge import TOKEN, Fault, Forge
from tests.integration.registry_project import MLOPS, Project

REPOSITORY = "octo/demo"


class Policy:
    """A project whose production has a promotion policy, and the command line in it."""

    def __init__(self, repo: Repo, cli: Cli) -> None:
        self.repo = repo
        self.cli = cli
        self.project = Project(repo)
        self.project.train(b"one")
        self.project.report(b"one")

    def rules(self, promotion: str) -> str:
        """Commit a policy of production; the commit."""
        text = MLOPS.replace("after: staging}", f"after: staging, promotion: {promotion}}}")
        return self.repo.commit("policy", **{"mlops.yaml": text})

    def run(self, *words: str, code: int = 0) -> Answer:
        answer = self.cli(*words, folder=self.repo.root)
        assert answer.code == code, (answer.out, answer.err)
        if code > 1:
            assert answer.err.count("\n") == 1
            assert answer.out == ""
        return answer

    def staged(self, *words: str) -> None:
        """A version in staging."""
        self.run("register", "delay", "--report", "report.json", *words)
        self.run("promote", "delay", "staging")

    def refused(self, *words: str) -> list[str]:
        """What stands against promoting the latest version to production, and that nothing was written."""
        before = self.project.tags()
        answer = self.run("promote", "delay", "production", "--json", *words, code=1)
        assert self.project.tags() == before
        return [refusal["observed"] for refusal in answer.json["refusals"]]


@pytest.fixture
def policy(repo: Repo, cli: Cli) -> Policy:
    return Policy(repo, cli)


def test_every_rule_that_is_broken_is_told(policy: Policy) -> None:
    policy.project.report(b"one", verdict="warn")
    metric = "{metric: mae, max: 0.4}"
    policy.rules(f"{{verdicts: [pass], gates: [mae max], metrics: [{metric}], soak: 2h, cooldown: 1d}}")
    policy.staged()
    answer = policy.run("promote", "delay", "production", code=1)
    assert answer.out.splitlines()[0] == "delay v0.0.1 does not enter production"
    lines = [line.strip() for line in answer.out.splitlines()[1:]]
    assert lines[0] == "verdict: warn → needed: a comparison that ends in pass"
    assert lines[1] == "gate mae max: not evaluated → needed: a version whose comparison passes it"
    assert lines[2] == "mae at most 0.4: 0.398 [0.39, 0.406] → needed: at most 0.4 at the upper end of its interval"
    assert lines[3].startswith("2h in staging: v0.0.1 was in staging for ")
    assert len(lines) == 4


def test_cooldown_holds_promotions_and_no_rollback(policy: Policy) -> None:
    policy.rules("{cooldown: 1h}")
    policy.staged()
    policy.run("promote", "delay", "production")
    policy.project.train(b"two")
    policy.project.report(b"two")
    policy.staged()
    assert policy.refused()[0].endswith("s ago (delay#production#2)")
    policy.rules("{}")
    policy.run("promote", "delay", "production")
    policy.rules("{cooldown: 1h}")
    policy.run("rollback", "delay", "production")


def test_a_report_is_evidence_of_gates_and_metrics_too(policy: Policy) -> None:
    policy.rules("{metrics: [{metric: mae, max: 0.41}]}")
    policy.run("register", "delay")
    policy.run("promote", "delay", "staging", "--report", "report.json")
    policy.run("promote", "delay", "production", "--report", "report.json")


def test_the_same_model_file_is_not_promoted_twice(policy: Policy) -> None:
    policy.rules("{only-if-changed: true}")
    policy.staged()
    policy.run("promote", "delay", "production")
    policy.repo.commit("docs", README="x")
    policy.staged("--bump-minor")
    assert "production holds the same file as v0.0.1" in policy.refused()[0]


def test_a_local_change_of_the_rules_decides_nothing(policy: Policy) -> None:
    policy.rules("{metrics: [{metric: mae, max: 0.1}]}")
    policy.staged()
    policy.repo.write("mlops.yaml", MLOPS)
    answer = policy.run("promote", "delay", "production", code=2)
    assert "mlops.yaml: is changed but not committed → commit it, stash it, or name the revision" in answer.err
    assert policy.refused("--config-from", "HEAD") == ["0.398 [0.39, 0.406]"]
    policy.repo.git("add", "mlops.yaml")
    policy.run("promote", "delay", "production", code=2)


def test_the_rules_can_be_those_of_another_branch(policy: Policy) -> None:
    """A branch that loosens its thresholds, and is asked by those of main."""
    policy.rules("{metrics: [{metric: mae, max: 0.1}]}")
    policy.staged()
    policy.repo.git("checkout", "--quiet", "-b", "loose")
    policy.rules("{}")
    assert policy.refused("--config-from", "main") == ["0.398 [0.39, 0.406]"]
    answer = policy.run("promote", "delay", "production", "--config-from", "nowhere", code=3)
    assert "no such revision" in answer.err
    policy.run("promote", "delay", "production", "--config-from", "loose")


def test_without_committed_rules_nothing_is_decided(policy: Policy) -> None:
    policy.staged()
    policy.repo.git("rm", "--quiet", "mlops.yaml")
    policy.repo.commit("none")
    answer = policy.run("promote", "delay", "production", code=2)
    assert "mlops.yaml at HEAD: there is no such file → commit one" in answer.err
    policy.repo.write("mlops.yaml", MLOPS)
    policy.run("promote", "delay", "production", code=2)


# Reviews


@pytest.fixture
def reviewed(policy: Policy, forge_in_environment: Forge) -> Policy:
    """A version that pull request 7 made, staged; production wants two reviews."""
    commit = policy.rules("{approvals: {reviews: 2}}")
    forge_in_environment.pull_request(7, "ada", "a" * 40, commit)
    policy.staged("--pull-request", f"https://github.com/{REPOSITORY}/pull/7")
    return policy


def test_two_reviewers_let_a_version_in(reviewed: Policy, forge_in_environment: Forge) -> None:
    assert reviewed.refused() == ["#7 has 0"]
    forge_in_environment.review(7, "bob")
    assert reviewed.refused() == ["#7 has 1 (bob)"]
    forge_in_environment.review(7, "eve", association="OWNER")
    assert "is in production" in reviewed.run("promote", "delay", "production").out


def test_hostile_reviews_let_nothing_in(reviewed: Policy, forge_in_environment: Forge) -> None:
    forge_in_environment.review(7, "ada")
    forge_in_environment.review(7, "mallory", association="NONE")
    forge_in_environment.review(7, "robot", kind="Bot")
    forge_in_environment.review(7, "stale", commit="c" * 40)
    forge_in_environment.review(7, "bob")
    forge_in_environment.review(7, "bob", "DISMISSED")
    assert reviewed.refused() == ["#7 has 0, 1 of an earlier commit"]


def test_a_foreign_pull_request_does_not_speak_for_the_version(policy: Policy, forge_in_environment: Forge) -> None:
    policy.rules("{approvals: {reviews: 1}}")
    forge_in_environment.pull_request(8, "ada", "a" * 40, "b" * 40)
    forge_in_environment.review(8, "bob")
    policy.staged("--pull-request", "8")
    assert policy.refused()[0].startswith("#8 led to bbbbbbbbbb, the version is at ")


def test_an_open_pull_request_does_not_speak_for_the_version(policy: Policy, forge_in_environment: Forge) -> None:
    commit = policy.rules("{approvals: {reviews: 1}}")
    forge_in_environment.pull_request(8, "ada", commit, None)
    forge_in_environment.review(8, "bob")
    policy.staged("--pull-request", "#8")
    assert policy.refused() == ["#8 is not merged"]


@pytest.mark.parametrize(
    ("named", "seen"),
    [
        (None, "delay@v0.0.1 names no pull request"),
        ("https://github.com/evil/demo/pull/7", "delay@v0.0.1 names 'https://github.com/evil/demo/pull/7'"),
        ("7/../8", "delay@v0.0.1 names '7/../8'"),
    ],
)
def test_the_version_must_name_its_pull_request(
    policy: Policy, forge_in_environment: Forge, named: str | None, seen: str
) -> None:
    policy.rules("{approvals: {reviews: 1}}")
    policy.staged(*(["--pull-request", named] if named else []))
    assert policy.refused() == [seen]
    assert forge_in_environment.asked == []


def test_among_300_reviews_the_last_opinion_counts(reviewed: Policy, forge_in_environment: Forge) -> None:
    for number in range(150):
        forge_in_environment.review(7, f"passer{number}", association="CONTRIBUTOR")
    forge_in_environment.review(7, "bob")
    forge_in_environment.review(7, "eve")
    for number in range(147):
        forge_in_environment.review(7, f"later{number}", "COMMENTED")
    forge_in_environment.review(7, "bob", "CHANGES_REQUESTED")
    assert reviewed.refused() == ["bob requested changes in #7"]
    forge_in_environment.review(7, "bob")
    reviewed.run("promote", "delay", "production")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(403, b"{}"), "give GITHUB_TOKEN the permission pull-requests: read"),
        (Fault(404, b"{}"), "give GITHUB_TOKEN the permission pull-requests: read"),
        (Fault(401, b"{}"), "renew GITHUB_TOKEN"),
        (Fault(429, b"{}", {"Retry-After": "600"}), "requests a wait of 600 s"),
        (Fault(500, b"oops"), "answered 500"),
        (Fault(200, b"garbage"), "did not answer with JSON"),
        (Fault(200, b" " * 9_000_000), "more than"),
        (Fault(200, b"[]"), "not what GitHub's API describes"),
    ],
    ids=lambda value: getattr(value, "status", None),
)
def test_a_forge_that_does_not_answer_is_no_approval(
    reviewed: Policy, forge_in_environment: Forge, fault: Fault, words: str
) -> None:
    before = reviewed.project.tags()
    forge_in_environment.faults.append(fault)
    answer = reviewed.run("promote", "delay", "production", code=4)
    assert words in answer.err
    assert TOKEN not in answer.err
    assert reviewed.project.tags() == before


def test_without_a_forge_the_refusal_says_what_is_needed(policy: Policy) -> None:
    policy.rules("{approvals: {reviews: 1}}")
    policy.staged("--pull-request", "7")
    answer = policy.run("promote", "delay", "production", code=1)
    assert "1 approving review: no forge is configured → needed: GITHUB_REPOSITORY=owner/name and" in answer.out


# Signatures


def keygen(folder: Path, name: str) -> str:
    """A new SSH key; the public half."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return (folder / f"{name}.pub").read_text().strip()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    return folder


def sign_as(repo: Repo, key: Path) -> None:
    for setting, value in {"gpg.format": "ssh", "user.signingKey": f"{key}.pub", "tag.gpgSign": "true"}.items():
        repo.git("config", setting, value)


@pytest.fixture
def signing(policy: Policy, keys: Path) -> Policy:
    """Production wants a signature by ada; her key signs the tags of this clone."""
    policy.repo.write(".github/allowed-signers", f"ada@example.org {keygen(keys, 'ada')}\n")
    policy.rules("{approvals: {signed-by: {ssh: .github/allowed-signers}}}")
    sign_as(policy.repo, keys / "ada")
    return policy


def test_tags_are_signed_when_git_is_set_up_for_it(signing: Policy) -> None:
    signing.staged()
    raw = signing.repo.git("cat-file", "tag", "delay@v0.0.1")
    assert raw.rstrip().endswith("-----END SSH SIGNATURE-----")
    shown = signing.run("show", "delay@v0.0.1", "--json").json["version"]
    assert shown["signature"] == "SSH"
    assert shown["evidence"]["Verdict"] == ["pass"]
    assert list(shown["evidence"])[-1] == "Report-SHA256"
    text = signing.run("show", "delay@v0.0.1").out
    assert "signed         SSH, not verified here: git verify-tag 'delay@v0.0.1'" in text
    assert signing.run("show", "delay#staging", "--json").json["assignment"]["signature"] == "SSH"


def test_a_version_that_ada_signed_enters(signing: Policy) -> None:
    signing.staged()
    signing.run("promote", "delay", "production")


def test_a_report_beside_the_signed_tag_is_nobody_s_word(signing: Policy) -> None:
    signing.staged()
    assert signing.refused("--report", "report.json") == ["the --report is not signed"]


def test_an_unsigned_version_does_not_enter(signing: Policy) -> None:
    signing.repo.git("config", "tag.gpgSign", "false")
    signing.staged()
    answer = signing.run("promote", "delay", "production", code=1)
    needed = "delay@v0.0.1 signed by a key of .github/allowed-signers"
    assert f"signed tag: delay@v0.0.1 is not signed → needed: {needed}" in answer.out
    assert signing.run("show", "delay@v0.0.1", "--json").json["version"]["signature"] is None


def test_a_key_that_is_not_listed_does_not_count(signing: Policy, keys: Path) -> None:
    """Not even when the working tree, or the user's own git, lists it: the committed file counts."""
    eve = keygen(keys, "eve")
    sign_as(signing.repo, keys / "eve")
    signing.staged()
    assert "is signed by the key SHA256:" in signing.refused()[0]
    signing.repo.write(".github/allowed-signers", f"eve@example.org {eve}\n")
    own = keys / "own"
    own.write_text(f"eve@example.org {eve}\n")
    signing.repo.git("config", "gpg.ssh.allowedSignersFile", str(own))
    assert "is signed by the key SHA256:" in signing.refused()[0]


@pytest.mark.parametrize(
    "condition", ['namespaces="file"', 'valid-before="20200101"', 'valid-after="20400101"', "cert-authority"]
)
def test_a_key_counts_for_what_it_is_listed_for(signing: Policy, condition: str) -> None:
    listed = (signing.repo.root / ".github/allowed-signers").read_text()
    principal, key = listed.split(" ", 1)
    signing.repo.commit("narrow", **{".github/allowed-signers": f"{principal} {condition} {key}"})
    signing.staged()
    assert len(signing.refused()) == 1


def test_a_signed_tag_under_another_name_does_not_count(signing: Policy) -> None:
    """The signature of v0.0.1 holds; that the tag is called v0.0.9 is nobody's word."""
    signing.staged()
    signed = signing.repo.git("rev-parse", "refs/tags/delay@v0.0.1").strip()
    signing.repo.git("update-ref", "refs/tags/delay@v0.0.9", signed)
    signing.repo.git("update-ref", "-d", "refs/tags/delay@v0.0.1")
    assert signing.refused() == ["delay@v0.0.9 was made as delay@v0.0.1"]


def test_a_changed_message_breaks_the_signature(signing: Policy) -> None:
    signing.staged()
    raw = signing.repo.git("cat-file", "tag", "delay@v0.0.1").replace("mae=0.398", "mae=0.298")
    forged = subprocess.run(
        ["git", "hash-object", "-t", "tag", "-w", "--stdin"],
        cwd=signing.repo.root,
        input=raw,
        capture_output=True,
        text=True,
        check=True,
    )
    signing.repo.git("update-ref", "refs/tags/delay@v0.0.1", forged.stdout.strip())
    assert signing.refused() == ["the signature of delay@v0.0.1 is not valid"]


def test_the_file_of_signers_must_be_committed(policy: Policy, keys: Path) -> None:
    policy.rules("{approvals: {signed-by: {ssh: allowed-signers}}}")
    policy.staged()
    policy.repo.write("allowed-signers", f"ada@example.org {keygen(keys, 'ada')}\n")
    answer = policy.run("promote", "delay", "production", code=2)
    assert "error: allowed-signers at " in answer.err
    assert "there is no such file → commit it, or fix approvals.signed-by.ssh in mlops.yaml" in answer.err


def test_a_key_that_cannot_sign_leaves_no_tag(signing: Policy, keys: Path) -> None:
    """Git 2.39 complains, writes an unsigned tag and ends with 0."""
    (keys / "ada").unlink()
    (keys / "ada.pub").unlink()
    answer = signing.run("register", "delay", "--report", "report.json", code=4)
    assert "fix user.signingKey, or unset tag.gpgSign" in answer.err
    assert signing.project.tags() == []


@pytest.fixture
def fingerprint(keys: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A new OpenPGP key in a keyring of its own."""
    # Sockets of the agent need a short path.
    home = Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
    monkeypatch.setenv("GNUPGHOME", str(home))
    user = "Ada Tester <ada@example.org>"
    subprocess.run(
        ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", user, "ed25519", "sign", "never"],
        check=True,
        capture_output=True,
    )
    listed = subprocess.run(["gpg", "--list-keys", "--with-colons"], check=True, capture_output=True, text=True)
    yield next(line.split(":")[9] for line in listed.stdout.splitlines() if line.startswith("fpr:"))
    subprocess.run(["gpgconf", "--kill", "all"], check=False)
    shutil.rmtree(home, ignore_errors=True)


def test_openpgp_keys_count_by_their_fingerprint(policy: Policy, fingerprint: str) -> None:
    policy.rules(f"{{approvals: {{signed-by: {{openpgp: ['{fingerprint}']}}}}}}")
    policy.repo.git("config", "tag.gpgSign", "true")
    policy.repo.git("config", "user.signingKey", fingerprint)
    policy.staged()
    assert policy.run("show", "delay@v0.0.1", "--json").json["version"]["signature"] == "PGP"
    policy.run("promote", "delay", "production")
    another = "A" * 40
    policy.project.train(b"two")
    policy.project.report(b"two")
    policy.rules(f"{{approvals: {{signed-by: {{openpgp: ['{another}']}}}}}}")
    policy.staged()
    assert policy.refused() == [f"delay@v0.0.2 is signed by {fingerprint}"]


def test_a_key_that_the_keyring_lacks(policy: Policy, fingerprint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    policy.rules(f"{{approvals: {{signed-by: {{openpgp: ['{fingerprint}']}}}}}}")
    policy.repo.git("config", "tag.gpgSign", "true")
    policy.repo.git("config", "user.signingKey", fingerprint)
    policy.staged()
    empty = policy.repo.root.parent / "empty"
    empty.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(empty))
    assert f"is signed by the key {fingerprint[-16:]}, which the keyring lacks" in policy.refused()[0]


# .gto


def test_stages_that_gto_does_not_list_are_refused(policy: Policy) -> None:
    policy.staged()
    policy.repo.commit("gto", **{".gto": "stages: [staging, productive]\n"})
    for words in (["promote", "delay", "production"], ["rollback", "delay", "production"]):
        answer = policy.run(*words, code=2)
        assert ".gto: lists no stage 'production' → perhaps you meant 'productive'" in answer.err
    policy.repo.write(".gto", "stages: [staging, production]\n")
    answer = policy.run("promote", "delay", "production", code=2)
    assert ".gto: is changed but not committed" in answer.err


def test_types_that_gto_does_not_list_are_refused(policy: Policy) -> None:
    policy.repo.commit("gto", **{".gto": "types: [dataset]\n"})
    answer = policy.run("register", "delay", code=2)
    assert ".gto: delay is of type 'model', which types: does not allow → allowed: dataset" in answer.err
    policy.repo.commit("gto", **{".gto": "types: [dataset, model]\n"})
    policy.run("register", "delay")


def test_a_malformed_gto_file_is_one_line(policy: Policy) -> None:
    policy.staged()
    policy.repo.commit("gto", **{".gto": "stage: [prod]\n"})
    expected = ".gto:1:1: stage: unknown key 'stage' → perhaps you meant 'stages'"
    for words in (["promote", "delay", "production"], ["rollback", "delay", "staging"]):
        assert expected in policy.run(*words, code=2).err
    policy.project.train(b"two")
    assert expected in policy.run("register", "delay", code=2).err
    assert f"warning: {expected}" in policy.run("show").err


def test_show_orders_its_columns_as_gto_lists_them(policy: Policy) -> None:
    policy.staged()
    policy.run("promote", "delay", "production")
    assert policy.run("show", "--json").json["stages"] == ["staging", "production"]
    policy.repo.write(".gto", "stages: [production, dev, staging]\n")
    assert policy.run("show").out.splitlines()[0].split() == ["MODEL", "LATEST", "#production", "#dev", "#staging"]
    assert policy.run("show", "delay@v0.0.1", "--json").json["stages"] == ["production", "staging"]


def test_check_tells_of_environments_that_gto_does_not_allow(policy: Policy) -> None:
    policy.repo.write(".gto", "stages: [staging, productive]\n")
    policy.repo.write(
        "mlops.yaml",
        MLOPS.replace("after: staging}", "after: staging, promotion: {approvals: {signed-by: {ssh: keys}}}}"),
    )
    checked = policy.cli("check", "--json", folder=policy.repo.root).json
    found = {problem["where"]: problem["message"] for problem in checked["problems"]}
    assert found["environments.production"] == ".gto lists no stage 'production'"
    assert found["environments.production.promotion.approvals.signed-by.ssh"] == "there is no file 'keys'"
