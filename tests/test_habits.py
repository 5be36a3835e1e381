"""What people who join rely on: editor, hooks, workflow and templates ask for what `make check` and `.ci/run` do."""

import configparser
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import yaml

from slipway.verbs import VERBS

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def checks() -> list[list[str]]:
    """The commands of `make check`: ruff format, ruff check, mypy, lint-imports."""
    [recipe] = re.findall(r"^check:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    return [shlex.split(line)[:2] for line in recipe.splitlines()]


def hooks() -> list[dict[str, Any]]:
    return [hook for repository in read(".pre-commit-config.yaml")["repos"] for hook in repository["hooks"]]


def test_the_hooks_are_the_tools_of_make_check() -> None:
    """The same programs, from the same environment."""
    expected = [
        ["$(DEV)/bin/ruff", "format"],
        ["$(DEV)/bin/ruff", "check"],
        ["$(DEV)/bin/mypy"],
        ["$(DEV)/bin/lint-imports"],
    ]
    assert checks() == expected
    entries = [hook["entry"].split() for hook in hooks()]
    assert [entry[: len(words)] for entry, words in zip(entries, expected, strict=True)] == [
        [word.replace("$(DEV)", ".venv/dev") for word in words] for words in expected
    ]


def test_the_hooks_fetch_nothing() -> None:
    assert [repository["repo"] for repository in read(".pre-commit-config.yaml")["repos"]] == ["local"]
    assert {hook["language"] for hook in hooks()} == {"system"}


def test_the_hooks_see_what_is_wrong(tmp_path: Path) -> None:
    """On the one file that changed, and not on generated code."""
    bad = tmp_path / "bad.py"
    bad.write_text("import os\nx=1\n")
    for name, code in (("ruff-format", "x = 1"), ("ruff-check", "F401")):
        [hook] = [hook for hook in hooks() if hook["id"] == name]
        done = subprocess.run(
            [*hook["entry"].split(), "--diff" if name == "ruff-format" else "--no-fix", str(bad)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert code in done.stdout
        assert "--force-exclude" in hook["entry"]


def test_the_workflow_runs_the_one_command_with_no_rights() -> None:
    workflow = read(".github/workflows/ci.yml")
    assert workflow["permissions"] == {"contents": "read"}
    [job] = workflow["jobs"].values()
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"actions/checkout@[0-9a-f]{40}", name) for name in used)
    assert [step["run"] for step in job["steps"] if "run" in step] == ["sudo bash .ci/run"]
    assert (ROOT / ".ci" / "run").exists()
    assert "secrets" not in (ROOT / ".github/workflows/ci.yml").read_text()


def test_a_report_is_asked_for_versions_and_for_what_check_says() -> None:
    fields = {
        field["id"]: field["attributes"]["label"]
        for field in read(".github/ISSUE_TEMPLATE/bug.yml")["body"]
        if "id" in field
    }
    assert fields["versions"] == "slipway --version"
    assert fields["check"].startswith("slipway check")
    assert "check" in VERBS


def test_the_editor_knows_the_house_format() -> None:
    rules = configparser.ConfigParser()
    rules.read_string("[general]\n" + (ROOT / ".editorconfig").read_text())
    assert rules["*.{py,pyi}"]["max_line_length"] == str(PROJECT["tool"]["ruff"]["line-length"])
    assert rules["{Makefile,*.mk}"]["indent_style"] == "tab"
    assert re.search(r"^\t", MAKEFILE, re.MULTILINE)
