"""The page of figures: medians and percentiles, and whether what is claimed holds."""

import pytest

from benchmarks.page.report import claims, p, page

FOUND = {
    "load_average": 0.2,
    "looking": (0.001, 0.003),
    "sizes": {"/": 5_000, "/page/main.js": 15_000},
    "usable_ms": [(100.0, 1000.0), (300.0, 1000.0), (200.0, 1000.0)],
    "answer_ms": [float(ms) for ms in range(1, 102)],
    "large_file": {"said": "All answered.", "seconds": 9.5, "answer_ms": [50.0, 250.0], "tab_peak_mb": 301},
    "shapley": [(3, 1e-9), (12, 2e-7)],
}  # fmt: skip


def test_claims_are_judged_by_what_was_measured() -> None:
    measured = {claim.what: claim.measured for claim in claims(FOUND)}
    assert list(measured.values()) == pytest.approx([20, 0.2, 96, 240, 301, 0.2, 2e-7])


def test_the_page_says_what_holds_and_what_is_missed() -> None:
    text = page(FOUND, 100_000)
    assert "| usable after a cold start, ÷ /docs | 0.2 | ≤ 0.25 | ≤ 0.12 | holds |" in text
    assert "| the tab's process at most, MB | 301 | ≤ 300 | ≤ 300 | missed |" in text
    assert "2 rows of Adult against another one, 1 of them exact" in text


def test_a_percentile_lies_between_its_neighbours() -> None:
    assert p([0.0, 100.0], 95) == 95.0
