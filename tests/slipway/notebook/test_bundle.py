"""What `load` gives: facts, a card that can do nothing, and answers in the kind of frame that was given."""

import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from slipway import Bundle, SlipwayError, load
from slipway.notebook.card import Card
from tests.app.sources.test_frames import Stranger
from tests.support import tiny
from tests.support.serving import ROOT
from tests.support.signed import Keys

ROWS: dict[str, list[Any]] = {
    "age": [30, 40, 50],
    "hours-per-week": [40.0, None, 20.0],
    "member": [True, False, True],
    "level": ["low", "high", None],
    "other": [1, 2, 3],
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    root = tmp_path_factory.mktemp("models")
    for version in (1, 2, 10):
        tiny.write(root, tiny.Tiny(version=version))
    return load(root / "tiny")


def test_the_newest_version_or_the_one_that_is_named(bundle: Bundle) -> None:
    assert (bundle.name, bundle.version, bundle.path.name) == ("tiny", 10, "10")
    assert load(str(bundle.path.with_name("2"))).version == 2
    assert repr(bundle) == f"Bundle('{bundle.path}')"
    assert bundle.metrics == {"accuracy": 1.0}
    assert [feature.name for feature in bundle.manifest.features] == list(ROWS)[:4]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nowhere", "Received: no folder."),
        ("", "It holds the models tiny: say which."),
        ("tiny/1/golden.json", "Received: no folder."),
        ("empty", "It holds none."),
    ],
)
def test_what_is_no_bundle(bundle: Bundle, place: str, message: str) -> None:
    root = bundle.path.parents[1]
    (root / "empty").mkdir(exist_ok=True)
    with pytest.raises(SlipwayError, match=message) as found:
        load(root / place)
    assert found.value.__context__ is None or found.value.__suppress_context__


def test_a_bundle_that_was_changed_is_refused(tmp_path: Path) -> None:
    """At once where a file is not what the manifest says; before it predicts, where golden rows get other answers."""
    folder = tiny.write(tmp_path)
    (folder / "card.md").write_text("# other\n")
    with pytest.raises(SlipwayError, match=r"card\.md: expected 7 bytes"):
        load(folder)
    lying = tiny.write(tmp_path / "lying")
    golden = json.loads((lying / "golden.json").read_text())
    golden["outputs"]["probabilities"][0].reverse()
    (lying / "golden.json").write_text(json.dumps(golden))
    tiny.rewrite_manifest(lying, tiny.manifest(tiny.Tiny()))
    with pytest.raises(SlipwayError, match="golden"):
        load(lying).predict(ROWS)


def test_a_signature_is_asked_for_where_the_service_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny.write(tmp_path / "models")
    keys = Keys(tmp_path)
    monkeypatch.setenv("SLIPWAY_VERIFY_KEY", str(keys.public))
    with pytest.raises(SlipwayError, match=r"model\.sig"):
        load(folder)
    keys.sign(folder)
    assert load(folder).version == 1


def test_a_variable_that_is_wrong_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny.write(tmp_path / "models")
    monkeypatch.setenv("SLIPWAY_THREADS", "many")
    with pytest.raises(SlipwayError, match=r"^Invalid SLIPWAY_THREADS: .*integer.* Received: many\.$"):
        load(folder)


# ── answers ──


def test_a_frame_of_pandas_keeps_its_index(bundle: Bundle) -> None:
    frame = pd.DataFrame(ROWS, index=pd.Index(["x", "y", "z"], name="id"))
    found = bundle.predict(frame)
    assert found.index.equals(frame.index)
    assert list(found) == ["label", "probability[no]", "probability[yes]"]
    assert found["label"].tolist() == bundle.predict(ROWS)["label"]


def test_other_frames_come_back_as_what_they_are(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library of frames is asked for `from_arrow`, as polars has it."""
    wanted = bundle.predict(ROWS)
    rows = [dict(zip(ROWS, row, strict=True)) for row in zip(*ROWS.values(), strict=True)]
    assert bundle.predict(rows) == [dict(zip(wanted, row, strict=True)) for row in zip(*wanted.values(), strict=True)]
    table = pa.table(ROWS)
    assert bundle.predict(table).to_pydict() == wanted
    assert bundle.predict(table.to_batches()[0]).to_pydict() == wanted
    library = types.ModuleType("library")
    monkeypatch.setattr(library, "from_arrow", lambda answers: ("library", answers.to_pydict()), raising=False)
    monkeypatch.setitem(sys.modules, "library", library)
    monkeypatch.setattr(Stranger, "__module__", "library.frame")
    assert bundle.predict(Stranger(table)) == ("library", wanted)  # type: ignore[comparison-overlap]


def test_a_row_that_the_service_would_refuse(bundle: Bundle) -> None:
    frame = pd.DataFrame({**ROWS, "age": ["30", "old", "50"]}, index=[7, 8, 9])
    message = r"`frame`, row 2: `age`: expected a number within the range of a 32-bit float. Received: 'old'."
    with pytest.raises(SlipwayError, match=message):
        bundle.predict(frame)
    with pytest.warns(UserWarning, match="1 of 3 rows have no answer. row 2: `age`: expected"):
        found = bundle.predict(frame, invalid="null")
    assert found["label"].isna().tolist() == [False, True, False]
    assert found["probability[yes]"].isna().tolist() == [False, True, False]
    good = bundle.predict(frame.drop(index=8))
    assert found.drop(index=8).equals(good)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"age": None}, r"`frame`: expected the column\(s\) age, which the model needs"),
        ({"age": [[1], [2], [3]]}, "`frame`: expected `age` of a type that holds a number. Received: list"),
    ],
)
def test_a_frame_that_does_not_fit(bundle: Bundle, changes: dict[str, Any], message: str) -> None:
    frame = {name: cells for name, cells in {**ROWS, **changes}.items() if cells is not None}
    with pytest.raises(SlipwayError, match=message):
        bundle.predict(frame)
    with pytest.raises(SlipwayError, match=r"`invalid`: expected 'raise' or 'null'\. Received: 'drop'\."):
        bundle.predict(ROWS, invalid="drop")  # type: ignore[call-overload]


def test_the_answers_are_those_of_the_trainer() -> None:
    """The committed model, through the scoring code."""
    bundle = load(ROOT / "models" / "adult-income")
    golden = bundle._read.golden
    found = bundle.predict(list(golden.instances))
    shares = [[row["probability[<=50K]"], row["probability[>50K]"]] for row in found]
    np.testing.assert_allclose(shares, golden.outputs["probabilities"], rtol=golden.rtol, atol=golden.atol)


# ── what a notebook shows ──


HOSTILE = """# <script>alert(1)</script>

| a | b |
| --- | --- |
| <img src=x onerror=alert(2)> | [go](javascript:alert(3)) |

![elsewhere](https://example.com/track.png) ![mine](mine.png) ![secret](../../secret.png)
"""


def test_a_card_of_a_stranger_can_do_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def picture(name: str) -> bytes | None:
        asked.append(name)
        return b"picture" if name == "mine.png" else None

    card = Card(HOSTILE, picture)
    shown = card._repr_html_()
    assert "<table>" in shown
    assert "<script" not in shown
    assert "<img src=x" not in shown
    assert 'href="javascript' not in shown
    assert 'src="http' not in shown
    assert 'src="data:image/png;base64,cGljdHVyZQ=="' in shown
    assert asked == ["https://example.com/track.png", "mine.png", "../../secret.png"]
    assert str(card) == repr(card) == card.text == HOSTILE
    monkeypatch.setitem(sys.modules, "markdown_it", None)
    assert card._repr_html_().startswith("<pre># &lt;script&gt;alert(1)")


def test_pictures_are_those_that_the_manifest_lists(bundle: Bundle, tmp_path: Path) -> None:
    assert bundle.card.text == "# tiny\n"
    assert bundle._picture("../1/card.md") is None
    card = load(ROOT / "models" / "adult-income").card
    assert card._repr_html_().count('src="data:image/png;base64,') == 6


def test_names_of_a_stranger_are_escaped(tmp_path: Path) -> None:
    def edit(manifest: dict[str, Any]) -> None:
        manifest |= {"target": "<b>", "metrics": {"shipped": {"<i>": 0.5}}}

    shown = load(tiny.write(tmp_path, edit=edit))._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "&lt;i&gt;" in shown
    assert "<i>" not in shown
