"""The tree of errors, and the one way in which a caller sees them."""

import inspect
import json
from typing import Any

import pytest

from app import errors
from app.errors import (
    BodyTooLarge,
    BundleError,
    InputError,
    InvalidInput,
    MethodNotAllowed,
    ModelFailed,
    NotFound,
    Overloaded,
    Path,
    RequestError,
    SlipwayError,
    path_text,
    render,
)

TREE = {
    "InvalidInput": 400,
    "NotFound": 404,
    "Unauthorized": 401,
    "MethodNotAllowed": 405,
    "Conflict": 409,
    "BodyTooLarge": 413,
    "UnsupportedMedia": 415,
    "Overloaded": 429,
    "ModelFailed": 500,
    "NotReady": 503,
    "DeadlineExceeded": 504,
}


ROOTS = (RequestError, InputError)


def classes() -> dict[str, type[Exception]]:
    found = {name: value for name, value in vars(errors).items() if inspect.isclass(value)}
    return {name: value for name, value in found.items() if issubclass(value, SlipwayError)}


def test_every_error_has_its_status() -> None:
    """The statuses of the tree, no more and no fewer."""
    found = {name: c.status for name, c in classes().items() if issubclass(c, RequestError) and c not in ROOTS}
    assert found == TREE
    assert not issubclass(BundleError, RequestError)


def test_every_error_is_in_the_drawing() -> None:
    """The tree at the top of the module is the tree."""
    drawing = errors.__doc__ or ""
    for name, status in TREE.items():
        assert any(name in line and f" {status} " in line for line in drawing.splitlines()), name
    named = {
        name
        for name in [*TREE, "BundleError", "FileError", "InvalidSettings", "InputError", "RequestError"]
        if name in drawing
    }
    assert set(classes()) - {"SlipwayError"} == named


def test_every_error_says_when() -> None:
    """A docstring on each."""
    for name, error in classes().items():
        assert inspect.getdoc(error), name


@pytest.mark.parametrize("name", TREE)
def test_what_a_caller_sees(name: str) -> None:
    """Status, the message as JSON, and the headers that belong to it."""
    kind: Any = classes()[name]
    quoted = 'a "quoted" Ünïcode\n'
    if issubclass(kind, InputError):
        error, message = kind((), quoted, "b"), f"Invalid body: expected {quoted}. Received: b."
    elif kind is MethodNotAllowed:
        error, message = kind("GET, POST", quoted), f"Invalid method: expected GET, POST. Received: {quoted}."
    else:
        error, message = kind(quoted), quoted
    status, body, headers, _ = render(error)
    assert status == TREE[name]
    assert json.loads(body) == {"error": message}
    expected = {
        "MethodNotAllowed": (("allow", "GET, POST"),),
        "Overloaded": (("retry-after", "1"),),
        "Unauthorized": (("www-authenticate", "Bearer"),),
    }
    assert headers == expected.get(name, ())


def test_a_longer_wait_can_be_asked_for() -> None:
    """In whole seconds."""
    assert Overloaded("full", retry_after_s=7).headers == (("retry-after", "7"),)


@pytest.mark.parametrize("error", [RuntimeError("secret"), BundleError("/a/path: secret"), KeyError("secret")])
def test_a_bug_says_nothing_of_itself(error: Exception) -> None:
    """Whatever is not for callers is a bare 500."""
    assert render(error) == (500, b'{"error":"Internal error."}', (), "Internal error.")


def test_a_failed_run_is_told_as_it_was_raised() -> None:
    """Its message is chosen by the batcher, which leaves the details to the log."""
    assert render(ModelFailed("The model failed."))[1] == b'{"error":"The model failed."}'


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("instances",), "instances"),
        (("instances", 3, "age"), "instances[3].age"),
        (("x", 0, 1), "x[0][1]"),
        (("instances", ..., "x"), "instances[*].x"),
        (("a.b", "c"), "a.b.c"),
    ],
)
def test_a_path_is_written_as_a_caller_reads_it(path: Path, text: str) -> None:
    """Keys with dots, indexes in brackets, a star for every index."""
    assert path_text(path) == text


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InvalidInput((), "UTF-8", "other bytes"), "Invalid body: expected UTF-8. Received: other bytes."),
        (
            InvalidInput(("instances", 3, "age"), "a finite number", '"abc"'),
            'Invalid `instances[3].age`: expected a finite number. Received: "abc".',
        ),
        (InvalidInput((), "one row", "none", noun="inputs"), "Invalid inputs: expected one row. Received: none."),
        (InvalidInput(("x",), "[2]", [3], noun="shape of"), "Invalid shape of `x`: expected [2]. Received: [3]."),
        (
            InvalidInput(("a",), "b", "c", hint="Did you mean `d`?"),
            "Invalid `a`: expected b. Received: c. Did you mean `d`?",
        ),
    ],
)
def test_fields_become_one_sentence(error: InputError, message: str) -> None:
    """The name, the expectation, the value received, and perhaps a hint."""
    assert str(error) == message


def test_an_error_can_be_told_of_another_place() -> None:
    """What a caller knows by another path keeps its class and its words."""
    error = BodyTooLarge(("instances", 3), "2 rows", 3, noun="shape of", hint="Send fewer.").at(("examples", 7))
    assert type(error) is BodyTooLarge
    assert error.path == ("examples", 7)
    assert str(error) == "Invalid shape of `examples[7]`: expected 2 rows. Received: 3. Send fewer."


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (InvalidInput(("a",), "b", "secret. Received: x", hint="Did you mean `secret`?"), "Invalid `a`: expected b."),
        (MethodNotAllowed("GET", "secret"), "Invalid method: expected GET."),
        (NotFound("Unknown model: expected one of a.", "secret"), "Unknown model: expected one of a."),
        (ModelFailed("The model failed on this request."), "The model failed on this request."),
        (ValueError("secret"), "Internal error."),
    ],
)
def test_a_log_is_told_what_is_the_services_own(error: Exception, logged: str) -> None:
    """Neither what was received nor a hint, which may repeat it."""
    assert render(error)[3] == logged
