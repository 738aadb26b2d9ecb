from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gitops_mlops.domain.deployment.bundle import bundle_digest, golden_mismatch, parse_bundle
from tests.integration.serving.running import GOLDEN, ROW, Running

pytestmark = pytest.mark.usefixtures("preloaded")

COLUMNS = ["distance", "hour", "carrier", "wind", "tail"]
DATATYPES = {"distance": "FP64", "hour": "INT64", "carrier": "BYTES", "wind": "FP64", "tail": "BYTES"}
VALUES = [[row[name] for name in COLUMNS] for row in GOLDEN]
INFER = "/v2/models/delay/infer"


def tensors(rows: list[dict[str, Any]] = GOLDEN, nested: bool = False) -> list[dict[str, Any]]:
    shape = [len(rows), 1] if nested else [len(rows)]
    return [
        {
            "name": name,
            "shape": shape,
            "datatype": DATATYPES[name],
            "data": [[row[name]] for row in rows] if nested else [row[name] for row in rows],
        }
        for name in COLUMNS
    ]


def golden(bundle: Path) -> Any:
    return parse_bundle((bundle / "bundle.json").read_bytes())


def test_the_open_inference_protocol_predicts_what_the_bundle_recorded(server: Running, made_bundle: Path) -> None:
    for nested in (False, True):
        reply = server.call(INFER, {"id": "mine", "inputs": tensors(nested=nested)})
        assert (reply.status, reply.json["model_name"], reply.json["model_version"], reply.json["id"]) == (
            200,
            "delay",
            "v1.2.3",
            "mine",
        )
        label, probability, identity = reply.json["outputs"]
        assert (label["name"], label["datatype"], label["shape"]) == ("label", "BOOL", [3])
        assert (probability["name"], probability["datatype"], probability["shape"]) == ("probability", "FP64", [3])
        assert probability["parameters"] == {"class": True, "threshold": 0.3}
        matrix = [[1 - value, value] for value in probability["data"]]
        assert golden_mismatch(golden(made_bundle), label["data"], matrix) == ""
        assert identity["data"] == [f"{reply.headers['x-request-id']}-{row}" for row in range(3)]


def test_an_id_is_made_when_the_client_sends_none_and_only_wanted_outputs_come(server: Running) -> None:
    reply = server.call(
        "/v2/models/delay/versions/v1.2.3/infer", {"inputs": tensors([ROW]), "outputs": [{"name": "probability"}]}
    )
    assert reply.status == 200
    assert [output["name"] for output in reply.json["outputs"]] == ["probability"]
    assert reply.json["id"] == reply.headers["x-request-id"]


def test_integers_may_fill_a_float_column_and_whole_floats_an_integer_one(server: Running) -> None:
    inputs = tensors([{**ROW, "distance": 800, "hour": 17.0}])
    inputs[0]["datatype"] = "INT32"
    reply = server.call(INFER, {"inputs": inputs})
    assert reply.status == 200


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": COLUMNS, "index": [7, 8, 9], "data": VALUES}},
        {"dataframe_split": {"columns": COLUMNS[::-1], "data": [row[::-1] for row in VALUES]}},
        {"dataframe_records": GOLDEN},
        {"instances": GOLDEN},
        {"instances": VALUES},
        {"inputs": {name: [row[name] for row in GOLDEN] for name in COLUMNS}},
        {"inputs": VALUES, "params": {}},
    ],
)
def test_every_format_of_mlflow_predicts_the_same(server: Running, made_bundle: Path, body: dict[str, Any]) -> None:
    reply = server.call("/invocations", body)
    assert reply.status == 200, reply.body
    rows = reply.json["predictions"]
    matrix = [[1 - row["probability"], row["probability"]] for row in rows]
    assert golden_mismatch(golden(made_bundle), [row["label"] for row in rows], matrix) == ""
    assert len({row["prediction_id"] for row in rows}) == 3


def test_a_single_row_may_be_an_object_of_bare_values(server: Running) -> None:
    assert len(server.call("/invocations", {"inputs": ROW}).json["predictions"]) == 1


def test_a_column_with_a_default_may_be_left_out_of_any_row(server: Running) -> None:
    short = {name: value for name, value in ROW.items() if name != "tail"}
    assert server.predict(short).status == 200
    assert server.predict(short, ROW).status == 200


def test_metadata_says_what_is_served_and_what_it_reads(server: Running, made_bundle: Path) -> None:
    assert server.first_line.startswith("serving delay v1.2.3 on http://127.0.0.1:")
    about = server.call("/v2/models/delay").json
    assert about == server.call("/v2/models/delay/versions/v1.2.3").json
    assert (about["name"], about["versions"]) == ("delay", ["v1.2.3"])
    assert {tensor["name"]: tensor["datatype"] for tensor in about["inputs"]} == DATATYPES
    assert about["inputs"][3]["parameters"] == {"nullable": True, "required": True}
    digest = bundle_digest((made_bundle / "bundle.json").read_bytes())
    assert (about["parameters"]["bundle_digest"], about["parameters"]["warnings"]) == (digest, [])
    assert server.call("/v2").json["name"] == "gitops-mlops"


@pytest.mark.parametrize(
    "path",
    [
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/delay/ready",
        "/v2/models/delay/versions/v1.2.3/ready",
        "/ping",
        "/health",
        "/version",
    ],
)
def test_health_answers(server: Running, path: str) -> None:
    assert server.call(path).status == 200


def test_metrics_count_requests_rows_and_refusals_without_labels_from_requests(server: Running) -> None:
    def counted(name: str) -> float:
        lines = server.call("/metrics").body.decode().splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)), 0.0)

    ok = 'gitops_mlops_requests_total{code="200",endpoint="invocations"}'
    refused = 'gitops_mlops_requests_total{code="422",endpoint="invocations"}'
    before = [counted(name) for name in (ok, refused, "gitops_mlops_rows_total", "gitops_mlops_refused_rows_total")]
    server.predict(*GOLDEN)
    server.predict({**ROW, "hour": 24}, ROW)
    server.call("/v2/models/evil%22%0A/infer", {})
    server.call("/x" * 50)
    after = [counted(name) for name in (ok, refused, "gitops_mlops_rows_total", "gitops_mlops_refused_rows_total")]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 3, 1]
    text = server.call("/metrics").body.decode()
    assert 'gitops_mlops_model_info{bundle="sha256:' in text
    assert "evil" not in text
    assert "/x" not in text


BAD_JSON: list[tuple[bytes, str]] = [
    (b"", "not JSON"),
    (b"{", "not JSON"),
    (b"\xff\xfe{}", "not UTF-8"),
    (b"\xef\xbb\xbf{}", "not JSON"),
    (b'{"inputs": [NaN]}', "NaN is not JSON"),
    (b'{"inputs": [-Infinity]}', "-Infinity is not JSON"),
    (b'{"inputs": 1, "inputs": 2}', "'inputs' twice"),
    (b"[" * 100_000, "nested too deeply"),
    (b'{"inputs": ' + b"9" * 5000 + b"}", "thousands of digits"),
    (b"[]", "must be an object"),
    (b"null", "must be an object"),
    (b'"text"', "must be an object"),
    (b"{}", ""),
]


@pytest.mark.parametrize("path", [INFER, "/invocations"])
@pytest.mark.parametrize(("body", "says"), BAD_JSON)
def test_what_is_no_json_object_is_a_400(server: Running, path: str, body: bytes, says: str) -> None:
    reply = server.call(path, body)
    assert reply.status == 400
    assert says in reply.json["error"]


def changed(index: int, **changes: Any) -> dict[str, Any]:
    inputs = tensors([ROW])
    inputs[index] = {**inputs[index], **changes}
    return {"inputs": inputs}


BAD_INFER: list[tuple[dict[str, Any], int, str]] = [
    ({"inputs": []}, 400, "inputs is empty"),
    ({"inputs": {}}, 400, "inputs must be a list"),
    ({"inputs": [1]}, 400, "inputs[0] must be an object"),
    ({"inputs": [{}]}, 400, "inputs[0] has no name"),
    ({"inputs": tensors([])}, 400, "no rows"),
    ({"inputs": [*tensors([ROW]), tensors([ROW])[0]]}, 400, "appears twice"),
    ({"inputs": tensors([ROW])[1:]}, 422, "column 'distance': is missing"),
    ({"inputs": tensors([ROW]), "id": 7}, 400, "id must be text"),
    ({"inputs": tensors([ROW]), "outputs": [{"name": "lable"}]}, 422, "no output 'lable'"),
    ({"inputs": tensors([ROW]), "outputs": 3}, 400, "outputs must be a list"),
    (changed(0, name="distanse"), 422, "perhaps you meant 'distance'"),
    (changed(0, datatype="FLOAT"), 400, "datatype must be one of"),
    (changed(0, datatype="BYTES"), 422, "BYTES does not fit the type float64"),
    (changed(1, datatype="FP64"), 422, "FP64 does not fit the type int64"),
    (changed(0, shape=[2]), 400, "data has 1 elements, shape says 2"),
    (changed(0, shape=[1, 2]), 400, "shape must be [n] or [n, 1]"),
    (changed(0, shape=[-1]), 400, "shape must be"),
    (changed(0, shape=[True]), 400, "shape must be"),
    (changed(0, shape=[10**400]), 400, "shape says far more"),
    (changed(0, shape=[2], data=[1, 2]), 400, "has 1 rows, those before have 2"),
    (changed(0, data="x"), 400, "data must be a list"),
    (changed(0, data=[[800]]), 422, "a list is not of type float64"),
    (changed(0, data=[None]), 422, "null is not allowed"),
    (changed(0, data=[True]), 422, "True is not of type float64"),
    (changed(0, data=["800"]), 422, "'800' is not of type float64"),
    (changed(0, data=[10**400]), 422, "does not fit float64"),
    (changed(0, data=[5000.5]), 422, "row 0, column 'distance': 5000.5 is above the maximum 5000.0"),
    (changed(1, data=[-1]), 422, "-1 is below the minimum 0"),
    (changed(1, data=[1.5]), 422, "1.5 is not an integer"),
    (changed(2, data=["ZZ"]), 422, "'ZZ' is not among the 3 allowed values"),
    (changed(2, data=["\ud800"]), 422, "surrogate"),
    (changed(2, data=[{"$ref": "http://127.0.0.1/"}]), 422, "an object is not a string"),
    (changed(4, data=["N1N1x"]), 422, "does not match the pattern"),
    (changed(4, data=["N" + "1" * 50]), 422, "51 characters, 40 are allowed"),
    (changed(4, data=["N1\n"]), 422, "does not match the pattern"),
]


@pytest.mark.parametrize(("body", "status", "says"), BAD_INFER)
def test_what_no_tensor_may_be(server: Running, body: dict[str, Any], status: int, says: str) -> None:
    reply = server.call(INFER, body)
    assert (reply.status, says in reply.json["error"]) == (status, True), reply.json


BAD_INVOCATIONS: list[tuple[dict[str, Any], int, str]] = [
    ({"instances": [ROW], "inputs": [ROW]}, 400, "exactly one of"),
    ({"rows": [ROW]}, 400, "exactly one of"),
    ({"instances": [ROW], "params": {"x": 1}}, 400, "takes no params"),
    ({"instances": [ROW], "signature": ""}, 400, "unknown key 'signature'"),
    ({"instances": []}, 400, "no rows"),
    ({"instances": 3}, 400, "must be a list"),
    ({"instances": [3]}, 400, "instances[0] must be an object"),
    ({"instances": [[1, 2]]}, 400, "2 values, there are 5 columns"),
    ({"instances": [VALUES[0], ROW]}, 400, "instances[1] is not a list"),
    ({"inputs": {"hour": [1], "carrier": ["AA", "AA"]}}, 400, "has 2 values, those before have 1"),
    ({"inputs": {"hour": [1], "carrier": "AA"}}, 400, "'carrier' is not a list"),
    ({"inputs": {}}, 400, "no rows"),
    ({"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}, 400, "different names"),
    ({"dataframe_split": {"columns": [1], "data": [[1]]}}, 400, "different names"),
    ({"dataframe_split": {"data": [[1]]}}, 400, "columns must be a list"),
    ({"dataframe_split": {"columns": [], "data": [], "x": 1}}, 400, "unknown key 'x'"),
    ({"dataframe_records": [{**ROW, "colour": 1}]}, 422, "column 'colour': is not in the contract"),
    ({"dataframe_records": [ROW, {"hour": 1}]}, 422, "row 1, column 'distance': is missing"),
]


@pytest.mark.parametrize(("body", "status", "says"), BAD_INVOCATIONS)
def test_what_no_table_may_be(server: Running, body: dict[str, Any], status: int, says: str) -> None:
    reply = server.call("/invocations", body)
    assert (reply.status, says in reply.json["error"]) == (status, True), reply.json


def test_a_refusal_shows_the_first_reasons_and_counts_all(server: Running) -> None:
    reply = server.predict(*[{**ROW, "hour": 99, "wind": "x"}] * 100)
    assert reply.status == 422
    assert reply.json["refused"] == 200
    assert len(reply.json["refusals"]) == 5
    assert reply.json["refusals"][0] == {
        "row": 0,
        "column": "hour",
        "message": "99 is above the maximum 23",
    }
    assert reply.json["error"].endswith("; and 195 more")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nope", 404),
        ("GET", "/v2/models/other", 404),
        ("POST", "/v2/models/other/infer", 404),
        ("POST", "/v2/models/delay/versions/v9/infer", 404),
        ("GET", INFER, 405),
        ("DELETE", "/invocations", 405),
        ("POST", "/feedback", 404),
        ("GET", "/v2/models/%00/ready", 404),
        ("GET", "/../../etc/passwd", 404),
        ("BREW", "/v2", 405),
    ],
)
def test_what_is_not_there(server: Running, method: str, path: str, status: int) -> None:
    reply = server.call(path, b"{}", method)
    assert reply.status == status
    assert reply.json["error"]


@pytest.mark.parametrize(
    "headers",
    [{"content_type": "text/csv"}, {"content_type": ""}, {"content_encoding": "gzip"}],
)
def test_only_plain_json_is_read(server: Running, headers: dict[str, str]) -> None:
    reply = server.call("/invocations", json.dumps({"instances": [ROW]}).encode(), **headers)
    assert reply.status == 415
    assert "send " in reply.json["error"]
