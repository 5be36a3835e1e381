"""One script of many modules: what they say to each other stays as it was, and what it cannot do is refused."""

import json
import re
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


def test_comments_are_left_out_and_texts_stay_as_they_are() -> None:
    text = script({"main.js": WORDS})
    assert "goes" not in text
    assert "// stays" not in text
    assert '"a // b"' in text
    assert "`two\n    lines // kept\n  as they are`" in text


def test_names_of_all_modules_and_of_the_window_stay_apart(tmp_path: Path) -> None:
    """Many modules with the same names, some of which are also those of what surrounds them."""
    other = "const own = %d, a = own, b = [a];\nexport const given = (own) => [own, a, ...b, typeof process, name()];\n"
    other += "function name() { const process = 7; return ((own) => ({ own, process, b }))(process); }\n"
    modules = {f"m{at}.js": other % at for at in range(60)}
    taken = "".join(f'import {{ given as given{at} }} from "./m{at}.js";\n' for at in range(60))
    said = ", ".join(f"given{at}({at + 100})" for at in range(60))
    modules["main.js"] = f"{taken}console.log(JSON.stringify([{said}]));\n"
    inner = [{"own": 7, "process": 7}]
    wanted = [[at + 100, at, at, "object", {**inner[0], "b": [at]}] for at in range(60)]
    assert json.loads(run(modules, tmp_path)) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('import { none } from "./a.js";\nnone();', "main.js: expected a name that a.js exports. Received: none"),
        ('import * as all from "./a.js";\nall.none();', "main.js: expected a name that a.js exports. Received: none"),
        ('import * as all from "./a.js";\nconsole.log(all);', "main.js: expected `all.` with a name"),
    ],
)
def test_what_is_asked_of_a_module_is_there(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        script({"main.js": text, "a.js": "export const one = 1;"})


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
