"""The training page and the examples say what the code does."""

import re

import pytest
import typer

from tests.training.conftest import REPOSITORY
from training.cli.train import app
from training.data.load import load
from training.trainer.optimizer import LEARNING_RATES

PAGE = (REPOSITORY / "docs" / "training.md").read_text()
WORDS = {
    "by the file's size",
    "required",
    "inferred",
    "none",
    "off",
    "from the file's name",
    "by the optimizer",
    "by the rows",
    "by the rule",
}


def documented() -> dict[str, str]:
    """Option -> default, from the table."""
    return dict(re.findall(r"^\| `(--[a-z-]+)` \| (.+?) \|", PAGE, re.MULTILINE))


def existing() -> dict[str, object]:
    """Option -> default, from the command line itself."""
    command = typer.main.get_command(app)
    return {param.opts[0]: param.default for param in command.params if param.opts[0].startswith("--")}


def test_the_table_lists_every_option_in_order() -> None:
    assert list(documented()) == [name for name in existing() if name != "--help"]


@pytest.mark.parametrize("option", list(documented()))
def test_the_table_has_the_defaults(option: str) -> None:
    said, default = documented()[option], existing()[option]
    if said in WORDS:
        assert default in (None, "", False)
    else:
        assert said == f"`{default}`"


def test_the_learning_rates_are_those_of_the_code() -> None:
    rates = [f"{rate:g}" for rate in LEARNING_RATES.values()]
    assert f"{', '.join(rates[:-1])} and {rates[-1]} in the order above" in PAGE


def test_every_example_is_described_with_its_size_and_columns() -> None:
    page = (REPOSITORY / "examples" / "README.md").read_text()
    files = sorted(path for path in (REPOSITORY / "examples").iterdir() if path.name != "README.md")
    assert files
    for path in files:
        frame = load(path)
        assert f"| `{path.name}` | {len(frame):,} x {len(frame.columns)} |" in page
    for column in load(REPOSITORY / "examples" / "adult.csv.gz").columns:
        assert f"`{column}`" in page


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (REPOSITORY / "docs" / link).exists(), link
