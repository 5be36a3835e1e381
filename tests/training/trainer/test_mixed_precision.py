from pathlib import Path

import keras
import pytest

from tests.training.conftest import options_for
from training.data.prepare import Data
from training.errors import DataError
from training.export.onnx import check_parity, export, parity_rows
from training.export.ort_session import Session
from training.network import reparameterize as fold
from training.network.network import Network
from training.options import Options
from training.options.rooms import FamilyName, HalfName
from training.trainer import mixed_precision as halves
from training.trainer.checkpoints import Checkpoints
from training.trainer.fit import History, encoded, fit, seed_everything
from training.trainer.run_context import RunContext

HIDDEN = {"first", "hidden_1", "inside_1", "outside_1"}


def learn(data: Data, options: Options, setting: RunContext | None = None) -> tuple[Network, History]:
    keras.backend.clear_session()
    seed_everything(5)
    learner = fold.fitted(data.features, data.task, options)
    parts = encoded(learner, data.task, data.train), encoded(learner, data.task, data.validation)
    return learner, fit(learner.trunk, data.task, *parts, options, lambda *_: None, setting or RunContext())


def options_of(data_file: Path, half: HalfName, **changes: object) -> Options:
    return options_for(data_file, "sold", mixed_precision=half, hidden=(16, 8), epochs=6, **changes)


@pytest.fixture(scope="module")
def whole(binary: Data, data_file: Path) -> History:
    return learn(binary, options_of(data_file, "float16").changed(mixed_precision="off"))[1]


@pytest.mark.parametrize("half", ["float16", "bfloat16"])
def test_it_learns_in_16_bits_what_it_learns_in_32_and_is_served_in_32(
    binary: Data, data_file: Path, whole: History, half: HalfName
) -> None:
    options = options_of(data_file, half)
    learner, history = learn(binary, options)
    assert isinstance(learner.trunk.optimizer, keras.optimizers.LossScaleOptimizer) is (half == "float16")
    assert history.validation_loss != whole.validation_loss
    assert min(history.validation_loss) == pytest.approx(min(whole.validation_loss), rel=0.02)
    served = fold.fold(learner, binary.features, binary.task, options)
    assert {layer.compute_dtype for layer in served.trunk.layers if layer.weights} == {"float32"}
    graph = export(served)
    rows = parity_rows(binary.features, binary.validation.arrays, 0)
    check_parity(served.predict, Session(graph).predict, rows, binary.task.outputs)


@pytest.mark.parametrize("family", ["plain", "residual", "wide-and-deep"])
def test_only_hidden_layers_compute_in_16_bits_and_no_weight_is_kept_in_them(
    binary: Data, data_file: Path, family: FamilyName
) -> None:
    options = options_of(data_file, "bfloat16", network=family, members=2)
    trunk = fold.fitted(binary.features, binary.task, options).trunk
    short = {layer.name for layer in trunk.layers if layer.weights and layer.compute_dtype == "bfloat16"}
    assert short == HIDDEN & {layer.name for layer in trunk.layers}
    assert {variable.dtype for variable in trunk.trainable_variables} == {"float32"}
    assert trunk.output.dtype == "float32"


def test_a_resumed_fit_ends_as_an_unbroken_one(binary: Data, data_file: Path, tmp_path: Path) -> None:
    """The scale of the loss is part of the state, and a seed repeats a fit in 16 bits as it does in 32."""
    options = options_of(data_file, "float16")
    _, unbroken = learn(binary, options)
    keep = RunContext(checkpoints=Checkpoints(tmp_path, {}))

    class Killed(Exception):
        pass

    def kill(done: int, _losses: dict[str, float]) -> None:
        if done == 4:
            raise Killed

    keras.backend.clear_session()
    seed_everything(5)
    learner = fold.fitted(binary.features, binary.task, options)
    parts = encoded(learner, binary.task, binary.train), encoded(learner, binary.task, binary.validation)
    with pytest.raises(Killed):
        fit(learner.trunk, binary.task, *parts, options, kill, keep)
    assert learn(binary, options, keep)[1] == unbroken


def test_what_the_hardware_lacks_is_refused_and_auto_does_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data_file: Path
) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nflags\t\t: sse avx2\n")
    monkeypatch.setattr(halves, "CPU_INFO", info)
    with pytest.raises(DataError, match=r"numbers that this machine computes with: none .*Received: bfloat16"):
        halves.decided(options_for(data_file, "sold", mixed_precision="bfloat16"))
    options, said = halves.decided(options_for(data_file, "sold", mixed_precision="auto", hidden=(512,)))
    assert options.fit.mixed_precision == "off"
    assert "nothing shorter" in said


@pytest.mark.parametrize(("hidden", "taken"), [((128, 64), "off"), ((512, 64), "bfloat16")])
def test_auto_takes_16_bits_on_a_processor_where_layers_are_wide(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data_file: Path, hidden: tuple[int, ...], taken: str
) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nflags\t\t: sse avx512_bf16\nprocessor : 1\nflags\t\t: sse avx512_bf16\n")
    monkeypatch.setattr(halves, "CPU_INFO", info)
    options, said = halves.decided(options_for(data_file, "sold", mixed_precision="auto", hidden=hidden))
    assert options.fit.mixed_precision == taken
    assert said.startswith(f"hidden layers compute in {'float32' if taken == 'off' else taken}")
    with pytest.raises(DataError, match="Received: float16"):
        halves.decided(options.changed(mixed_precision="float16"))


def test_off_asks_no_hardware(data_file: Path) -> None:
    given = options_for(data_file, "sold")
    assert halves.decided(given) == (given, "")


@pytest.mark.parametrize(
    ("capabilities", "taken"),
    [([(6, 1)], ()), ([(7, 0)], ("float16",)), ([(9, 0), (7, 5)], ("float16",)), ([(8, 0)], ("float16", "bfloat16"))],
)
def test_graphics_cards_compute_with_what_the_oldest_has(
    capabilities: list[tuple[int, int]], taken: tuple[HalfName, ...]
) -> None:
    assert halves.of_cards(capabilities) == taken
