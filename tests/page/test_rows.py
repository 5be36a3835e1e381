"""A dropped file: answered to the last row, or set aside by line, or refused in words; by mouse and by keyboard."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Download, Page, Route, expect

from tests.page.bundles import BUNDLES
from tests.page.conftest import OpenPage
from tests.page.test_page import predicted
from tests.page.watching import Complaints
from tests.support import tiny

ROWS = 2500
HEADER = ["id", "age", "hours-per-week", "member", "level", "since", "label", "target"]
RAGGED, TEXT, TOO_FAR = 700, 1001, 2000  # rows with a fault


def table() -> list[list[str]]:
    """Return rows of the bundle `binary`, with columns that it does not know, its target and three faults."""
    rows = [[f'no. "{row}"', str(row % 90), "" if row % 7 == 0 else "12.5", "true", "low", "2025-01-01", "x", "yes"]
            for row in range(ROWS)]  # fmt: skip
    rows[RAGGED] = ["one", "two"]
    rows[TEXT][1], rows[TOO_FAR][1] = "old", "1e39"
    return rows


def as_csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue().encode()


def drop(page: Page, content: bytes, name: str = "customers.csv") -> None:
    page.locator("#rows-file").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


def said(page: Page, what: str = ".report") -> str:
    """Return what comes of a file, in words, once it is there."""
    return page.locator(f"#rows {what}").inner_text().replace("\u00a0", " ")


def taken(page: Page, name: str) -> bytes:
    with page.expect_download() as found:
        page.get_by_role("link", name=name).click()
    return _content(found.value)


def _content(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def instance(row: list[str]) -> dict[str, Any]:
    found = dict(zip(HEADER, row, strict=True))
    hours = float(found["hours-per-week"]) if found["hours-per-week"] else None
    return {
        "age": float(found["age"]),
        "hours-per-week": hours,
        "member": True,
        "level": "low",
        "since": found["since"],
    }


def test_a_file_is_answered_row_by_row(page: Page) -> None:
    """The file's own cells stay as they are; the answers are those of `/predict`; faults are named by line."""
    rows = table()
    drop(page, as_csv(rows))
    assert "2,497 rows answered" in said(page)
    header, *answered = csv.reader(io.StringIO(taken(page, "Answers").decode()))
    good = [row for place, row in enumerate(rows) if place not in (RAGGED, TEXT, TOO_FAR)]
    assert header == [*HEADER, "label (model)", "probability[no]", "probability[yes]"]
    assert [row[: len(HEADER)] for row in answered] == good
    address = page.url.split("#")[0].rstrip("/")
    wanted = predicted(address, "binary", [instance(row) for row in good])
    assert [row[len(HEADER)] for row in answered] == [each["label"] for each in wanted]
    assert [float(row[-1]) for row in answered] == [each["probabilities"]["yes"] for each in wanted]
    right = sum(each["label"] == "yes" for each in wanted) / len(wanted)
    assert f"Right in {100 * right:.0f} % of the 2,497 rows" in said(page)
    _, *aside = csv.reader(io.StringIO(taken(page, "Rows set aside").decode()))
    assert [int(line) for line, *_ in aside] == [RAGGED + 2, TEXT + 2, TOO_FAR + 2]
    assert aside[0][2] == "one,two"
    assert all(part in reason for part, (_, reason, _) in zip(("Received: 2", "“old”", "“1e39”"), aside, strict=True))
    assert "a number within the range of a 32-bit float: 2 rows, first in line 1,003" in said(page)


def test_json_lines_with_names_of_any_kind(open_page: OpenPage) -> None:
    page, one = open_page("odd-names"), BUNDLES["odd-names"]
    rows = [tiny.instance(one, row) for row in range(5)]
    drop(page, "".join(json.dumps(row) + "\n" for row in rows).encode() + b"no\n", "rows.jsonl")
    assert "5 rows answered" in said(page)
    answered = [json.loads(line) for line in taken(page, "Answers").decode().splitlines()]
    wanted = predicted(page.url.split("#")[0].rstrip("/"), "odd-names", rows)
    assert [row["label"] for row in answered] == [each["label"] for each in wanted]
    assert [{name: row[name] for name in rows[0]} for row in answered] == rows
    assert taken(page, "Rows set aside").startswith(b"line,reason,row\r\n6,")


def test_answers_that_are_all_alike_are_one_bar(open_page: OpenPage) -> None:
    page = open_page("value")
    drop(page, as_csv([table()[1]] * 3))
    text = said(page)
    assert "3 rows answered" in text
    assert "3, 100 %" in text
    assert "0, 0 %" not in text


def test_another_table_is_refused_at_once(page: Page) -> None:
    drop(page, b"Age,hours,member\n1,2,true\n")
    assert said(page, ".error") == (
        "The file lacks columns of the model: age (did you mean Age?), since.\nIt has: Age, hours, member."
    )
    drop(page, b"PK\x03\x04\x00\x00", "it's.xlsx")
    assert said(page, "pre").startswith("slipway score 'it'\\''s.xlsx' --model binary --version 1")


def test_no_portion_is_lost_where_the_service_is_busy_and_few_requests_find_its_faults(
    page: Page, complaints: Complaints
) -> None:
    """A row that the service alone refuses is found by halves; one that never fits is refused before it is sent."""
    complaints.expect("status of (400|429|503)")
    page.route("**/predict?*", service := Service())
    rows = table()
    rows[1500][0] = "bad"
    for row in range(100, 600):
        rows[row][1] = "none of these"
    rows[1500][1] = "77.25"
    drop(page, as_csv(rows))
    assert f"{ROWS - 504:,} rows answered" in said(page)
    assert "a better age: 1 row, first in line 1,502" in said(page)
    assert service.requests < 40


class Service:
    """Stands before the service: busy at first, and it never likes an age of 77.25."""

    def __init__(self) -> None:
        self.requests = 0

    def __call__(self, route: Route) -> None:
        rows = (route.request.post_data_json or {})["instances"]
        if isinstance(rows[0], dict):
            return route.continue_()  # of the form
        self.requests += 1
        if self.requests <= 2:
            status = (429, 503)[self.requests - 1]
            return route.fulfill(status=status, headers={"retry-after": "0"}, json={"error": "Busy."})
        if any(row[0] == 77.25 for row in rows):
            return route.fulfill(
                status=400, json={"error": "Invalid `instances[0][0]`: expected a better age. Received: 77.25."}
            )
        return route.continue_()


def test_stop_keeps_what_is_answered_and_leaving_is_warned_of_until_then(page: Page) -> None:
    held: list[Route] = []
    expect(page.locator(".answer > *").first).to_be_attached()  # then the form asks no more
    page.route("**/predict?*", lambda route: _after_the_first(route, held))
    drop(page, as_csv(table()))
    expect(page.locator("#rows progress")).to_be_visible()
    expect(page.locator("#rows label[for=rows-progress]")).to_contain_text("of about")
    assert leaving_is_warned_of(page)
    page.get_by_role("button", name="Stop").click()
    assert "250 rows answered" in said(page)
    assert "Stopped before the end of the file." in said(page)
    assert not leaving_is_warned_of(page)


def _after_the_first(route: Route, held: list[Route]) -> None:
    held.append(route)
    if len(held) == 1:
        route.continue_()


def leaving_is_warned_of(page: Page) -> bool:
    return bool(page.evaluate("!dispatchEvent(new Event('beforeunload', { cancelable: true }))"))


def test_a_dropped_file_is_taken(page: Page) -> None:
    page.evaluate(
        """(text) => {
          const files = new DataTransfer();
          files.items.add(new File([text], "d.csv"));
          const event = new DragEvent("drop", { dataTransfer: files, cancelable: true });
          document.querySelector(".drop").dispatchEvent(event);
        }""",
        as_csv(table()[:3]).decode(),
    )
    assert "3 rows answered" in said(page)
