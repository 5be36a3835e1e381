"""One script of many modules: what they say to each other stays as it was, and what it cannot do is refused."""

import shutil
import subprocess
from pathlib import Path

import pytest

from app.page.script import ordered, script

WORDS = """export const word = "a // b"; // stays
  // goes
export function* each() { yield 1; yield 2; }
export class Thing { say() { return `two
    lines // kept
  as they are`; } }
export async function later() { return 3; }
export default function (x) { return x + 1; }
"""


def run(modules: dict[str, str], folder: Path) -> str:
    if shutil.which("node") is None:
        pytest.fail("node is wanted: apt install nodejs")
    (folder / "page.mjs").write_text(script(modules))
    return subprocess.run(["node", "page.mjs"], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_modules_say_to_each_other_what_they_said(tmp_path: Path) -> None:
    """Every form of import and export, a text over lines, and modules that are taken by their names."""
    modules = {
        "words.js": WORDS,
        "deep/one.js": """import { word as name, each,
  later } from "../words.js";
import * as words from "../words.js"; // all of them
export const all = async () => [name, [...each()], new words.Thing().say(), await later(), words.default(1)];
""",
        "main.js": """const path = "./deep/one.js";
const { all } = await_(import(path));
function await_(promise) { return { all: async () => (await promise).all() }; }
all().then((found) => console.log(JSON.stringify(found)));
""",
    }
    found = run(modules, tmp_path)
    assert found == '["a // b",[1,2],"two\\n    lines // kept\\n  as they are",3,2]\n'


def test_a_module_that_is_in_none_of_the_files_is_fetched_from_beside(tmp_path: Path) -> None:
    (tmp_path / "types").mkdir()
    (tmp_path / "types" / "track.js").write_text("export const found = 7;")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    modules = {
        "types/a.js": "export const ask = (name) => load(name);\nconst load = (name) => import(`./${name}.js`);",
        "main.js": """import { ask } from "./types/a.js";
ask("track").then(({ found }) => console.log(found));
""",
    }
    assert run(modules, tmp_path) == "7\n"


def test_comments_and_indentation_are_left_out_where_they_say_nothing() -> None:
    text = script({"main.js": WORDS})
    assert "goes" not in text
    assert "// stays" in text
    assert "\n    lines // kept\n  as they are" in text


def test_a_module_stands_behind_those_that_it_imports_and_the_entry_is_the_last() -> None:
    modules = {
        "main.js": "",
        "a.js": 'import { x } from "./z/b.js";',
        "z/b.js": 'import { x } from "../q.js";',
        "q.js": "",
    }
    assert ordered(modules) == ["q.js", "z/b.js", "a.js", "main.js"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('import sum from "./a.js";', "import sum"),
        ('import "./a.js";', 'import "./a.js"'),
        ("export { x };", "export"),
        ('export * from "./a.js";', "export"),
        ("export let x = 1;", "export let"),
        ("await x();", "await"),
    ],
)
def test_other_forms_are_refused(text: str, said: str) -> None:
    """Say which module, and what stands there."""
    with pytest.raises(ValueError, match=r"main\.js: .*usual forms") as found:
        script({"main.js": text, "a.js": ""})
    assert said in str(found.value)


def test_circles_and_modules_that_are_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match=r"a\.js -> b\.js -> a\.js"):
        script({"a.js": 'import { x } from "./b.js";', "b.js": 'import { x } from "./a.js";'})
    with pytest.raises(ValueError, match=r"a\.js: .*gone\.js"):
        script({"a.js": 'import { x } from "./gone.js";'})
