"""Kinds: what the first bytes of a file say it is, so that a person is told what to do about it.

    first bytes, decompressed ─ kind_of ─> "parquet", "arrow", "excel", "json", "csv"
                              └ check   ─> refused by name where it is certainly no table

It knows nothing about columns.
"""

from app.sources.errors import SourceError

NO_TABLES = {
    b"PK\x03\x04": "a zip archive or an Excel workbook in another archive, or damaged. Export the sheet as CSV",
    b"PK\x05\x06": "an empty zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook. Save it as .xlsx, or export the sheet as CSV",
    b"%PDF": "a PDF document. Find the table as CSV",
    b"PAR1\x15": "a Parquet file that is compressed as a whole. Decompress it first",
    b"ARROW1\0\0": "an Arrow file that is compressed as a whole. Decompress it first",
    b"SQLite format 3": "a SQLite database. Export one table as CSV",
    b"\x1f\x8b": "bytes compressed twice. Decompress them once",
    b"BZh91AY&SY": "bytes compressed twice. Decompress them once",
    b"\xfd7zXZ": "bytes compressed twice. Decompress them once",
    b"\x28\xb5\x2f\xfd": "bytes compressed twice. Decompress them once",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive. Unpack it first",
    b"Rar!\x1a\x07": "a RAR archive. Unpack it first",
    b"\x89HDF": "an HDF5 file. Export one table as CSV or Parquet",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"Obj\x01": "an Avro file. Convert it to Parquet",
    b"\x80\x04\x95": "a pickle of Python. Save the table as Parquet",
    b"version https://git-lfs": "a pointer of Git LFS. Fetch the file itself: git lfs pull",
}
CONTROL = bytes([*range(9), 11, *range(14, 26), *range(28, 32)])  # no text holds these; Ctrl-Z ends some


def kind_of(start: bytes) -> str:
    """Return the kind of a file as it stands on disk by its first bytes; "csv" where nothing else is certain."""
    if start.startswith(b"PAR1") and start[4:].translate(None, CONTROL) != start[4:]:  # `PAR1,PAR2`: two names
        return "parquet"
    if start.startswith((b"ARROW1\0\0", b"FEA1\0", b"\xff\xff\xff\xff")):
        return "arrow"
    return "csv"


def check(name: str, start: bytes) -> None:
    """Refuse what is certainly no table as text, with a SourceError that says what it seems to be and what to do."""
    for mark, kind in NO_TABLES.items():
        if start.startswith(mark):
            raise SourceError(f"{name}: expected a CSV file. Received: {kind}.")
    _check_markup(name, start)


def check_control(name: str, start: bytes) -> None:
    """Refuse bytes that no text holds, with the line of the first."""
    found = start.translate(None, CONTROL)
    if found == start:
        return
    place = next(place for place, byte in enumerate(start) if byte in CONTROL)
    line = start.count(b"\n", 0, place) + 1
    raise SourceError(control(name, line, start[place]))


def control(name: str, line: int, byte: int) -> str:
    """Return what is said of a byte that no text holds."""
    return (
        f"{name}: expected a CSV file. Received: bytes that are not text, first in line {line}: {byte:#04x}. "
        "If it is a table, remove them: tr -d '\\000-\\010\\013\\016-\\031\\034-\\037' < FILE > data.csv"
    )


def _check_markup(name: str, start: bytes) -> None:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if text.startswith((b"<!doctype html", b"<html")):
        received = "a web page. Look at it: it may be a form to log in, or an error, in place of the file"
    elif text.startswith(b"<"):
        received = "XML. Export the table as CSV"
    elif text.startswith((b"{", b'["', b"[{", b"[[", b"[\n", b"[ ", b"[\r")):
        received = "JSON in one piece. Write one object a line: jq -c '.[]' FILE > data.jsonl"
    else:
        return
    raise SourceError(f"{name}: expected a CSV file. Received: {received}.")
