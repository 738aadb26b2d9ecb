"""A project whose versions may enter its environments, and an origin that knows them."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from gitops_mlops.domain.registry.evidence import write_message
from tests.conftest import Answer, Repo
from tests.integration.deploy_project import DeployProject, evaluation_rows
from tests.ports import free_ports


@functools.cache
def unsteady() -> bytes:
    """A model that answers otherwise when it is asked again: it passes every check but that of its answers."""
    import numpy as np
    import pandas as pd
    import skops.io
    from sklearn.dummy import DummyClassifier

    rows = pd.DataFrame({"income": [1.0] * 40, "age": [40] * 40, "region": ["north"] * 40})
    model = DummyClassifier(strategy="stratified", random_state=np.random.RandomState(7))
    content: bytes = skops.io.dumps(model.fit(rows, [0, 1] * 20))
    return content


class RolloutProject(DeployProject):
    """With an origin, and versions whose evidence lets them in."""

    def __init__(self, repo: Repo, origin: Path) -> None:
        super().__init__(repo)
        self.origin = origin
        repo.git("init", "--quiet", "--bare", str(self.origin))
        repo.git("remote", "add", "origin", str(self.origin))
        self.files = {"data/test.parquet": evaluation_rows()}

    def add_model(self, name: str) -> int:
        """Another model like `credit`, in staging only; its port there."""
        (port,) = free_ports(1)
        text = (self.root / "mlops.yaml").read_text()
        head, _, rest = text.partition("  credit:\n")
        entry, _, environments = rest.partition("environments:\n")
        environments = environments.replace(
            f"port: {self.staging}", f"port: {{credit: {self.staging}, {name}: {port}}}"
        )
        environments = environments.replace(f"port: {self.production}", f"port: {{credit: {self.production}}}")
        both = f"  credit:\n{entry}  {name}:\n{entry}environments:\n"
        self.repo.write("mlops.yaml", f"{head}{both}{environments}")
        artifact = f"  {name}: {{path: models/{name}.skops, type: model}}\n"
        self.repo.write("dvc.yaml", (self.root / "dvc.yaml").read_text() + artifact)
        return port

    def version(
        self, name: str, model: bytes, verdict: str = "pass", pull_request: str = "", artifact: str = "credit"
    ) -> str:
        """Commit a model and register it, as release would; the commit."""
        self.files[f"models/{artifact}.skops"] = model
        outs = [
            {"path": path, "hash": "md5", "md5": self.cache(content), "size": len(content)}
            for path, content in self.files.items()
        ]
        self.repo.write("dvc.lock", json.dumps({"schema": "2.0", "stages": {"train": {"cmd": "true", "outs": outs}}}))
        commit = self.repo.commit(name)
        md5 = hashlib.md5(model).hexdigest()
        trailers = [("Model-SHA256", hashlib.sha256(model).hexdigest()), ("Model-MD5", md5)]
        trailers += [("Verdict", verdict), ("Pull-Request", pull_request)]
        self.repo.tag(f"{artifact}@{name}", message=write_message(f"Register {artifact} {name}", trailers))
        self.repo.git("push", "--quiet", "origin", "HEAD:main", "--tags")
        return commit

    def held(self, stage: str, where: Path | None = None) -> list[str]:
        """The commits that a stage was assigned, in the order of the tags' numbers."""
        listed = self.repo.git(
            "-C", str(where or self.origin), "for-each-ref", "--format=%(refname:short) %(*objectname)", "refs/tags"
        )
        found = [line.split() for line in listed.splitlines() if f"#{stage}#" in line]
        return [commit for _, commit in sorted(found, key=lambda pair: int(pair[0].rpartition("#")[2]))]


def only(answer: Answer) -> Any:
    (model,) = answer.json["models"]
    return model
