"""What the tests of the service share: bundles written once, and a process a door."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from app.main import Slipway
from tests.support import serving, tiny


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one binary classifier, `tiny/1`."""
    root = tmp_path_factory.mktemp("models")
    tiny.write(root)
    return root


@pytest.fixture
def app(models: Path) -> Slipway:
    """The application that serves `tiny/1`; `client` runs it."""
    return serving.app_of(models)


@pytest.fixture
async def client(app: Slipway) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running application, without a socket."""
    async with serving.running(app) as client:
        yield client


@pytest.fixture(scope="session", params=["protocol", "asgi"])
def process(
    request: pytest.FixtureRequest, models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[serving.Process]:
    """`python -m app` with `tiny/1`, once through each door."""
    options = ["--door", request.param, "--max-body-bytes", "100000", "--max-request-rows", "50"]
    with serving.process(models, tmp_path_factory.mktemp("process"), *options) as started:
        yield started


@pytest.fixture
def http(process: serving.Process) -> Iterator[httpx.Client]:
    """A client of the process, through a real socket."""
    with httpx.Client(base_url=process.address) as client:
        yield client
