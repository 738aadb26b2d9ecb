"""How long a client waits for a prediction: our server beside the dozen lines one would write instead.

    python benchmarks/serving.py                 # 300 requests of 1, 10 and 1000 rows each
    python benchmarks/serving.py --requests 1000

The rival is Starlette and uvicorn too: parse JSON, make a DataFrame of records, predict; it checks nothing,
logs nothing and counts nothing. Both serve the same gradient-boosted pipeline over twelve columns on
loopback, and take turns request by request, so that a busy machine hurts both. Ours runs with its log on, once more
with a line of the access log for each request.
The rival appears twice: as it comes, and with OpenMP kept to one thread, which ours does by itself.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
NUMBERS = [f"n{index}" for index in range(8)]
WORDS = [f"w{index}" for index in range(4)]
CARRIERS = ["AA", "B6", "DL", "EV", "UA"]
ROW: dict[str, Any] = dict.fromkeys(NUMBERS, 0.25) | dict.fromkeys(WORDS, "UA")


def build(folder: Path) -> Path:
    import numpy as np
    import pandas as pd
    import skops.io
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    from gitops_mlops.domain.contracts.contract import parse_contract
    from gitops_mlops.domain.deployment.bundle import dump_bundle, make_golden, parse_bundle
    from gitops_mlops.runtime.admitted_frame import admitted_frame
    from gitops_mlops.runtime.skops_model import EstimatorModel

    random = np.random.default_rng(0)
    data = pd.DataFrame({name: random.normal(size=20_000) for name in NUMBERS})
    for name in WORDS:
        data[name] = random.choice(CARRIERS, len(data)).astype(object)
    target = (data["n0"] + (data["w0"] == "UA") + random.normal(size=len(data))) > 0
    encoder = ColumnTransformer([("words", OrdinalEncoder(), WORDS)], remainder="passthrough")
    model = make_pipeline(encoder, HistGradientBoostingClassifier(random_state=0)).fit(data, target)

    folder.mkdir()
    lines = [f"  {name}: {{type: float64, nullable: true, min: -100, max: 100}}" for name in NUMBERS]
    lines += [f"  {name}: {{type: string, allowed: [{', '.join(CARRIERS)}]}}" for name in WORDS]
    contract = "version: 1\ncolumns:\n" + "\n".join(lines) + "\n"
    content = skops.io.dumps(model)
    files = {
        "model.skops": content,
        "contract.yaml": contract.encode(),
        "trusted-types.yaml": json.dumps(skops.io.get_untrusted_types(data=content)).encode(),
    }
    rows = admitted_frame(parse_contract(contract, "contract.yaml"), {name: [value] for name, value in ROW.items()})
    golden = make_golden([ROW], EstimatorModel(model).predict(rows), positive=True, threshold=0.5)
    manifest = {
        "model": "bench",
        "version": "v1.0.0",
        "commit": "0" * 40,
        "task": "binary-classification",
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "positive": True,
        "threshold": 0.5,
        "golden": golden.model_dump(mode="json"),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "bundle.json").write_bytes(dump_bundle(parse_bundle(json.dumps(manifest).encode())))
    return folder


def naive(bundle: Path) -> None:
    """The rival, in a process of its own."""
    import socket

    import pandas as pd
    import skops.io
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    trusted = json.loads((bundle / "trusted-types.yaml").read_text())
    model = skops.io.load(bundle / "model.skops", trusted=trusted)

    async def predict(request: Request) -> JSONResponse:
        rows = pd.DataFrame((await request.json())["dataframe_records"])
        return JSONResponse({"predictions": model.predict_proba(rows)[:, 1].tolist()})

    listener = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=[Route("/invocations", predict, methods=["POST"])])
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])


def connect(
    words: list[str], stack: ExitStack, stderr: IO[str] | None = None, **variables: str
) -> http.client.HTTPConnection:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent), **variables}
    process = stack.enter_context(
        subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment)
    )
    stack.callback(process.terminate)
    assert process.stdout is not None
    address = urlsplit(process.stdout.readline().split()[-1])
    assert address.hostname
    connection = http.client.HTTPConnection(address.hostname, address.port)
    stack.callback(connection.close)
    return connection


def ask(connection: http.client.HTTPConnection, body: bytes) -> float:
    """Milliseconds from the first byte sent to the last byte read."""
    begun = time.perf_counter()
    connection.request("POST", "/invocations", body, {"content-type": "application/json"})
    response = connection.getresponse()
    content = response.read()
    taken = (time.perf_counter() - begun) * 1000
    assert response.status == 200, content
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        naive(options.child)
        return
    sys.path.insert(0, str(HERE.parent))
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        bundle = build(Path(scratch) / "bundle")
        log = ["--log-dir", str(Path(scratch) / "log")]
        servers = {
            "gitops-mlops": connect(
                ["-m", "gitops_mlops.serving", "--bundle", str(bundle), "--port", "0", *log], stack
            ),
            "with access log": connect(
                ["-m", "gitops_mlops.serving", "--bundle", str(bundle), "--port", "0", *log, "--access-log"],
                stack,
                stderr=stack.enter_context((Path(scratch) / "access").open("w")),
            ),
            "naive": connect([__file__, "--child", str(bundle)], stack),
            "naive, 1 thread": connect([__file__, "--child", str(bundle)], stack, OMP_NUM_THREADS="1"),
        }
        print(f"{'rows':>5}  {'server':<15} {'p50 ms':>8} {'p95 ms':>8}")
        for rows in (1, 10, 1000):
            body = json.dumps({"dataframe_records": [ROW] * rows}).encode()
            seen: dict[str, list[float]] = {name: [] for name in servers}
            for turn in range(options.requests + 20):
                for name, connection in servers.items():
                    taken = ask(connection, body)
                    if turn >= 20:
                        seen[name].append(taken)
            for name, times in seen.items():
                cuts = statistics.quantiles(times, n=20)
                print(f"{rows:>5}  {name:<15} {statistics.median(times):>8.2f} {cuts[18]:>8.2f}")


if __name__ == "__main__":
    main()
