"""TensorFlow Serving's contract, one row a clause: a request, the status on the wire, and what of the answer matters.

The models are those of `tests.app.protocols.tfserving.models`. The same table is asked through each door.
"""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """A request and what must come of it.

    `answer` is the whole body; `says` are parts of the error's message.
    """

    path: str  # below /v1/models
    body: Any = None  # a text or bytes as they are, anything else as JSON
    status: int = 200
    answer: Any = None
    says: tuple[str, ...] = ()
    method: str = "POST"

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


def get(path: str, status: int = 200, answer: Any = None, says: tuple[str, ...] = ()) -> Case:
    return Case(path, "", status, answer, says, "GET")


def bad(path: str, body: Any, *says: str, status: int = 400) -> Case:
    return Case(path, body, status, None, says)


ROW = [1.0, 2.0, 3.0, 4.0]
TWICE = [2.0, 4.0, 6.0, 8.0]
DOUBLE = {"predictions": [TWICE]}
MEMBER = {"age": 1, "hours-per-week": 2, "member": False, "level": "low"}
TENSORS = {"numeric": [1, 2, 0], "categorical": ["low"]}
SCORES = [0.21198271, 0.3162411, 0.4717762]  # of MEMBER, by the graph of `tests.support.tiny`
AVAILABLE = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
STATUS = {"name": "double", "ready": True, "model_version_status": [AVAILABLE]}


def tensor(name: str, dtype: str, *sizes: int) -> dict[str, Any]:
    dims = [{"size": str(size), "name": ""} for size in sizes]
    return {"dtype": dtype, "tensor_shape": {"dim": dims, "unknown_rank": False}, "name": f"{name}:0"}


def metadata(name: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    signature = {"inputs": inputs, "outputs": outputs, "method_name": "tensorflow/serving/predict"}
    return {
        "model_spec": {"name": name, "signature_name": "", "version": "1"},
        "metadata": {"signature_def": {"signature_def": {"serving_default": signature}}},
    }


DOUBLE_METADATA = metadata("double", {"x": tensor("x", "DT_FLOAT", -1, 4)}, {"y": tensor("y", "DT_FLOAT", -1, 4)})

# ── 5.1: paths ──

PATHS = {
    "a name": Case("/double:predict", {"instances": [ROW]}, answer=DOUBLE),
    "a version": Case("/double/versions/1:predict", {"instances": [ROW]}, answer=DOUBLE),
    "a version with zeros in front": Case("/double/versions/001:predict", {"instances": [ROW]}, answer=DOUBLE),
    "a label": Case("/double/labels/stable:predict", {"instances": [ROW]}, answer=DOUBLE),
    "a verb in any case": Case("/double:PreDict", {"instances": [ROW]}, answer=DOUBLE),
    "fixed words in any case": Case("/double/Versions/1:PREDICT", {"instances": [ROW]}, answer=DOUBLE),
    "a name percent-encoded": Case("/%64oubl%65:predict", {"instances": [ROW]}, answer=DOUBLE),
    "a label percent-encoded": Case("/double/labels/%73table:predict", {"instances": [ROW]}, answer=DOUBLE),
    "a colon percent-encoded": Case("/double%3Apredict", {"instances": [ROW]}, answer=DOUBLE),
    "a query is ignored": Case("/double:predict?x=1", {"instances": [ROW]}, answer=DOUBLE),
    "a name in another case": bad("/Double:predict", {"instances": [ROW]}, "Unknown model", "`Double`", status=404),
    "an unknown model": bad("/other:predict", {"instances": [ROW]}, "Unknown model", "`other`", status=404),
    "an unknown version": bad("/double/versions/7:predict", {"instances": [ROW]}, "`double/7`", status=404),
    "an unknown label": bad(
        "/double/labels/beta:predict", {}, "Invalid label: expected one of stable, gone.", "`beta`"
    ),
    "a label of a model without labels": bad("/pair/labels/stable:predict", {}, "expected one of none"),
    "a label of a version that is not there": bad("/double/labels/gone:predict", {}, "`double/7`", status=404),
    "a version that is no number": bad("/double/versions/new:predict", {}, "Unknown path", status=404),
    "a version of 30 digits": bad(f"/double/versions/{'1' * 30}:predict", {}, "Unknown path", status=404),
    "a version and a label": bad("/double/versions/1/labels/stable:predict", {}, "Unknown path", status=404),
    "an unknown verb": bad("/double:explain", {}, "Unknown path", status=404),
    "no verb": bad("/double", {}, "Invalid method", "expected GET", status=405),
    "no name": bad("/:predict", {}, "Unknown path", status=404),
    "a slash in a name": bad("/a%2Fb:predict", {}, "Unknown path", status=404),
    "a line break after a verb": bad("/double:predict%0A", {}, "no control characters"),
    "something after a verb": bad("/double:predict/", {}, "Unknown path", status=404),
    "bytes that are no text": bad("/%FF%FE:predict", {"instances": [ROW]}, "Unknown model", status=404),
    "GET on predict": get("/double:predict", 405, says=("Invalid method", "expected POST")),
    "GET on classify of a version": get("/double/versions/1:classify", 405, says=("expected POST",)),
    "GET on regress of a label": get("/double/labels/stable:regress", 405, says=("expected POST",)),
    "DELETE on predict": Case("/double:predict", "", 405, says=("expected POST",), method="DELETE"),
    "a model that is not ready": bad("/broken:predict", {"instances": [1]}, "broken", "failed", status=503),
}

# ── 5.2: status and metadata ──

STATUSES = {
    "the status of a model": get("/double", answer=STATUS),
    "the status of a version": get("/double/versions/1", answer=STATUS),
    "the status of a label": get("/double/labels/stable", answer=STATUS),
    "a status in any case": get("/double/VERSIONS/1", answer=STATUS),
    "the status of an unknown model": get("/other", 404, says=("Unknown model", "`other`")),
    "the status of an unknown version": get("/double/versions/7", 404, says=("`double/7`",)),
    "the status of an unknown label": get("/double/labels/beta", 400, says=("Invalid label",)),
    "the metadata of a model": get("/double/metadata", answer=DOUBLE_METADATA),
    "the metadata of a version": get("/double/versions/1/metadata", answer=DOUBLE_METADATA),
    "the metadata of a label": get("/double/labels/stable/metadata", answer=DOUBLE_METADATA),
    "metadata in any case": get("/double/Metadata", answer=DOUBLE_METADATA),
    "the metadata of several tensors": get(
        "/pair/metadata",
        answer=metadata(
            "pair",
            {"a": tensor("a", "DT_FLOAT", -1, 2), "b": tensor("b", "DT_INT64", -1)},
            {"sum%": tensor("sum%", "DT_FLOAT", -1, 2), "big": tensor("big", "DT_BOOL", -1)},
        ),
    ),
    "the metadata of strings": get(
        "/words/metadata",
        answer=metadata(
            "words", {"text": tensor("text", "DT_STRING", -1, 2)}, {"echo": tensor("echo", "DT_STRING", -1, 2)}
        ),
    ),
    "the metadata of a fixed shape and of a scalar": get(
        "/total/metadata",
        answer=metadata("total", {"x": tensor("x", "DT_FLOAT", -1)}, {"y": tensor("y", "DT_FLOAT")}),
    ),
    "the metadata of a bundle": get(
        "/number/metadata",
        answer=metadata(
            "number",
            {
                "numeric": tensor("numeric", "DT_FLOAT", -1, 3),
                "categorical": tensor("categorical", "DT_STRING", -1, 1),
            },
            {"value": tensor("value", "DT_FLOAT", -1, 1)},
        ),
    ),
    "the metadata of an unknown model": get("/other/metadata", 404, says=("`other`",)),
    "the metadata of a model that is not ready": get("/broken/metadata", 503, says=("failed",)),
    "the list with a slash": get("/", 404, says=("Unknown path",)),
}

# ── 5.3 and 5.4: predict ──

PREDICTIONS = {
    # rows of a single input
    "the tutorial's curl": Case(
        "/half_plus_two:predict", '{"instances": [1.0, 2.0, 5.0]}', answer={"predictions": [2.5, 3.0, 4.5]}
    ),
    "the tutorial's curl of a version": Case(
        "/half_plus_two/versions/1:predict", '{"instances": [1.0,2.0,5.0]}', answer={"predictions": [2.5, 3.0, 4.5]}
    ),
    "the Keras tutorial's request": Case(
        "/double:predict",
        {"signature_name": "serving_default", "instances": [ROW, ROW]},
        answer={"predictions": [TWICE] * 2},
    ),
    "an empty signature name": Case("/double:predict", {"signature_name": "", "instances": [ROW]}, answer=DOUBLE),
    "whole numbers for floats": Case("/double:predict", '{"instances":[[1,2,3,4]]}', answer=DOUBLE),
    "exponents": Case("/double:predict", '{"instances":[[1e0,20E-1,0.3e1,4]]}', answer=DOUBLE),
    "white space": Case("/double:predict", ' {"instances" :\n[ [1 ,\t2,3,4 ] ] } \n', answer=DOUBLE),
    "unknown keys are ignored": Case(
        "/double:predict", {"id": "7", "instances": [ROW], "parameters": {}}, answer=DOUBLE
    ),
    "named single inputs": Case(
        "/double:predict",
        {"instances": [{"x": ROW}, {"x": TWICE}]},
        answer={"predictions": [TWICE, [4.0, 8.0, 12.0, 16.0]]},
    ),
    "further dimensions": Case(
        "/matrix:predict", {"instances": [[[1, 2], [3, 4]]]}, answer={"predictions": [[[1.0, 2.0], [3.0, 4.0]]]}
    ),
    "the shortest digits of a float": Case(
        "/half_plus_two:predict", '{"instances": [0.2, 3e38]}', answer={"predictions": [2.1, 1.5e38]}
    ),
    "16-bit floats": Case("/half:predict", '{"instances": [0.1, 1]}', answer={"predictions": [0.099975586, 1.0]}),
    "whole numbers": Case("/whole:predict", {"instances": [-7, 2147483647]}, answer={"predictions": [-7, 2147483647]}),
    "a fixed number of rows": Case(
        "/fixed:predict", {"instances": [[1, 2, 3], [4, 5, 6]]}, answer={"predictions": [[2, 4, 6], [8, 10, 12]]}
    ),
    # rows of several inputs
    "rows of several inputs and outputs": Case(
        "/pair:predict",
        {"instances": [{"a": [1, 2], "b": 3}, {"b": 1, "a": [0.5, -4]}]},
        answer={"predictions": [{"sum%": [2.0, 4.0], "big": True}, {"sum%": [1.0, -8.0], "big": False}]},
    ),
    "rows of named strings": Case(
        "/labelled:predict",
        {"instances": ['a,"b"]', "é\n"]},
        answer={
            "predictions": [
                {"word": ['a,"b"]'], "raw_bytes": {"b64": "YSwiYiJd"}},
                {"word": ["é\n"], "raw_bytes": {"b64": "w6kK"}},
            ]
        },
    ),
    # columns
    "a column": Case("/double:predict", {"inputs": [ROW, TWICE]}, answer={"outputs": [TWICE, [4.0, 8.0, 12.0, 16.0]]}),
    "a named column": Case("/double:predict", {"inputs": {"x": [ROW]}}, answer={"outputs": [TWICE]}),
    "extra columns are ignored": Case("/double:predict", {"inputs": {"x": [ROW], "z": 1}}, answer={"outputs": [TWICE]}),
    "several columns": Case(
        "/pair:predict",
        {"inputs": {"b": [3, 1], "a": [[1, 2], [3, 4]]}},
        answer={"outputs": {"sum%": [[2.0, 4.0], [6.0, 8.0]], "big": [True, False]}},
    ),
    "an output without rows": Case("/total:predict", {"inputs": [1, 2.5]}, answer={"outputs": 3.5}),
    "outputs without rows in common": Case(
        "/uneven:predict", {"inputs": [1, 2]}, answer={"outputs": {"y": [1.0, 2.0], "first": [2.0]}}
    ),
    # strings and base64
    "strings": Case("/words:predict", {"instances": [["a", 'é "\\']]}, answer={"predictions": [["a", 'é "\\']]}),
    "base64 in a row": Case(
        "/words:predict", {"instances": [["a", {"b64": "w6k="}]]}, answer={"predictions": [["a", "é"]]}
    ),
    "base64 as a row": Case(
        "/blob:predict",
        {"instances": [{"b64": "w6k="}, "a"]},
        answer={"predictions": [{"b64": "w6k="}, {"b64": "YQ=="}]},
    ),
    "base64 by name": Case(
        "/blob:predict", {"instances": [{"x": {"b64": "w6k="}}]}, answer={"predictions": [{"b64": "w6k="}]}
    ),
    "base64 in a column": Case("/blob:predict", {"inputs": [{"b64": "YQ=="}]}, answer={"outputs": [{"b64": "YQ=="}]}),
    "base64 in a named column": Case(
        "/blob:predict",
        {"inputs": {"x": [{"b64": "YQ=="}, "b"]}},
        answer={"outputs": [{"b64": "YQ=="}, {"b64": "Yg=="}]},
    ),
    # a bundle's tensors, and its features
    "a bundle's tensors": Case("/classes:predict", {"instances": [TENSORS]}, answer={"predictions": [SCORES]}),
    "a bundle's columns": Case(
        "/classes:predict", {"inputs": {"numeric": [[1, 2, 0]], "categorical": [["low"]]}}, answer={"outputs": [SCORES]}
    ),
    "a bundle's features": Case("/classes:predict", {"instances": [MEMBER]}, answer={"predictions": [SCORES]}),
    "a bundle's missing tensor value": Case(
        "/number:predict",
        {"instances": [{"numeric": [1, None, 1], "categorical": [""]}]},
        answer={"predictions": [[0.4]]},
    ),
}

FAULTS = {
    # the body
    "no body": bad("/double:predict", "", "Invalid body: expected a JSON object. Received: nothing."),
    "not JSON": bad("/double:predict", "instances", "Invalid JSON at byte 0"),
    "cut off": bad("/double:predict", '{"instances": [[1', "Invalid JSON at byte"),
    "no UTF-8": bad("/words:predict", b'{"instances":[["\xff","a"]]}', "expected UTF-8"),
    "no object": bad("/double:predict", [1], "Invalid body: expected an object. Received: [1]."),
    "neither key": bad("/double:predict", {}, "expected one of the keys `instances` and `inputs`", "neither"),
    "a misspelt key": bad("/double:predict", {"instance": [ROW]}, "`instances`", "neither"),
    "both keys": bad("/double:predict", {"instances": [ROW], "inputs": [ROW]}, "`instances` and `inputs`", "both"),
    "an unknown signature": bad(
        "/double:predict",
        {"signature_name": "other", "instances": [ROW]},
        "`signature_name`: expected serving_default",
        "`other`",
    ),
    "a signature that is no string": bad(
        "/double:predict",
        {"signature_name": 100, "instances": [ROW]},
        "`signature_name`: expected a string. Received: 100.",
    ),
    "10,000 brackets": bad("/double:predict", '{"instances":' + "[" * 10_000, "deeper nesting"),
    "33 dimensions": bad("/double:predict", '{"inputs":' + "[" * 33 + "]" * 33 + "}", "at most 32 dimensions"),
    # rows
    "no rows": bad(
        "/double:predict", '{"instances": [ ]}', "`instances`: expected an array of at least one row", "[ ]"
    ),
    "no rows of several inputs": bad("/pair:predict", {"instances": []}, "at least one row"),
    "rows that are no array": bad(
        "/double:predict", {"instances": 5}, "`instances`: expected an array", "Received: 5."
    ),
    "rows that are an object": bad("/pair:predict", {"instances": {"a": 1}}, "`instances`: expected an array"),
    "rows that are null": bad("/double:predict", {"instances": None}, "`instances`: expected an array", "null"),
    "text for a number": bad(
        "/double:predict", {"instances": [ROW, [1, "a", 3, 4]]}, "`instances[1][1]`: expected a finite number", '"a"'
    ),
    "a boolean for a number": bad("/double:predict", {"instances": [[1, True, 3, 4]]}, "`instances[0][1]`", "true"),
    "text for a named number": bad(
        "/double:predict", {"instances": [{"x": ROW}, {"x": [1, 2, "a", 4]}]}, "`instances[1].x[2]`", '"a"'
    ),
    "a named value of another depth": bad(
        "/double:predict", {"instances": [{"x": ROW}, {"x": 5}]}, "`instances[1].x`: expected an array. Received: 5."
    ),
    "a bare row after named ones": bad(
        "/double:predict", {"instances": [{"x": ROW}, ROW]}, "`instances[1]`: expected an object"
    ),
    "a named row after bare ones": bad(
        "/double:predict", {"instances": [ROW, {"x": ROW}]}, "`instances[1]`: expected an array"
    ),
    "rows of unequal lengths": bad(
        "/double:predict", {"instances": [ROW, ROW[:3]]}, "`instances`: expected lists of equal"
    ),
    "named rows of unequal lengths": bad(
        "/double:predict", {"instances": [{"x": ROW}, {"x": ROW[:3]}]}, "`instances[*].x`: expected lists of equal"
    ),
    "too short a row": bad(
        "/double:predict", {"instances": [ROW[:3]]}, "Invalid shape of `x`: expected [-1, 4]", "[1, 3]"
    ),
    "a row without its brackets": bad("/double:predict", {"instances": ROW}, "Invalid shape of `x`", "Received: [4]"),
    "another number of rows than fits": bad("/fixed:predict", {"instances": [[1, 2, 3]]}, "expected [2, 3]", "[1, 3]"),
    "a fraction for a whole number": bad(
        "/whole:predict", {"instances": [1, 1.5]}, "`instances[1]`: expected a whole number", "1.5"
    ),
    "a whole number out of range": bad("/whole:predict", {"instances": [2147483648]}, "`instances[0]`", "2147483647"),
    "a float out of range": bad("/double:predict", '{"instances": [[1, 2, 3, 1e39]]}', "`instances[0][3]`"),
    "NaN": bad("/double:predict", '{"instances": [[NaN, 2, 3, 4]]}', "Invalid JSON", "A missing value is null."),
    "Infinity": bad("/double:predict", '{"instances": [[1, 2, 3, -Infinity]]}', "Invalid JSON", "-Infinity"),
    "a number for a string": bad("/words:predict", {"instances": [["a", 5]]}, "`instances[0][1]`", "Received: 5."),
    "base64 for a number": bad(
        "/double:predict", {"instances": [{"b64": "YQ=="}]}, "expected only the keys x. Received: `b64`."
    ),
    "base64 cut off": bad("/blob:predict", {"instances": ["a", {"b64": "w6"}]}, "`instances[1].b64`: expected base64"),
    "base64 of other bytes": bad(
        "/blob:predict", {"instances": [{"b64": "/w=="}]}, "`instances[0].b64`: expected base64 of UTF-8"
    ),
    "base64 of a number": bad("/blob:predict", {"instances": [{"b64": 5}]}, "`instances[0].b64`"),
    # rows of several inputs
    "bare rows of several inputs": bad(
        "/pair:predict", {"instances": [[1, 2]]}, "`instances[0]`: expected an object", "[1,2]"
    ),
    "an input missing": bad("/pair:predict", {"instances": [{"a": [1, 2]}]}, "`instances[0]`: expected the key `b`"),
    "an input too many": bad(
        "/pair:predict",
        {"instances": [{"a": [1, 2], "b": 1}, {"a": [1, 2], "b": 1, "c": 1}]},
        "`instances[1]`: expected only the keys a, b. Received: `c`.",
    ),
    "an empty row": bad("/pair:predict", {"instances": [{}]}, "`instances[0]`: expected the key `a`. Received: {}."),
    "an input of another type": bad(
        "/pair:predict",
        {"instances": [{"a": [1, 2], "b": 1}, {"a": [1, 2], "b": 1.5}]},
        "`instances[1].b`: expected a whole number",
    ),
    # columns
    "a column missing": bad("/pair:predict", {"inputs": {"a": [[1, 2]]}}, "`inputs`: expected the key `b`"),
    "a bare column of several inputs": bad("/pair:predict", {"inputs": [[1, 2]]}, "`inputs`: expected an object"),
    "a column of another type": bad(
        "/pair:predict", {"inputs": {"a": [[1, "x"]], "b": [1]}}, "`inputs.a[0][1]`: expected a finite number", '"x"'
    ),
    "columns of unequal length": bad("/pair:predict", {"inputs": {"a": [[1, 2]], "b": [1, 2]}}, "as many rows in each"),
    "a column without rows": bad("/half_plus_two:predict", {"inputs": []}, "at least one row"),
    "a column without dimensions": bad("/half_plus_two:predict", {"inputs": 1}, "Invalid shape of `x`", "[]"),
    # outputs
    "rows of an output without rows": bad(
        "/total:predict", {"instances": [1, 2]}, "`instances`: expected `inputs`", "has the shape []"
    ),
    "other rows of outputs than were asked": bad(
        "/picked:predict", {"instances": [0.25, 0.75, 4]}, "`instances`", "expected `inputs`, because the output"
    ),
    "no row of outputs": bad(
        "/picked:predict", {"instances": [0.25]}, "`instances`", "expected `inputs`, because the output"
    ),
    "rows of outputs without rows in common": bad(
        "/uneven:predict", {"instances": [1, 2]}, "expected `inputs`", "the output first", "1 rows"
    ),
    "an output that is not finite": bad("/inverse:predict", {"instances": [1, 0]}, "not finite", status=500),
    "a column of outputs that are not finite": bad("/inverse:predict", {"inputs": [0]}, "not finite", status=500),
    # a bundle's features
    "a feature of another type": bad(
        "/classes:predict",
        {"instances": [MEMBER, MEMBER | {"age": "1"}]},
        "`instances[1].age`: expected a finite number",
        '"1"',
    ),
    "a misspelt feature": bad("/classes:predict", {"instances": [{"Age": 1}]}, "Did you mean `age`?"),
    "a missing tensor value that is required": bad(
        "/classes:predict",
        {"instances": [TENSORS | {"numeric": [None, 2, 0]}]},
        "`numeric[0][0]`: expected a value of `age`",
    ),
    "a misspelt tensor of a bundle": bad(
        "/classes:predict", {"instances": [{"numeric": [1, 2, 0], "categoric": ["low"]}]}, "Did you mean `categorical`?"
    ),
    "bare rows of a bundle": bad(
        "/classes:predict", {"instances": [[1, 2, False, "low"]]}, "`instances[0]`: expected an object"
    ),
}

# ── classify and regress ──

PAIRS = [[label, score] for label, score in zip(("a", "50%", "c"), SCORES, strict=True)]
WITHOUT = {name: value for name, value in MEMBER.items() if name != "level"}

EXAMPLES = {
    "classify": Case("/classes:classify", {"examples": [MEMBER, MEMBER]}, answer={"results": [PAIRS, PAIRS]}),
    "classify a version": Case("/classes/versions/1:Classify", {"examples": [MEMBER]}, answer={"results": [PAIRS]}),
    "classify with a signature": Case(
        "/classes:classify", {"signature_name": "serving_default", "examples": [MEMBER]}, answer={"results": [PAIRS]}
    ),
    "values in lists": Case(
        "/classes:classify",
        {"examples": [{name: [value] for name, value in MEMBER.items()}]},
        answer={"results": [PAIRS]},
    ),
    "features in base64": Case(
        "/classes:classify", {"examples": [MEMBER | {"level": {"b64": "bG93"}}]}, answer={"results": [PAIRS]}
    ),
    "features in base64 in lists": Case(
        "/classes:classify", {"examples": [MEMBER | {"level": [{"b64": "bG93"}]}]}, answer={"results": [PAIRS]}
    ),
    "a context": Case(
        "/classes:classify",
        {"context": {"level": "low"}, "examples": [WITHOUT, WITHOUT]},
        answer={"results": [PAIRS] * 2},
    ),
    "an example goes before the context": Case(
        "/classes:classify", {"context": {"level": ["high"]}, "examples": [MEMBER]}, answer={"results": [PAIRS]}
    ),
    "regress": Case(
        "/number:regress",
        {"examples": [{"age": 1, "member": True}, {"age": [1], "member": False}]},
        answer={"results": [0.4, 0.1]},
    ),
    "no examples": bad("/classes:classify", {"examples": []}, "`examples`: expected an array of at least 1"),
    "no key for examples": bad("/classes:classify", {"instances": [MEMBER]}, "expected the key `examples`"),
    "examples that are no array": bad("/classes:classify", {"examples": MEMBER}, "`examples`: expected an array"),
    "an example that is no object": bad("/classes:classify", {"examples": [[1]]}, "`examples[0]`: expected an object"),
    "a context that is no object": bad(
        "/classes:classify", {"context": [], "examples": [MEMBER]}, "`context`: expected an object"
    ),
    "an unknown signature to classify": bad(
        "/classes:classify", {"signature_name": "x", "examples": [MEMBER]}, "`signature_name`", "`x`"
    ),
    "an example with a feature missing": bad(
        "/number:regress", {"examples": [{"age": 1}]}, "`examples[0]`: expected the key `member`"
    ),
    "an example with a feature too many": bad(
        "/classes:classify", {"examples": [MEMBER | {"x": 1}]}, "`examples[0]`", "`x`"
    ),
    "a context with an unknown feature": bad("/classes:classify", {"context": {"x": 1}, "examples": [MEMBER]}, "`x`"),
    "an example of another type": bad(
        "/classes:classify",
        {"examples": [MEMBER, MEMBER | {"age": "1"}]},
        "`examples[1].age`: expected a finite number",
        '"1"',
    ),
    "two values of a feature": bad(
        "/classes:classify", {"examples": [MEMBER | {"age": [1, 2]}]}, "`examples[0].age`", "[1,2]"
    ),
    "no value of a feature": bad("/classes:classify", {"examples": [MEMBER | {"age": []}]}, "`examples[0].age`", "[]"),
    "base64 of a number in an example": bad(
        "/classes:classify", {"examples": [MEMBER | {"age": {"b64": "MQ=="}}]}, "`examples[0].age`"
    ),
    "base64 cut off in an example": bad(
        "/classes:classify",
        {"examples": [MEMBER | {"level": {"b64": "w"}}]},
        "`examples[0].level.b64`: expected base64",
    ),
    "an object in an example": bad(
        "/classes:classify", {"examples": [MEMBER | {"level": {"x": 1}}]}, "`examples[0].level"
    ),
    "a huge whole number": bad(
        "/classes:classify", '{"examples":[{"age":1%s,"member":true}]}' % ("0" * 60), "32-bit float"
    ),
    "classify by a model of numbers": bad("/number:classify", {"examples": [{}]}, "predicts a number", ":regress"),
    "regress by a model of labels": bad("/classes:regress", {"examples": [{}]}, "predicts a label", ":classify"),
    "classify by a bare graph": bad("/double:classify", {"examples": [{}]}, "no manifest", ":predict"),
    "regress by a bare graph": bad("/double:regress", {"examples": [{}]}, "no manifest", ":predict"),
    "classify by an unknown model": bad("/other:classify", {}, "Unknown model", status=404),
}

CASES: dict[str, Case] = {**PATHS, **STATUSES, **PREDICTIONS, **FAULTS, **EXAMPLES}
