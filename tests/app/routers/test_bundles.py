"""Profile, example rows and papers of a version: what was verified, in a sandbox, and no real row where none may be."""

import json
from pathlib import Path
from typing import Any

import httpx
import onnx
import pytest

from app.bundle import reader as bundles
from app.main import Slipway
from app.routers.bundles import FILE_MAX_BYTES
from tests.support import serving, tiny

AT = "/models/tiny/versions/1"
REPORT = b"<script>alert(1)</script><p>A report</p>"


def write(root: Path, files: dict[str, bytes] | None = None, **knobs: Any) -> Path:
    """Write `tiny/1` with further files that its manifest lists."""

    def listed(manifest: dict[str, Any]) -> None:
        for name, data in (files or {}).items():
            path = root / "tiny" / "1" / name
            path.write_bytes(data)
            manifest["files"][name] = {"sha256": bundles.sha256(path), "bytes": len(data)}

    return tiny.write(root, tiny.Tiny(format=2, dates=("since",), profiled=True, **knobs), listed)


async def about(client: httpx.AsyncClient) -> dict[str, Any]:
    (version,) = (await client.get("/models/tiny")).json()["versions"]
    found: dict[str, Any] = version
    return found


async def test_the_profile_is_what_lies_in_the_bundle(tmp_path: Path) -> None:
    folder = write(tmp_path)
    async with serving.running(serving.app_of(tmp_path)) as client:
        found = (await client.get(f"{AT}/profile")).json()
        assert (await about(client))["profile"] is True
    wanted = json.loads((folder / "profile.json").read_text())
    assert found["rows"] == wanted["rows"]
    for name, bins in wanted["features"].items():
        assert found["features"][name] == {"unseen": 0.0, **bins} if bins["kind"] == "category" else bins


async def test_nothing_profiled_is_said(client: httpx.AsyncClient) -> None:
    assert (await about(client))["profile"] is False
    answer = await client.get(f"{AT}/profile")
    assert (answer.status_code, answer.json()) == (404, {"error": "The training rows of tiny/1 were not profiled."})


async def test_example_rows_are_golden_rows_and_are_answered(client: httpx.AsyncClient, models: Path) -> None:
    golden = json.loads((models / "tiny" / "1" / "golden.json").read_text())["instances"]
    body = (await client.get(f"{AT}/examples")).json()
    assert body == {"instances": golden}
    assert (await client.post("/predict", json=body)).status_code == 200


async def test_no_real_row_leaves_where_none_may(tmp_path: Path) -> None:
    """By no route that there is: values that stand in golden rows alone are looked for."""
    folder = write(tmp_path)
    golden = json.loads((folder / "golden.json").read_text())
    assert {row["since"] for row in golden["instances"]} >= {"2020-01-10T10:30"}
    async with serving.running(serving.app_of(tmp_path, examples=False)) as client:
        facts = await about(client)
        assert facts["examples"] is False
        assert next(its for its in facts["files"] if its["name"] == "golden.json")["readable"] is False
        answer = await client.get(f"{AT}/examples")
        assert (answer.status_code, answer.json()) == (404, {"error": "No example rows of tiny/1 are shown here."})
        assert (await client.get(f"{AT}/files/golden.json")).status_code == 404
        for path in ("/models", "/models/tiny", "/openapi.json", f"{AT}/profile", "/v2/models/tiny", "/v1/models/tiny"):
            text = (await client.get(path)).text
            assert not [row for row in golden["instances"] if row["since"] in text or json.dumps(row) in text], path


@pytest.mark.parametrize("examples", [True, False])
@pytest.mark.parametrize("rows", [20, None])
async def test_a_report_with_real_rows_stays_where_none_may_leave(
    tmp_path: Path, rows: int | None, examples: bool
) -> None:
    folder = write(tmp_path, {"report.html": REPORT})
    manifest = json.loads((folder / bundles.MANIFEST).read_text())
    manifest["training"] = {} if rows is None else {"rows_in_report": rows}
    (folder / bundles.MANIFEST).write_text(json.dumps(manifest))
    async with serving.running(serving.app_of(tmp_path, examples=examples)) as client:
        sent = (await client.get(f"{AT}/files/report.html")).status_code == 200
    assert sent == (examples or rows is None)


async def test_usual_values_stand_in_for_a_real_row(tmp_path: Path) -> None:
    """Medians and the most frequent words of the profile; a prediction is made of them."""
    write(tmp_path)
    async with serving.running(serving.app_of(tmp_path, examples=False)) as client:
        example = (await about(client))["example"]
        assert example == {
            "instances": [{"age": 5.0, "hours-per-week": 5.0, "member": False, "level": "low", "since": "2025-01-01"}]
        }
        assert (await client.post("/predict", json=example)).status_code == 200
        examples = (await client.get("/openapi.json")).json()["paths"]["/predict"]["post"]["requestBody"]
        found = examples["content"]["application/json"]["examples"]["tiny/1"]
        assert found == {"summary": "A row of usual values of tiny", "value": example}


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("card.md", b"# tiny\n", "text/markdown; charset=utf-8"),
        ("report.html", REPORT, "text/html; charset=utf-8"),
        ("roc.png", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("PLOT.SVG", b"<svg onload='alert(1)'/>", "image/svg+xml"),
        ("page.htm", REPORT, "application/octet-stream"),
        ("run.js", b"alert(1)", "application/octet-stream"),
        ("LICENSE", b"free", "application/octet-stream"),
    ],
)
async def test_a_file_is_sent_as_it_is_in_a_sandbox(name: str, data: bytes, media_type: str, tmp_path: Path) -> None:
    write(tmp_path, {} if name == "card.md" else {name: data})
    async with serving.running(serving.app_of(tmp_path)) as client:
        answer = await client.get(f"{AT}/files/{name}")
        again = await client.get(f"{AT}/files/{name}", headers={"if-none-match": f'"x", W/{answer.headers["etag"]}'})
        head = await client.head(f"{AT}/files/{name}")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, data, media_type)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: 'self'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert ("attachment" in answer.headers.get("content-disposition", "")) == (media_type == "application/octet-stream")
    assert (again.status_code, again.content) == (304, b"")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(data)))


@pytest.mark.parametrize(
    "name",
    [
        *("model.onnx", "manifest.json", "none.md", "CARD.md", "card.md ", ".", "..", "../1/card.md", "..%2fcard.md"),
        *("%2e%2e%2fgolden.json", "card.md%00", "card.md/", "..%5ccard.md", "%2fetc%2fpasswd", "x" * 500),
    ],
)
async def test_only_listed_files_are_sent_and_no_graph(name: str, client: httpx.AsyncClient) -> None:
    answer = await client.get(f"http://slipway{AT}/files/{name}")
    assert answer.status_code in (400, 404)
    assert list(answer.json()) == ["error"]
    assert len(answer.text) < 500


async def test_the_files_of_a_version_are_listed_with_what_may_be_read(client: httpx.AsyncClient, app: Slipway) -> None:
    files = {its.pop("name"): its for its in (await about(client))["files"]}
    assert list(files) == ["card.md", "golden.json", "model.onnx", "profile.json"]
    assert files["card.md"] == {"bytes": 7, "readable": True}
    assert [name for name, its in files.items() if not its["readable"]] == ["model.onnx"]
    for name, its in files.items():
        assert (await client.get(f"{AT}/files/{name}")).status_code == (200 if its["readable"] else 404)
    assert app.hot.budget.used_bytes == 0


async def test_a_file_that_is_not_what_was_verified_is_not_sent(tmp_path: Path) -> None:
    """Changed, or gone, while the version that was loaded serves on."""
    folder = write(tmp_path, {"report.html": REPORT})
    async with serving.running(serving.app_of(tmp_path, watch_s=0)) as client:
        (folder / "report.html").write_bytes(REPORT.replace(b"A", b"B"))
        (folder / "card.md").unlink()
        for name in ("report.html", "card.md"):
            answer = await client.get(f"{AT}/files/{name}")
            assert answer.status_code == 409
            assert answer.json() == {"error": f"`{name}` is not what it was when this version was loaded."}


async def test_a_file_that_is_too_large_is_listed_and_not_sent(tmp_path: Path) -> None:
    write(tmp_path, {"large.csv": bytes(FILE_MAX_BYTES + 1)})
    async with serving.running(serving.app_of(tmp_path)) as client:
        listed = {its["name"]: its["readable"] for its in (await about(client))["files"]}
        assert listed["large.csv"] is False
        assert (await client.get(f"{AT}/files/large.csv")).status_code == 404


@pytest.mark.parametrize("what", ["profile", "examples", "files/card.md"])
async def test_of_what_is_not_there_it_says_so(what: str, tmp_path: Path) -> None:
    """A version that failed, one that there is not, a graph without a manifest, a version that is no number."""
    (write(tmp_path) / "card.md").unlink()
    graph = tmp_path / "graph" / "1"
    graph.mkdir(parents=True)
    onnx.save(tiny.graph(tiny.Tiny()), str(graph / "model.onnx"))
    wanted = {"tiny/versions/1": 503, "tiny/versions/2": 404, "none/versions/1": 404, "graph/versions/1": 404}
    async with serving.running(serving.app_of(tmp_path)) as client:
        for at, status in {**wanted, "tiny/versions/x": 400}.items():
            answer = await client.get(f"/models/{at}/{what}")
            assert (answer.status_code, list(answer.json())) == (status, ["error"]), at
