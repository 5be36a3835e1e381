"""`python -m training inspect`: what a file holds, said in seconds and without TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from tests.app.test_printable import is_safe
from tests.training.conftest import REPOSITORY
from training.cli.inspect import app

TITANIC = REPOSITORY / "examples" / "titanic.csv"


WIDE = {"COLUMNS": "200"}  # a terminal that is wide enough for a table


def inspect(*words: object) -> tuple[int, str, str]:
    """Return the exit code and what was printed."""
    done = CliRunner(env=WIDE).invoke(app, [str(word) for word in words])
    return done.exit_code, done.stdout, done.stderr


def command(*words: object, stdin: bytes = b"") -> tuple[int, str, str]:
    """Likewise, by a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "training", "inspect", *map(str, words)],
        input=stdin,
        capture_output=True,
        check=False,
        cwd=REPOSITORY,
        env=os.environ | WIDE,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_types_are_shown_with_examples() -> None:
    code, said, _ = inspect(TITANIC)
    assert code == 0
    assert "1,309 rows of 8 columns: csv, utf-8, delimiter ','" in said
    assert "age" in said
    assert "Say --target COLUMN" in said


def test_with_a_target_it_says_what_would_be_learned() -> None:
    code, said, _ = inspect(TITANIC, "--target", "survived", "--drop", "fare")
    assert code == 0
    assert "binary: " in said
    assert "dropped: as asked" in said


def test_notations_and_warnings_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    rows = "".join(f"{n}.{n:03},{n % 90 + 10};{n % 28 + 1}.0{n % 9 + 1}.2024;r{n % 3}\n" for n in range(1, 200))
    path.write_text("Umsatz;Tag;Art\n" + rows)
    code, said, _ = inspect(path)
    assert code == 0
    assert "number 1.234,56" in said
    assert "date dmy" in said
    assert "Warning" in said


def test_a_folder_has_a_line_a_file(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text("a,b\n" + "1,x\n2,y\n" * 40)
    (tmp_path / "page.csv").write_text("<html></html>")
    code, said, _ = inspect(tmp_path)
    assert code == 0
    assert "1 number, 1 category" in said
    assert "a web page" in said


def test_standard_input_is_a_file_too() -> None:
    code, said, _ = command("-", stdin=TITANIC.read_bytes())
    assert code == 0
    assert "1,309 rows" in said


def test_what_is_no_table_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "page.csv"
    path.write_text("<html></html>")
    code, _, complaint = command(path)
    assert code == 2
    assert complaint.startswith("Error: ")
    assert "Traceback" not in complaint


def test_it_needs_no_tensorflow() -> None:
    program = (
        "import sys\n"
        "from training.__main__ import run\n"
        "try:\n    run('inspect', ['examples/titanic.csv', '--target', 'survived'], 'x')\n"
        "except SystemExit as done:\n    assert not done.code\n"
        "assert not {'tensorflow', 'keras'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=REPOSITORY, capture_output=True)


def test_cells_that_look_like_several_labels_are_pointed_out(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("a,tags\n" + "1,art|law\n2,law|tax\n3,art\n4,tax|art\n" * 30)
    code, said, _ = inspect(path)
    assert code == 0
    assert "`tags` looks like several of 3 labels a cell, such as 'art|law': --task multilabel" in said


def test_names_and_cells_of_a_file_are_escaped(tmp_path: Path) -> None:
    """On the terminal of whoever looks at a stranger's file: columns, cells, and the names of files in a folder."""
    hostile = "\x1b[31m\x9b2J\u202e"
    rows = "".join([f"{number},{hostile}{number % 3},{'yes' if number % 2 else hostile}\n" for number in range(60)])
    (tmp_path / f"{hostile}\nforged.csv").write_text(f"size,{hostile}name,target\n{rows}", encoding="utf-8")
    (tmp_path / f"{hostile}.csv").write_bytes(b"")
    for words in ([tmp_path], [tmp_path / f"{hostile}\nforged.csv"], [tmp_path / f"{hostile}.csv"]):
        _, said, error = inspect(*words)
        assert "[31m" in said + error
        assert is_safe((said + error).replace("\n", ""))
        assert not [line for line in said.splitlines() if line.strip().startswith("forged")]
