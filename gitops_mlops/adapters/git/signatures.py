"""Signatures of tags, as git verifies them."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from gitops_mlops.adapters.git.running import output, run
from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.domain.registry.approvals import TagSignature

_SSH_GOOD = re.compile(r'^Good "git" signature for (.+) with \S+ key SHA256:\S+$', re.MULTILINE)
_SSH_UNKNOWN = re.compile(r'^Good "git" signature with \S+ key (SHA256:\S+)$', re.MULTILINE)
_PGP_VALID = re.compile(r"^\[GNUPG:\] VALIDSIG .* ([0-9A-F]{40}|[0-9A-F]{64})$", re.MULTILINE)
_PGP_UNKNOWN = re.compile(r"^\[GNUPG:\] NO_PUBKEY ([0-9A-F]+)$", re.MULTILINE)


def verify_tag(root: Path, name: str, allowed_signers: bytes) -> TagSignature:
    """Who signed an annotated tag; SSH keys are held against `allowed_signers` and nothing else.

    The object must have been made under this very name: otherwise the signature of one version would do for any.
    Raises OutsideError when the tag cannot be read, or what verifies it cannot be started.
    """
    tag = output(["rev-parse", "--verify", "--quiet", f"refs/tags/{name}"], root).decode().strip()
    header, _, _ = output(["cat-file", "tag", tag], root).partition(b"\n\n")
    made = next((line[4:] for line in header.splitlines() if line.startswith(b"tag ")), b"")
    if made != name.encode():
        return TagSignature(problem=f"{name} was made as {made.decode(errors='replace')}")
    with tempfile.NamedTemporaryFile(prefix="gitops-mlops-") as signers:
        signers.write(allowed_signers)
        signers.flush()
        setting = f"gpg.ssh.allowedSignersFile={signers.name}"
        done = run(["-c", setting, "verify-tag", "--raw", tag], root)
    return _read(done.returncode == 0, done.stderr.decode(errors="replace"), name)


def _read(good: bool, said: str, name: str) -> TagSignature:
    if "cannot run " in said:
        program = said.partition("cannot run ")[2].partition(":")[0]
        raise ExternalError(f"{program} cannot be started", where=f"git verify-tag {name}", hint=f"install {program}")
    if good and (match := _SSH_GOOD.search(said)):
        return TagSignature("ssh", match[1])
    if good and len(valid := _PGP_VALID.findall(said)) == 1:
        return TagSignature("openpgp", valid[0])
    if match := _SSH_UNKNOWN.search(said):
        return TagSignature("ssh", problem=f"{name} is signed by the key {match[1]}, which is not allowed")
    if match := _PGP_UNKNOWN.search(said):
        return TagSignature("openpgp", problem=f"{name} is signed by the key {match[1]}, which the keyring lacks")
    if "no signature found" in said:
        return TagSignature(problem=f"{name} is not signed")
    return TagSignature(problem=f"the signature of {name} is not valid")
