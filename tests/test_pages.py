"""What the pages name exists: files, links and their headings, targets of make, modules, commands and options."""

import importlib.util
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from slipway import completion
from slipway.verbs import VERBS

ROOT = Path(__file__).parent.parent
HISTORY = {"CHANGELOG.md"}  # it names what there was
OWN = ("app", "training", "slipway", "benchmarks", "monitoring", "image", "tests")
FOLDERS = (*OWN, "docs", "k8s", "examples", "requirements", r"\.ci", r"\.github")
# A path of the repository; `docs/assets/` is a route, `image/png` a media type, NAME stands for many.
PATH = re.compile(
    rf"(?<![\w/.:@~-])(?!docs/assets/|image/(?:svg|png|jpeg|webp)\b|\S*/NAME)(?:{'|'.join(FOLDERS)})/[\w./*-]*[\w*/]"
)

COMMAND = re.compile(r"(?:python[\d.]* -m (?=app\b|training\b)(?!\w+\.)|^(?:[\w./]*/)?(?=slipway ))([^|;&#]*)")


def pages() -> list[Path]:
    folders = [ROOT / name.replace("\\", "") for name in FOLDERS]
    found = [*ROOT.glob("*.md"), *(page for folder in folders for page in folder.rglob("*.md"))]
    return [page for page in found if page.name not in HISTORY]


PAGES = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()]


def code(page: Path) -> list[str]:
    """What is set as code: the lines of blocks, continued ones joined, and what stands in backticks."""
    text = page.read_text()
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [*lines, *re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))]


@cache
def headings(page: Path) -> set[str]:
    """The anchors of a page, as the usual forges make them."""
    found = re.findall(r"^#+ (.*)", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@cache
def options() -> dict[str, set[str]]:
    """The options of each verb, from the parsers."""
    return {verb: {name for one in each for name in one.names} for verb, each in completion.options().items()}


def verb_of(words: list[str]) -> tuple[str, list[str]] | None:
    """Which verb a command line is for, and the words behind it."""
    match words:
        case ["slipway", verb, *rest] if verb in VERBS:
            return verb, rest
        case ["app", verb, *rest] | ["training", verb, *rest] if verb in VERBS and verb not in ("train", "serve"):
            return verb, rest
        case ["app", *rest]:
            return "serve", rest
        case ["training", *rest]:
            return "train", rest
    return None


@pytest.mark.parametrize("page", PAGES)
def test_every_path_exists(page: Path) -> None:
    for path in PATH.findall(re.sub(r"\]\([^)]*\)", "]", page.read_text())):
        assert any(ROOT.glob(path.rstrip("/"))), f"{path}, named in {page.name}"


@pytest.mark.parametrize("folder", [name for name in OWN if name != "tests"])
def test_every_path_that_the_code_names_exists(folder: str) -> None:
    """In docstrings, comments and messages; a decision may be named by its number. Tests may make some up."""
    for file in (ROOT / folder).rglob("*.py"):
        for path in PATH.findall(re.sub(r"\]\([^)]*\)", "]", file.read_text())):
            assert any(ROOT.glob(f"{path.rstrip('/')}*")), f"{path}, named in {file.relative_to(ROOT)}"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_page_and_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if not target.startswith("http"):
            name, _, anchor = target.partition("#")
            there = (page.parent / name).resolve() if name else page
            assert there.exists(), target
            assert not anchor or anchor in headings(there), target


@pytest.mark.parametrize("page", PAGES)
def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {
        name for piece in code(page) for name in re.findall(r"(?:^|[;&] *)make (?:-\S+ )*([a-z][a-z-]*)", piece)
    } <= targets


@pytest.mark.parametrize("page", PAGES)
def test_every_module_exists(page: Path) -> None:
    for piece in code(page):
        for name in re.findall(r"python[\d.]* -m ([\w.]+)", piece):
            if name.partition(".")[0] in OWN:
                file = ROOT / name.replace(".", "/")
                assert file.with_suffix(".py").exists() or (file / "__main__.py").exists(), piece
            else:
                assert importlib.util.find_spec(name), piece


@pytest.mark.parametrize("page", PAGES)
def test_every_verb_and_option_exists(page: Path) -> None:
    """Of `slipway`, and of the two programs behind it."""
    for piece in code(page):
        for line in COMMAND.findall(piece):
            words = line.split()
            asked = verb_of(words)
            assert asked or words[1] in completion.GENERAL, piece
            if asked:
                told = {word.partition("=")[0] for word in asked[1] if re.match(r"--[a-z]", word)}
                assert told <= options()[asked[0]], piece


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("the file app/no_such_file.py", test_every_path_exists),
        ("[a page](nowhere.md)", test_every_link_leads_to_a_page_and_a_heading),
        ("# One\n[below](#two)", test_every_link_leads_to_a_page_and_a_heading),
        ("`make tea`", test_every_target_of_make_exists),
        ("```\npython -m app.no_such_module\n```", test_every_module_exists),
        ("```\npython -m app check --no-such-option\n```", test_every_verb_and_option_exists),
        ("`.venv/dev/bin/python -m training a.csv --epoch 3`", test_every_verb_and_option_exists),
        ("`slipway fly`", test_every_verb_and_option_exists),
        ("```\nslipway serve \\\n  --prot 1\n```", test_every_verb_and_option_exists),
    ],
)
def test_a_page_that_is_not_true_fails(text: str, test: Callable[[Path], None], tmp_path: Path) -> None:
    """Each of the tests above sees what it is there for."""
    (tmp_path / "page.md").write_text(text)
    with pytest.raises(AssertionError):
        test(tmp_path / "page.md")
