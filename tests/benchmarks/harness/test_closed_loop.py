from pathlib import Path

import pytest

from benchmarks.harness import closed_loop

OUTPUT = """Running 2s test @ http://127.0.0.1:18000/predict
  1 threads and 32 connections
Requests/sec:  71225.42

RESULT {"requests":142451,"seconds":2.000000,"p50_ms":0.380000,"p99_ms":0.812000,"p999_ms":1.500000,"max_ms":4.250000,"status_errors":3,"socket_errors":2}
"""  # noqa: E501


def test_a_run_of_wrk_is_read_from_the_line_that_the_script_wrote() -> None:
    seen = closed_loop.parse(OUTPUT)
    assert (seen.requests, seen.p999_ms) == (142451, 1.5)
    assert seen.rps == pytest.approx(71225.5)
    assert seen.errors == 5


def test_output_without_a_result_is_refused() -> None:
    with pytest.raises(ValueError, match="unable to connect"):
        closed_loop.parse("unable to connect to 127.0.0.1:1")


def test_one_body_needs_no_lua_call_a_request(tmp_path: Path) -> None:
    one = closed_loop.write_script(tmp_path / "one.lua", [b'{"instances":[[1]]}']).read_text()
    several = closed_loop.write_script(tmp_path / "several.lua", [b"{}", b"[[]]"]).read_text()
    assert "function request()" not in one
    assert "function request()" in several
    assert "[==[[[]]]==]" in several  # brackets of JSON do not end the quotation
