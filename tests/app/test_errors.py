"""The tree of errors, and the one way in which a caller sees them."""

import inspect
import json

import pytest

from app import errors
from app.errors import (
    BundleError,
    MethodNotAllowed,
    ModelFailed,
    Overloaded,
    RequestError,
    SlipwayError,
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


def classes() -> dict[str, type[Exception]]:
    found = {name: value for name, value in vars(errors).items() if inspect.isclass(value)}
    return {name: value for name, value in found.items() if issubclass(value, SlipwayError)}


def test_every_error_has_its_status() -> None:
    """The statuses of the tree, no more and no fewer."""
    found = {name: c.status for name, c in classes().items() if issubclass(c, RequestError) and c is not RequestError}
    assert found == TREE
    assert not issubclass(BundleError, RequestError)


def test_every_error_is_in_the_drawing() -> None:
    """The tree at the top of the module is the tree."""
    drawing = errors.__doc__ or ""
    for name, status in TREE.items():
        assert any(name in line and f" {status} " in line for line in drawing.splitlines()), name
    assert set(classes()) - {"SlipwayError"} == {
        name for name in [*TREE, "BundleError", "RequestError"] if name in drawing
    }


def test_every_error_says_when() -> None:
    """A docstring on each."""
    for name, error in classes().items():
        assert inspect.getdoc(error), name


@pytest.mark.parametrize("name", TREE)
def test_what_a_caller_sees(name: str) -> None:
    """Status, the message as JSON, and the headers that belong to it."""
    kind = classes()[name]
    error = kind('a "quoted" Ünïcode\n', "GET, POST") if kind is MethodNotAllowed else kind('a "quoted" Ünïcode\n')
    status, body, headers = render(error)
    assert status == TREE[name]
    assert json.loads(body) == {"error": 'a "quoted" Ünïcode\n'}
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
    assert render(error) == (500, b'{"error":"Internal error."}', ())


def test_a_failed_run_is_told_as_it_was_raised() -> None:
    """Its message is chosen by the batcher, which leaves the details to the log."""
    assert render(ModelFailed("The model failed."))[1] == b'{"error":"The model failed."}'
