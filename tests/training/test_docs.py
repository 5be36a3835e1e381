"""The training page and the examples say what the code does."""

import re

import pytest
import typer

from app.sources.source import open_source
from tests.training.conftest import REPOSITORY
from training.cli.train import app
from training.trainer.optimizer import LEARNING_RATES

PAGE = (REPOSITORY / "docs" / "training.md").read_text()
WORDS = {
    "by the file's size",
    "found",
    "found in each column",
    "found by days above 12",
    "UTF-8, or UTF-16 by its bytes",
    "required",
    "inferred",
    "none",
    "off",
    "from the file's name",
    "by the optimizer",
    "by the rows",
    "by the rule",
    "n-grams alone",
    "random, or by the column that is named",
    "the one that never falls",
    "the rarer one",
}


def documented() -> dict[str, str]:
    """Option -> default, from the table."""
    found = re.findall(r"^\| `(--[a-z-]+)` \| (.+?) (?<!\\)\|", PAGE, re.MULTILINE)
    return {option: default.replace("\\|", "|") for option, default in found}  # a bar in a cell


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
        assert default in (None, "", False, [])
    else:
        assert said == f"`{default}`"


def test_the_learning_rates_are_those_of_the_code() -> None:
    rates = [f"{rate:g}" for rate in LEARNING_RATES.values()]
    assert f"{', '.join(rates[:-1])} and {rates[-1]} in the order above" in PAGE


def test_every_example_is_described_with_its_size_and_columns() -> None:
    page = (REPOSITORY / "examples" / "README.md").read_text()
    files = sorted(path for path in (REPOSITORY / "examples").iterdir() if path.is_file() and path.name != "README.md")
    assert files
    for path in files:
        rows = sum(chunk.columns.num_rows for chunk in open_source(path).batches())
        assert f"| `{path.name}` | {rows:,} x {len(open_source(path).names)} |" in page
    for column in open_source(REPOSITORY / "examples" / "adult.csv.gz").names:
        assert f"`{column}`" in page


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (REPOSITORY / "docs" / link).exists(), link
