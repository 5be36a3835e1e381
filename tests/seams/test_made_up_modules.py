"""The page's modules of the made-up type and answer, found by the lines of the registries alone."""

from pathlib import Path

import pytest

from app.page.assets import Assets
from tests.seams.conftest import SOURCE


def test_they_are_nothing_to_a_service_that_knows_no_such_type() -> None:
    assert not {"features/track.js", "answers/places.js"} & set(Assets().now().files)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("path", ["features/track.js", "answers/places.js"])
def test_they_are_served_with_the_page_once_their_types_are_registered(path: str) -> None:
    assert Assets().now().files[path].plain == (SOURCE / "page" / Path(path)).read_bytes()
