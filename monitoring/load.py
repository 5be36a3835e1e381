"""Gentle, lifelike traffic: rows of a table in every HTTP protocol, and now and then a request that is wrong.

    python -m monitoring.load http://127.0.0.1:8000 --data examples/adult.csv.gz --models models
    python -m monitoring.load … --shift age=1            as above, with one feature moved by one standard deviation

    Table       the rows that a model's manifest asks for, out of a CSV
    Caller      one connection: predict, classify or regress, infer, and mistakes
    main        some callers, at a rate, until somebody says stop

It uses the standard library alone, so that it runs wherever the service does; it is no benchmark.
"""

import argparse
import contextlib
import csv
import gzip
import http.client
import itertools
import json
import random
import signal
import statistics
import threading
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

Row = dict[str, Any]
JSON = {"content-type": "application/json"}
ROWS = (1, 1, 1, 1, 2, 4, 16)  # of a request, each as likely
DATATYPES = {"float32": "FP32", "float64": "FP64", "string": "BYTES"}


class Table:
    """The columns of a CSV that a model has features for; an empty cell is a missing value.

    Args:
        path: CSV, also gzip, with a header.
        manifest: `manifest.json` of a bundle.
        limit: rows at most.
    """

    def __init__(self, path: Path, manifest: Path, limit: int | None = None) -> None:
        self.manifest: dict[str, Any] = json.loads(manifest.read_text())
        self.model: str = self.manifest["name"]
        self.features: list[dict[str, Any]] = self.manifest["features"]
        with _opened(path) as file:
            reader = csv.DictReader(file)
            absent = [f["name"] for f in self.features if f["name"] not in (reader.fieldnames or ())]
            if absent:
                raise SystemExit(
                    f"Invalid `--data`: expected a column for each feature of {self.model}. Absent: {absent}."
                )
            self.rows = [self._row(cells) for cells in itertools.islice(reader, limit)]
        if not self.rows:
            raise SystemExit(f"Invalid `--data`: expected rows. Received: {path}, which has none.")

    def _row(self, cells: dict[str, str]) -> Row:
        return {f["name"]: _value(cells[f["name"]], f["type"]) for f in self.features}

    def shift(self, feature: str, deviations: float) -> None:
        """Move a number by so many standard deviations of its own, in every row."""
        values = [row[feature] for row in self.rows if isinstance(row.get(feature), float)]
        if len(values) < 2:
            raise SystemExit(f"Invalid `--shift`: expected a feature with numbers. Received: {feature}.")
        step = deviations * statistics.stdev(values)
        for row in self.rows:
            if row[feature] is not None:
                row[feature] += step

    def some(self, chance: random.Random) -> list[Row]:
        """Draw the rows of one request."""
        return chance.choices(self.rows, k=chance.choice(ROWS))


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _value(cell: str, kind: str) -> Any:
    if cell.strip() == "":
        return None
    if kind == "boolean":
        return cell.lower() in {"1", "true", "yes"}
    return float(cell) if kind == "number" else cell


def tensors(table: Table, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Write rows as the graph's inputs, in the words of the Open Inference Protocol."""
    made = []
    for spec in table.manifest["inputs"]:
        own = sorted((f for f in table.features if f["tensor"] == spec["name"]), key=lambda f: f["column"])
        data = [[_cell(row[f["name"]], spec["dtype"]) for f in own] for row in rows]
        datatype = DATATYPES[spec["dtype"]]
        made.append({"name": spec["name"], "datatype": datatype, "shape": [len(rows), len(own)], "data": data})
    return made


def _cell(value: Any, dtype: str) -> Any:
    if dtype == "string":
        return "" if value is None else value
    return None if value is None else float(value)


class Caller:
    """One connection to the service, kept open; it comes back when the service does."""

    def __init__(self, address: str, tables: Sequence[Table], chance: random.Random) -> None:
        self._host = urllib.parse.urlsplit(address).netloc
        self._tables = tables
        self._chance = chance
        self._connection = http.client.HTTPConnection(self._host, timeout=30)

    def predict(self, table: Table, rows: Sequence[Row]) -> int:
        """Ask in our own words."""
        return self._post(f"/predict?model={table.model}", {"instances": rows})

    def classify(self, table: Table, rows: Sequence[Row]) -> int:
        """Ask as TensorFlow Serving is asked: examples with named features; what is missing is left out."""
        verb = "regress" if table.manifest["task"] == "regression" else "classify"
        examples = [{name: value for name, value in row.items() if value is not None} for row in rows]
        return self._post(f"/v1/models/{table.model}:{verb}", {"examples": examples})

    def infer(self, table: Table, rows: Sequence[Row]) -> int:
        """Ask in the Open Inference Protocol: the graph's own inputs."""
        return self._post(f"/v2/models/{table.model}/infer", {"inputs": tensors(table, rows)})

    def err(self, table: Table, _: Sequence[Row]) -> int:
        """Ask for what cannot be: a row without features, or a model that nobody has."""
        model = self._chance.choice((table.model, table.model, "nobody-has-this"))
        return self._post(f"/predict?model={model}", {"instances": [{}]})

    def ask(self) -> int:
        """Ask one question, mostly right and mostly in our own words.

        Returns:
            The status; 0 if nobody answers.
        """
        table = self._chance.choice(self._tables)
        ways = (self.predict, self.classify, self.infer, self.err)
        way = self._chance.choices(ways, weights=(70, 14, 14, 2))[0]
        try:
            return way(table, table.some(self._chance))
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _post(self, path: str, body: Any) -> int:
        self._connection.request("POST", path, json.dumps(body), JSON)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status


def tables_of(models: Path, data: Path) -> list[Table]:
    """Read the table for the newest version of each model whose features it has."""
    found = []
    for folder in sorted(path for path in models.iterdir() if path.is_dir()):
        versions = sorted((path for path in folder.iterdir() if path.name.isdigit()), key=lambda path: int(path.name))
        if versions and (versions[-1] / "manifest.json").is_file():
            found.append(Table(data, versions[-1] / "manifest.json"))
    if not found:
        raise SystemExit(f"Invalid `--models`: expected bundles. Received: {models}, which has none.")
    return found


def keep_asking(caller: Caller, rate: float, stop: threading.Event, chance: random.Random) -> Iterator[int]:
    """Ask until told to stop; the times between questions are those of callers who know nothing of each other."""
    while not stop.wait(chance.expovariate(rate)):
        yield caller.ask()


def main() -> None:
    """Ask until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m monitoring.load", description="Gentle, lifelike traffic.")
    parser.add_argument("address", help="where the service answers, http://host:port")
    parser.add_argument(
        "--data", type=Path, default=Path("examples/adult.csv.gz"), help="CSV with the features' columns"
    )
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the bundles that are served")
    parser.add_argument("--rate", type=float, default=40.0, help="requests a second, on average")
    parser.add_argument("--callers", type=int, default=4, help="connections")
    parser.add_argument("--shift", type=_shift, metavar="FEATURE=DEVIATIONS", help="move a number, to see it drift")
    given = parser.parse_args()
    tables = tables_of(given.models, given.data)
    if given.shift:
        for table in tables:
            table.shift(*given.shift)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    threads = [
        threading.Thread(target=_call, args=(given.address, tables, given.rate / given.callers, stop))
        for _ in range(given.callers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _shift(text: str) -> tuple[str, float]:
    feature, _, deviations = text.partition("=")
    try:
        return feature, float(deviations)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected feature=deviations, such as age=1. Received: {text}.") from None


def _call(address: str, tables: Sequence[Table], rate: float, stop: threading.Event) -> None:
    chance = random.Random()
    with contextlib.closing(Caller(address, tables, chance)) as caller:
        for _ in keep_asking(caller, rate, stop, chance):
            pass


if __name__ == "__main__":
    main()
