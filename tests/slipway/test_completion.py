"""Completions, asked of the shells themselves: what a person would see after pressing the tab key."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from slipway import completion
from slipway.verbs import VERBS
from tests.support.serving import PATIENCE_S, ROOT
from tests.support.tools import tool

ASKED = [
    ("serve", "--log-l", ["--log-level"]),
    ("serve", "--log-level i", ["info"]),
    ("train", "--optimizer adam", ["adam", "adamw"]),
    ("compare", "--da", ["--data"]),
    ("completion", "z", ["zsh"]),
]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The script of each shell, made once."""
    found, folder = completion.options(), tmp_path_factory.mktemp("completion")
    for shell, write in completion.SHELLS.items():
        (folder / shell).write_text(write(found))
    return {shell: folder / shell for shell in completion.SHELLS}


def bash(script: Path, line: str) -> list[str]:
    """Call the function that `complete` knows, as bash does."""
    words = line.split(" ")
    code = f"""source {script}; complete -p slipway | grep -q -- '-F _slipway'
    COMP_WORDS=({" ".join(f"'{word}'" for word in words)}); COMP_CWORD={len(words) - 1}
    _slipway || true; printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run([tool("bash"), "--norc", "-euc", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(("verb", "begun", "expected"), ASKED)
def test_bash(scripts: dict[str, Path], verb: str, begun: str, expected: list[str]) -> None:
    assert bash(scripts["bash"], f"slipway {verb} {begun}") == expected


def test_bash_completes_verbs_and_leaves_files_to_the_shell(scripts: dict[str, Path]) -> None:
    assert bash(scripts["bash"], "slipway ") == [*VERBS, *completion.GENERAL]
    assert bash(scripts["bash"], "slipway c") == ["compare", "check", "completion"]
    assert bash(scripts["bash"], "slipway serve --models ") == []
    assert bash(scripts["bash"], "slipway train hou") == []


@pytest.mark.parametrize("verb", ["train", "serve"])
def test_every_option_of_the_help_is_completed_and_no_other(scripts: dict[str, Path], verb: str) -> None:
    command = [sys.executable, "-m", "slipway", verb, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    heads = re.findall(r"^ +(-.*?)(?:  |$)", done.stdout, re.MULTILINE)
    told = {name for head in heads for name in re.findall(r"(?<!\S)--[a-z][a-z-]*", head)}
    assert len(told) > 3
    assert {name for name in bash(scripts["bash"], f"slipway {verb} -") if name.startswith("--")} == told


@pytest.mark.parametrize(("verb", "begun", "expected"), ASKED)
def test_fish(scripts: dict[str, Path], verb: str, begun: str, expected: list[str]) -> None:
    code = f"source {scripts['fish']}; complete -C 'slipway {verb} {begun}'"
    done = subprocess.run([tool("fish"), "--no-config", "-c", code], capture_output=True, text=True, check=True)
    assert [line.partition("\t")[0] for line in done.stdout.splitlines()] == expected


@contextmanager
def on_a_terminal(*command: str) -> Iterator[int]:
    """Start a program on a terminal of its own, for as long as the block runs."""
    ours, its = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "TERM": "dumb"}
    with subprocess.Popen(
        command, stdin=its, stdout=its, stderr=its, env=environment, start_new_session=True
    ) as process:
        os.close(its)
        try:
            yield ours
        finally:
            process.kill()
            os.close(ours)


def read_until(terminal: int, pattern: str) -> str:
    said, deadline = "", time.monotonic() + PATIENCE_S
    while not re.search(pattern, said):
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"expected {pattern!r}. Received: {said!r}"
        said += os.read(terminal, 65536).decode(errors="replace")
    return said


@pytest.mark.parametrize(("verb", "begun", "expected"), ASKED)
def test_zsh(scripts: dict[str, Path], verb: str, begun: str, expected: list[str]) -> None:
    """With its own completion system, on a terminal."""
    with on_a_terminal(tool("zsh"), "-f", "-i") as shell:
        os.write(shell, f"autoload -U compinit; compinit -D -u; source {scripts['zsh']}; echo lo''aded\n".encode())
        read_until(shell, "loaded\r?\n")
        os.write(shell, f"slipway {verb} {begun}\t".encode())
        read_until(shell, rf"(?s)slipway {verb} .*{re.escape(expected[-1])}")
