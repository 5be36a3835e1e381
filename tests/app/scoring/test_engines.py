"""Engines: whoever calls, the same parts to the byte; what an engine lacks is said before work."""

from pathlib import Path

import pytest

from app.scoring.engines.registry import ENGINES
from tests.app.scoring import jobs, machines


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jobs.model(tmp_path_factory.mktemp("models"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return jobs.parquet(tmp_path / "rows.parquet")


@pytest.fixture
def expected(tmp_path: Path, data: Path, bundle: Path) -> dict[str, bytes]:
    """What one process writes."""
    assert jobs.run(data, tmp_path / "here", bundle) == 0
    return jobs.files(tmp_path / "here")


def pod(monkeypatch: pytest.MonkeyPatch, index: str, pods: str) -> None:
    monkeypatch.setenv("JOB_COMPLETION_INDEX", index)
    monkeypatch.setenv("JOB_COMPLETIONS", pods)


def test_pods_share_the_stretches_and_the_last_writes_the_report(
    tmp_path: Path, data: Path, bundle: Path, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    for index in ("2", "0", "1"):
        assert not (out / "_report.json").exists()
        pod(monkeypatch, index, "3")
        assert jobs.run(data, out, bundle, engine="index") == 0
    assert jobs.files(out) == expected


def test_a_pod_does_its_own_share_alone(
    tmp_path: Path, data: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod(monkeypatch, "1", "2")
    assert jobs.run(data, tmp_path / "out", bundle, engine="index") == 0
    stretches = {int(name.split("-")[1]) for name in jobs.files(tmp_path / "out", parts_only=True)}
    assert stretches
    assert all(number % 2 == 1 for number in stretches)


def test_a_pod_that_has_no_share_is_done(
    tmp_path: Path, data: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod(monkeypatch, "98", "99")
    assert jobs.run(data, tmp_path / "out", bundle, engine="index") == 0
    assert not jobs.files(tmp_path / "out", parts_only=True)


@pytest.mark.parametrize("share", [("3", "3", "below"), ("", "3", "nothing"), ("0", "x", "x")])
def test_a_pod_that_does_not_know_its_share_is_refused(
    share: tuple[str, str, str],
    tmp_path: Path,
    data: Path,
    bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It would do what others do, or leave out what nobody does."""
    pod(monkeypatch, *share[:2])
    assert jobs.run(data, tmp_path / "out", bundle, engine="index") == 2
    assert share[2] in capsys.readouterr().err.splitlines()[-1]


def test_too_many_rows_set_aside_are_judged_by_the_last_for_the_whole(
    tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All faults are in one file, which is above the share that is allowed; the whole is not."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.csv").write_text(jobs.text(rows=60, faults={3: "1,2"}))
    (folder / "b.csv").write_text(jobs.text(rows=600, faults={}))
    codes = []
    for index in ("0", "1"):
        pod(monkeypatch, index, "2")
        codes.append(jobs.run(folder, tmp_path / "out", bundle, engine="index", max_rejected=0.01))
    assert codes == [0, 0]
    assert jobs.run(folder, tmp_path / "out", bundle, engine="index", max_rejected=0.001) == 3


@pytest.mark.parametrize(("engine", "package"), [("ray", "ray"), ("spark", "pyspark")])
def test_an_engine_that_is_not_installed_is_said_in_a_line(
    engine: str, package: str, tmp_path: Path, data: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """This environment has neither."""
    assert jobs.run(data, tmp_path / "out", bundle, engine=engine, quiet=True) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert f"pip install {package}" in line


def words(data: Path, out: Path, bundle: Path, engine: str) -> list[str]:
    options = {"--out": out, "--bundle": bundle, "--keep": "id", "--part-rows": jobs.PART_ROWS, "--engine": engine}
    return [str(data), *(str(word) for pair in options.items() for word in pair)]


def test_ray_writes_the_same_parts(tmp_path: Path, data: Path, bundle: Path, expected: dict[str, bytes]) -> None:
    """On a real cluster, whose workers get code and bundle from the driver."""
    with machines.ray_cluster() as variables:
        done = machines.score(words(data, tmp_path / "out", bundle, "ray"), variables)
    assert done.returncode == 0, done.stderr
    assert jobs.files(tmp_path / "out") == expected


def test_spark_writes_the_same_parts(tmp_path: Path, data: Path, bundle: Path, expected: dict[str, bytes]) -> None:
    """In a real one with two executors' threads."""
    done = machines.score(words(data, tmp_path / "out", bundle, "spark"), machines.spark())
    assert done.returncode == 0, done.stderr
    assert jobs.files(tmp_path / "out") == expected


def test_every_engine_is_tried() -> None:
    assert ENGINES.keys() == {"here", "index", "ray", "spark"}
