"""The scorer: the answers, and the refusals, of the service, for whole columns at once."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from app.scoring.scorer import Scorer, load_scorer
from app.scoring.tally import Tally
from app.sources.cells import Wanted
from app.sources.errors import SourceError
from app.sources.rules import ColumnRule, DateForm, NumberForm, Rules
from app.sources.source import open_source
from tests.support import serving, tiny
from tests.support.drift_traffic import adult_rows
from tests.support.row_by_row import open_table

ALL = tiny.Tiny(
    format=2,
    numbers=("age", "hours"),
    booleans=("member",),
    strings=("level", "town"),
    dates=("since", "until"),
    texts=("review", "reply"),
    longest=20,
    optional=("hours", "town", "until", "reply"),
    profiled=True,
)
USUAL: dict[str, list[str | None]] = {
    "age": ["1", "2.5", "-3"],
    "hours": ["40", "0.1", None],
    "member": ["true", "FALSE", "1"],
    "level": ["low", "high", "new"],
    "town": ["Zürich", "low", None],
    "since": ["2026-11-28", "2024-02-29T13:05"],
    "until": ["2026-11-28 23:30Z", None],
    "review": ["A good film.", "bad"],
    "reply": ["Zürich  is\ngood", None],
}
STRANGE: dict[str, list[str | None]] = {
    "age": [None, "+2", " 7 ", "1_000", "nan", "inf", "1e39", "1e400", "x", "0x1F", "(5)", "٣"],
    "hours": ["x", "-inf", "1.", ".5", "5e-1", "1,5"],
    "member": [None, "perhaps", "1.0", "0.0", "2", " true "],
    "level": [None, "", "  low", "Lo\u0301w", "\u2047"],
    "town": ["", " ", "\u00a0low"],
    "since": [None, "", "soon", "2026-02-30", "20261128", "2026-11-28T24:00", " 2026-11-28 "],
    "until": ["", "2026-11-28T10:00:00+05:30", "0001-01-01T00:00+14:00", "28.11.2026"],
    "review": [None, "", " ", "good " * 4, "good " * 5, "\U0001f680" * 20, "\U0001f680" * 21, "Zu\u0308"],
    "reply": ["", "\u3000", "good " * 5],
}


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    return load_scorer(tiny.write(tmp_path_factory.mktemp("models"), ALL), run_rows=16)


def batch(**columns: Any) -> pa.RecordBatch:
    """Rows of which each is good, but for what the columns say."""
    rows = max([len(column) for column in columns.values()], default=2)
    usual = {name: pa.array([words[0]] * rows) for name, words in USUAL.items()}
    given = {name: column if isinstance(column, pa.Array) else pa.array(column) for name, column in columns.items()}
    return pa.record_batch(usual | given)


def one_by_one(scorer: Scorer, rows: pa.RecordBatch) -> tuple[dict[int, bytes], list[int]]:
    """What the service answers each row alone, by place, and which it refuses."""
    answered, refused = {}, []
    reader = scorer.model.row_reader
    for place, row in enumerate(rows.to_pylist()):
        try:
            texts = {name: text for name, text in row.items() if text is not None}
            read = {name: reader.features.text_reader(name)(text) for name, text in texts.items()}
            body = msgspec.json.encode({"instances": [read]})
            (answered[place],) = scorer.model.run([reader.decode(body)])[0].texts
        except Exception:
            refused.append(place)
    return answered, refused


def as_texts(scorer: Scorer, answers: pa.RecordBatch) -> list[bytes]:
    """Answers as JSON, as the service writes them."""
    names = [name for name in answers.schema.names if name.startswith("probability[")]
    shares = np.stack([answers.column(name).to_numpy() for name in names], axis=1)
    assert scorer.model.answer is not None
    return scorer.model.answer.encode({"probabilities": shares})


@pytest.mark.parametrize("dictionaries", [False, True])
def test_any_cell_is_answered_or_refused_as_by_the_service(scorer: Scorer, dictionaries: bool) -> None:
    """Six hundred rows: usual ones, and such with one or more strange cells."""
    chance = random.Random(7)
    strange = {name: [*USUAL[name], *words] for name, words in STRANGE.items()}
    columns = {
        name: [chance.choice((strange if chance.random() < 0.15 else USUAL)[name]) for _ in range(600)]
        for name in USUAL
    }
    rows = batch(**columns)
    answered, refused = one_by_one(scorer, rows)
    assert 100 < len(refused) < 500
    if dictionaries:
        rows = pa.record_batch({name: rows.column(name).dictionary_encode() for name in rows.schema.names})
    found = scorer.score(rows)
    assert [fault.place for fault in found.faults] == refused
    assert dict(zip(found.places.tolist(), as_texts(scorer, found.answers), strict=True)) == answered


REASONS = [
    ("age", None, "`age`: expected a value, for it was never missing in training. Received: nothing."),
    ("age", "x", "`age`: expected a number within the range of a 32-bit float. Received: 'x'."),
    ("member", "perhaps", "`member`: expected true or false. Received: 'perhaps'."),
    ("level", "", "`level`: expected a string of at least 1 characters. Received: \"\"."),
    ("since", "soon", "`since`: expected a date as in ISO 8601, YYYY-MM-DD with or without THH:MM[:SS] and an offset. "
     "Received: 'soon'."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "cell", "reason"), REASONS)
def test_a_reason_names_the_column_the_expectation_and_the_cell(
    scorer: Scorer, name: str, cell: Any, reason: str
) -> None:
    tally = Tally()
    found = scorer.score(batch(**{name: pa.array([USUAL[name][0], cell, USUAL[name][0]])}), tally)
    assert [(fault.place, fault.reason) for fault in found.faults] == [(1, reason)]
    assert (found.places.tolist(), len(found.answers)) == ([0, 2], 2)
    assert (tally.rows, tally.rejected) == (2, {reason.partition(". Received")[0]: 1})


def test_a_reason_is_the_one_of_a_table(scorer: Scorer, tmp_path: Path) -> None:
    """The command `drift` said them so before there was a scorer."""
    cells = {name: [word for word in words if word not in (None, "")] for name, words in STRANGE.items()}
    for name in ALL.texts:  # a row is refused for its length, and not when its cell is read
        cells[name] = [word for word in cells[name] if len(word) <= ALL.longest]
    for name, words in cells.items():
        for word in words:
            row = {each: its[0] for each, its in USUAL.items()} | {name: word}
            (tmp_path / "data.csv").write_text(f"{','.join(row)}\n" + ",".join([f'"{cell}"' for cell in row.values()]))
            features = scorer.model.row_reader.features
            wanted = [Wanted(each.name, each.optional, features.text_reader(each.name)) for each in features.features]
            (line,) = open_table(tmp_path / "data.csv", wanted).lines()
            (chunk,) = open_source(tmp_path / "data.csv").batches()
            faults = scorer.score(chunk.columns).faults
            assert [f", {fault.reason}" for fault in faults] == ([line.fault] if line.fault else []), (name, word)


def test_the_rules_of_the_manifest_hold(scorer: Scorer, tmp_path: Path) -> None:
    """What does not fit a rule is read as it stands, or refused."""
    rules = Rules(
        columns={
            "age": ColumnRule(number=NumberForm(decimal=",", thousands=".", affix="€")),
            "since": ColumnRule(date=DateForm(order="dmy")),
        }
    )
    folder = tiny.write(tmp_path, ALL, edit=lambda facts: facts.update(reading=msgspec.to_builtins(rules)))
    found = load_scorer(folder).score(
        batch(age=["1.992,5 €", "1.5", "1,992.5", "7"], since=["28.11.2026", "28.11.2026", "28.11.2026", "30.2.2026"])
    )
    plain = scorer.score(batch(age=["1992.5", "1.5"], since=["2026-11-28"] * 2))
    assert found.answers.equals(plain.answers)
    assert found.places.tolist() == [0, 1]
    assert [fault.reason.partition(":")[0] for fault in found.faults] == ["`age`", "`since`"]


def test_an_optional_column_may_lack(scorer: Scorer) -> None:
    rows = batch()
    lacking = rows.select([name for name in rows.schema.names if name != "hours"])
    assert scorer.columns.absent(lacking.schema) == ("hours",)
    nothing = batch(hours=pa.array([None, None], pa.string()))
    assert scorer.score(lacking).answers.equals(scorer.score(nothing).answers)


def test_no_rows_have_no_answers(scorer: Scorer) -> None:
    found = scorer.score(batch().slice(0, 0))
    assert (len(found.answers), found.answers.schema, found.faults) == (0, scorer.answer_schema, [])
    assert len(scorer.score(batch(age=["x", "y"])).places) == 0


# ── before work ──


def test_a_table_that_cannot_be_scored_is_refused_before_work(scorer: Scorer) -> None:
    def refusal(schema: pa.Schema, **options: Any) -> str:
        with pytest.raises(SourceError) as caught:
            scorer.check(schema, "data.parquet", **options)
        return str(caught.value)

    schema = batch().schema
    scorer.check(schema, "data.parquet", keep=("age",))
    assert "expected the column(s) age, which the model needs. Received the columns hours," in refusal(schema.remove(0))
    dated = schema.set(0, pa.field("age", pa.date32()))
    assert "expected `age` of a type that holds a number. Received: date32[day]." in refusal(dated)
    assert "expected one column `age`. Received: several." in refusal(schema.append(pa.field("age", pa.int8())))
    assert "Received: label" in refusal(schema, keep=("age", "label"))


def test_a_graph_alone_is_refused() -> None:
    class Alone:
        name, version, bundle, answer = "graph", 1, None, None

    with pytest.raises(SourceError, match="graph/1: expected a bundle"):
        Scorer(Alone())  # type: ignore[arg-type]


# ── answers that are none ──


def test_a_row_without_a_finite_answer_is_set_aside_alone(tmp_path: Path) -> None:
    scorer = load_scorer(tiny.write(tmp_path, replace(ALL, scale=1e30)))
    found = scorer.score(batch(age=["1", "1e38", "2"]))
    assert found.places.tolist() == [0, 2]
    assert [fault.reason for fault in found.faults] == ["expected a finite answer of the model. Received: another."]


def test_a_row_that_the_graph_cannot_run_is_set_aside_alone(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    run = scorer.model.outputs

    def failing(inputs: Any) -> Any:
        if 7 in inputs["numeric"]:
            raise RuntimeError("no sevens")
        return run(inputs)

    monkeypatch.setattr(scorer.model, "outputs", failing)
    found = scorer.score(batch(age=["1", "7", "2"]))
    assert found.places.tolist() == [0, 2]
    assert [fault.reason for fault in found.faults] == ["expected the model to run. Received: no sevens."]


# ── for people who have a table ──


def test_a_table_is_answered_in_its_order(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.scoring.scorer.BATCH_ROWS", 2)
    rows = batch(age=["1", "1.50", " 2 ", "3"])
    table = scorer(pa.Table.from_batches([rows]))
    assert table.schema == scorer.answer_schema
    assert table.combine_chunks().to_batches()[0].equals(scorer.score(rows).answers)
    with pytest.raises(SourceError, match="the table, row 3: `age`: expected a number"):
        scorer(pa.Table.from_batches([batch(age=["1", "2", "x"])]))
    assert len(scorer(pa.Table.from_batches([], rows.schema))) == 0


def test_a_row_without_an_answer_is_null_where_it_may_be(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.scoring.scorer.BATCH_ROWS", 2)
    table = pa.Table.from_batches([batch(age=["1", "x", "2", "3", "y", "z"])])
    answers = scorer(table, invalid="null").to_pylist()
    good = scorer(table.take([0, 2, 3])).to_pylist()
    nothing = dict.fromkeys(scorer.answer_schema.names)
    assert answers == [good[0], nothing, good[1], good[2], nothing, nothing]
    with pytest.raises(SourceError, match=r"the table, row 2: `age`: expected a number .* So are 2 more rows\."):
        scorer(table)
    with pytest.raises(SourceError, match=r"`invalid`: expected 'raise' or 'null'\. Received: 'drop'"):
        scorer(table, invalid="drop")  # type: ignore[arg-type]
    (found,) = scorer.map_in_arrow(iter(table.combine_chunks().to_batches()), invalid="null")
    assert found.select(scorer.answer_schema.names).to_pylist() == answers
    assert found.column("age").to_pylist() == ["1", "x", "2", "3", "y", "z"]


def test_batches_keep_their_columns_before_the_answers(scorer: Scorer) -> None:
    rows = batch(age=["1", "2"]).append_column("id", pa.array([7, 8]))
    nothing, found = scorer.map_in_arrow(iter([rows.slice(0, 0), rows]))
    assert (nothing.num_rows, nothing.schema) == (0, found.schema)  # Spark gives batches without rows, too
    assert found.schema.names == [*rows.schema.names, *scorer.answer_schema.names]
    assert found.column("id").to_pylist() == [7, 8]
    assert found.select(scorer.answer_schema.names).equals(scorer.score(rows).answers)


# ── the committed model ──


def test_ten_thousand_rows_are_answered_as_by_the_service() -> None:
    """In runs of other sizes; to the last digit that the service writes."""
    scorer = load_scorer(serving.ROOT / "models" / "adult-income" / "1")
    rows = adult_rows(10_000)
    reader = scorer.model.row_reader
    texts: list[bytes] = []
    for start in range(0, len(rows), 100):
        texts += scorer.model.run([reader.rows([dict(row) for row in rows[start : start + 100]])])[0].texts
    found = scorer.score(pa.record_batch({name: [row.get(name) for row in rows] for name in scorer.columns.names}))
    assert found.faults == []
    assert as_texts(scorer, found.answers) == texts
    labels = [msgspec.json.decode(text)["label"] for text in texts]
    assert found.answers.column("label").to_pylist() == labels


def test_ten_thousand_rows_are_answered_as_over_the_wire(tmp_path: Path) -> None:
    """By a process that serves: the same labels, and the same probabilities to a millionth."""
    rows, answers = adult_rows(10_000), list[dict[str, Any]]()
    with serving.client_of_process(serving.ROOT / "models", tmp_path) as client:
        for start in range(0, len(rows), 200):
            body = {"instances": rows[start : start + 200]}
            answers += client.post("/predict?model=adult-income", json=body).raise_for_status().json()["predictions"]
    scorer = load_scorer(serving.ROOT / "models" / "adult-income" / "1")
    found = scorer.score(pa.record_batch({name: [row.get(name) for row in rows] for name in scorer.columns.names}))
    assert found.answers.column("label").to_pylist() == [each["label"] for each in answers]
    for label in answers[0]["probabilities"]:
        theirs = [each["probabilities"][label] for each in answers]
        assert np.abs(found.answers.column(f"probability[{label}]").to_numpy() - theirs).max() <= 1e-6


# ── what is counted ──


def test_a_file_with_the_target_is_judged(scorer: Scorer, tmp_path: Path) -> None:
    """As the answers and the truth say; parts of it add up, and rows without a truth are counted as such."""
    rows = batch(age=["1", "2", "x", "4", "5", "6"] * 20)
    true = ["no", "yes", "no", " yes ", None, "perhaps"] * 20
    labelled = rows.append_column("target", pa.array(true).dictionary_encode())
    assert scorer.reads([*labelled.schema.names, "other"]) == tuple(labelled.schema.names)
    whole, parts = Tally(), Tally()
    found = scorer.score(labelled, whole)
    for start in (60, 0, 7):
        part = Tally()
        scorer.score(labelled.slice(start, {60: 60, 0: 7, 7: 53}[start]), part)
        parts.add(Tally.from_json(part.to_json()))
    assert parts.to_json() == whole.to_json()
    assert (whole.rows, whole.without_truth, sum(whole.rejected.values())) == (100, 40, 20)
    figures = scorer.tallying.metrics(whole)
    given = dict(zip(found.places.tolist(), found.answers.column("label").to_pylist(), strict=True))
    judged = [given[place] == {"no": "no"}.get(word, "yes") for place, word in enumerate(true)
              if place in given and word not in (None, "perhaps")]  # fmt: skip
    assert figures["accuracy"].value == sum(judged) / len(judged)
    assert {"f1", "roc_auc", "pr_auc", "log_loss"} <= set(figures)
    assert scorer.score(rows, plain := Tally()).answers.equals(found.answers)
    assert (plain.totals, plain.without_truth) == (None, 0)
    assert scorer.tallying.metrics(plain) == {}


def test_a_column_a_label_is_a_target(tmp_path: Path) -> None:
    several = replace(ALL, task="multilabel", labels=("art", "law"))
    scorer = load_scorer(tiny.write(tmp_path, several))
    rows = batch(age=["1"] * 3).append_column("art", pa.array([1, 0, None])).append_column("law", pa.array(["yes"] * 3))
    scorer.score(rows, tally := Tally())
    assert (tally.rows, tally.without_truth) == (3, 1)
    assert set(scorer.tallying.metrics(tally)) == {"micro_f1", "macro_f1", "exact", "roc_auc", "pr_auc"}


def test_a_number_is_a_target_by_its_rule(tmp_path: Path) -> None:
    rules = Rules(columns={"target": ColumnRule(number=NumberForm(decimal=",", thousands="."))})
    folder = tiny.write(
        tmp_path, replace(ALL, task="regression"), lambda facts: facts.update(reading=msgspec.to_builtins(rules))
    )
    scorer = load_scorer(folder)
    answer = scorer.score(batch()).answers.column("value")[0].as_py()
    rows = batch().append_column("target", pa.array([f"{answer + 1000:,.3f}".translate({44: 46, 46: 44}), "?"]))
    scorer.score(rows, tally := Tally())
    assert tally.without_truth == 1
    assert scorer.tallying.metrics(tally)["mae"].value == pytest.approx(1000, abs=0.01)


def test_the_committed_model_is_judged_as_by_its_card() -> None:
    """The example's rows, which training has seen most of: near the card's test metrics, and in no time."""
    scorer = load_scorer(serving.ROOT / "models" / "adult-income" / "1")
    tally = Tally()
    for chunk in open_source(serving.ROOT / "examples" / "adult.csv.gz").batches():
        scorer.score(chunk.columns, tally)
    assert (tally.rows, tally.without_truth, tally.rejected) == (48_842, 0, {})
    assert scorer.model.bundle is not None
    card = scorer.model.bundle.manifest.metrics["shipped"]
    figures = scorer.tallying.metrics(tally)
    assert set(figures) == set(card)
    for name, figure in figures.items():
        assert figure.value == pytest.approx(card[name], abs=0.03), name
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low < figure.value < figure.high < figure.low + 0.03
    assert {found.verdict for found in scorer.tallying.verdicts(tally)} == {"steady"}
