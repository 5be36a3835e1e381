"""Who may call: keys from a file, known callers, rates, and that no key is ever told to anybody."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from app.errors import Overloaded, Unauthorized
from app.http import api_keys as guards
from app.http import rate_limit
from app.http.api_keys import Guard
from app.http.handler import Head
from app.http.rate_limit import Bucket
from tests.support import tiny
from tests.support.serving import app_of, running

ONE, TWO = "a-first-key-of-enough-length", "a-second-key-of-enough-length"


def keys(folder: Path, lines: Sequence[str]) -> Path:
    path = folder / "keys"
    path.write_text("\n".join(lines))
    return path


def head(**headers: str) -> Head:
    return Head(b"", [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()])


def test_without_a_file_everybody_passes() -> None:
    """And nothing is counted."""
    assert Guard(None).open
    assert Guard(None).check(head()) == ""


def test_a_key_opens_in_either_header(tmp_path: Path) -> None:
    """With its name, or that of its line."""
    guard = Guard(keys(tmp_path, [f"shop:{ONE}", "# a comment", "", TWO]))
    assert not guard.open
    assert guard.check(head(authorization=f"Bearer {ONE}")) == "shop"
    assert guard.check(head(authorization=f"bearer  {ONE}")) == "shop"
    assert guard.check(head(x_api_key=TWO)) == "key 4"


@pytest.mark.parametrize(
    "sent",
    [{}, {"x_api_key": ""}, {"x_api_key": ONE[:-1]}, {"authorization": ONE}, {"authorization": f"Basic {ONE}"}],
)
def test_whoever_has_no_key_stays_out(sent: dict[str, str], tmp_path: Path) -> None:
    """Nothing, too little, or in another form."""
    with pytest.raises(Unauthorized, match="Expected a valid key"):
        Guard(keys(tmp_path, [ONE])).check(head(**sent))


def test_a_change_of_the_file_counts_for_remembered_heads(tmp_path: Path) -> None:
    """A door may keep a head and with it what was thought of it: only for as long as it holds."""
    guard = Guard(keys(tmp_path, [f"shop:{ONE}"]))
    kept, other = head(x_api_key=ONE), head(x_api_key=TWO)
    assert guard.check(kept) == guard.check(kept) == "shop"
    keys(tmp_path, [f"bank:{TWO}", "# longer"])
    guard.refresh()
    assert guard.check(other) == "bank"
    with pytest.raises(Unauthorized):
        guard.check(kept)


def test_one_guards_verdict_is_not_anothers(tmp_path: Path) -> None:
    """A head that may predict may not administer."""
    (tmp_path / "b").mkdir()
    predict, admin = Guard(keys(tmp_path, [ONE])), Guard(keys(tmp_path / "b", [TWO]))
    kept = head(x_api_key=ONE)
    predict.check(kept)
    with pytest.raises(Unauthorized):
        admin.check(kept)


@pytest.mark.parametrize("fault", ["gone", "short key", "no text", "too large"])
def test_a_file_that_cannot_be_read_changes_nothing(
    fault: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who were in stay in, the fault is logged once, and the next good file counts."""
    monkeypatch.setattr(guards, "FILE_MAX_BYTES", 1000)
    path = keys(tmp_path, [ONE])
    guard = Guard(path)
    if fault == "gone":
        path.unlink()
    else:
        path.write_bytes({"short key": b"secret", "no text": b"\xff\xfe" * 9, "too large": b"#" * 1001}[fault])
    for _ in range(3):
        guard.refresh()
    assert guard.check(head(x_api_key=ONE))
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "secret" not in errors[0]
    keys(tmp_path, [TWO])
    guard.refresh()
    assert guard.check(head(x_api_key=TWO))


def test_a_secret_that_is_switched_by_a_link_is_noticed(tmp_path: Path) -> None:
    """As a mounted Secret is."""
    for name, key in (("v1", ONE), ("v2", TWO)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "keys").write_text(key)
    (tmp_path / "now").symlink_to("v1")
    guard = Guard(tmp_path / "now" / "keys")
    assert guard.check(head(x_api_key=ONE))
    (tmp_path / "next").symlink_to("v2")
    os.replace(tmp_path / "next", tmp_path / "now")  # noqa: PTH105
    guard.refresh()
    assert guard.check(head(x_api_key=TWO))


def test_a_bucket_fills_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many at once, and then so many a second."""
    now = 100.0
    monkeypatch.setattr(rate_limit, "monotonic", lambda: now)
    bucket = Bucket(4.0)
    assert [bucket.take() for _ in range(5)] == [0, 0, 0, 0, 0.25]
    now += 0.5
    assert [bucket.take() for _ in range(3)] == [0, 0, 0.25]
    now += 1000
    assert [bucket.take() for _ in range(5)][:4] == [0] * 4


def test_each_caller_has_its_own_rate(tmp_path: Path) -> None:
    """One above it takes nothing from the other."""
    guard = Guard(keys(tmp_path, [ONE, TWO]), rate_per_s=1)
    guard.check(head(x_api_key=ONE))
    with pytest.raises(Overloaded, match="expected at most 1 a second") as error:
        guard.check(head(x_api_key=ONE))
    assert error.value.retry_after_s == 1
    guard.check(head(x_api_key=TWO))


async def test_the_routes_that_ask_for_a_key(tmp_path: Path) -> None:
    """Predictions and what models are, in all protocols; probes, metrics and documentation stay open."""
    tiny.write(tmp_path / "models")
    app = app_of(tmp_path / "models", api_keys_file=keys(tmp_path, [ONE]))
    closed = [
        ("POST", "/predict"),
        ("POST", "/v1/models/tiny:predict"),
        ("POST", "/v2/models/tiny/infer"),
        ("GET", "/models"),
        ("GET", "/models/tiny"),
        ("GET", "/v1/models/tiny"),
        ("GET", "/v1/models/tiny/metadata"),
        ("GET", "/V1/models/tiny"),
        ("GET", "/v2/models/tiny"),
        ("GET", "/v2/models/tiny/config"),
        ("POST", "/v2/repository/index"),
    ]
    opened = ["/health", "/health/live", "/metrics", "/docs", "/openapi.json", "/v2/health/live", "/v2/health/ready"]
    async with running(app) as client:
        for method, path in closed:
            refused: httpx.Response = await client.request(method, path, json={})
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer"), path
            assert "valid key" in refused.json()["error"]
            with_key = await client.request(method, path, json={}, headers={"x-api-key": ONE})
            assert with_key.status_code != 401, path
        for path in opened:
            assert (await client.get(path)).status_code == 200, path


async def test_a_caller_above_its_rate_gets_429(tmp_path: Path) -> None:
    """With the time to wait, and by name nobody else."""
    tiny.write(tmp_path / "models")
    app = app_of(tmp_path / "models", max_requests_per_s=2)
    async with running(app) as client:
        statuses = [(await client.post("/predict", json={"instances": []})) for _ in range(4)]
    assert [answer.status_code for answer in statuses] == [400, 400, 429, 429]
    assert statuses[-1].headers["retry-after"] == "1"
