"""Excel: the first sheet with rows, its cells in the type that a whole column has."""

import datetime
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pytest

from app.sources.errors import SourceError
from app.sources.source import open_source
from tests.app.sources.reading import columns_of

pytest.importorskip("python_calamine")
NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
DAY, MOMENT = 1, 2  # styles


def cell(value: Any) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime.date):
        style = MOMENT if isinstance(value, datetime.datetime) else DAY
        days = datetime.datetime.fromisoformat(value.isoformat()) - datetime.datetime(1899, 12, 30)
        return f'<c s="{style}"><v>{days / datetime.timedelta(days=1)}</v></c>'
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    """Write a workbook as programs do, as far as readers look."""
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1))
    links = "".join(
        f'<Relationship Id="r{n}" Type="{REL}/worksheet" Target="s{n}.xml"/>' for n, _ in enumerate(sheets, 1)
    )
    styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{TYPES}"/>')
        root = f'<Relationship Id="r" Type="{REL}/officeDocument" Target="xl/workbook.xml"/>'
        archive.writestr("_rels/.rels", f'<Relationships xmlns="{PACKAGE}">{root}</Relationships>')
        archive.writestr("xl/workbook.xml", f'<workbook {NS} xmlns:r="{REL}"><sheets>{listed}</sheets></workbook>')
        styled = f'<Relationship Id="s" Type="{REL}/styles" Target="styles.xml"/>'
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}">{links}{styled}</Relationships>'
        )
        archive.writestr("xl/styles.xml", f"<styleSheet {NS}>{styles}</styleSheet>")
        for number, rows in enumerate(sheets.values(), 1):
            body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            archive.writestr(f"xl/s{number}.xml", f"<worksheet {NS}><sheetData>{body}</sheetData></worksheet>")
    return path


TODAY = datetime.date(2024, 5, 1)
NOON = datetime.datetime(2024, 5, 2, 12)
ROWS: list[list[Any]] = [
    ["whole", "number", "word", "yes", "day", "moment", "mixed", 2020],
    [1, 1.5, " x ", True, TODAY, NOON, "a", 1],
    [2, 2, "NA", False, TODAY, TODAY, 1, 2],
    [None, None, "y", None, None, None, 2.5, 3],
]


def test_columns_have_the_type_of_all_their_cells(tmp_path: Path) -> None:
    source = open_source(workbook(tmp_path / "rows.xlsx", Data=ROWS))
    kinds = next(source.batches()).columns.schema.types
    numbers = [pa.int64(), pa.float64(), pa.string(), pa.bool_(), pa.date32(), pa.timestamp("us"), pa.string()]
    assert kinds == [*numbers, pa.int64()]
    assert source.is_text
    assert source.rules.format == "excel"
    columns = columns_of(source)
    assert columns == columns_of(source, chunk_rows=1)
    assert columns["word"] == ["x", None, "y"]
    assert columns["mixed"] == ["a", "1", "2.5"]
    assert columns["moment"] == [NOON, datetime.datetime(2024, 5, 1), None]
    assert columns["2020"] == [1, 2, 3]


def test_titles_blank_rows_and_other_sheets_are_left_out_and_said(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["Report", None], [None, None], ["a", "b"], [None, None], [1, "x"], [2, "y"]]
    source = open_source(workbook(tmp_path / "rows.xlsx", Empty=[], Data=rows, More=ROWS))
    assert columns_of(source) == {"a": [1, 2], "b": ["x", "y"]}
    assert source.line_of(1)[1] == 5
    said = ("sheet 2 is read, 'Data': the others are left out (3 in all)",)
    assert source.remarks == (*said, "lines 1 to 2 stand before the names and are left out: 'Report,'")


def test_an_empty_or_damaged_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="sheets are empty"):
        open_source(workbook(tmp_path / "empty.xlsx", Data=[]))
    with pytest.raises(SourceError, match="0 rows of 2 columns"):
        open_source(workbook(tmp_path / "head.xlsx", Data=[["a", "b"]]))
    damaged = tmp_path / "damaged.xlsx"
    content = workbook(tmp_path / "rows.xlsx", Data=ROWS).read_bytes()
    damaged.write_bytes(content[: len(content) // 2])
    with pytest.raises(SourceError, match=r"damaged\.xlsx: expected a file that can be read"):
        open_source(damaged)


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(SourceError, match=r'pip install "slipway\[excel\]"'):
        open_source(workbook(tmp_path / "rows.xlsx", Data=ROWS))
