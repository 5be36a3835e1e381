"""One decoder under atheris; `tests/fuzz/__main__.py` starts it and reads what it says.

    python -m tests.fuzz.one_decoder DECODER FOLDER [options of libFuzzer] CORPUS

The first byte of a case chooses what it is for: the model, or which part of a signature. Half of the new cases are made
by changing bytes, and half by changing a value of the JSON, which bytes alone would seldom leave valid.
"""

import copy
import json
import random
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["app"], enable_loader_override=False):
    from app.bundle import signature
    from app.bundle import signature_format as signature_form
    from app.errors import BundleError, RequestError
    from app.protocols.open_inference.request import read as read_infer
    from app.protocols.tfserving.predict import predict
    from app.runtime.model import Model, load
    from app.settings import Settings
    from app.tensors import Array, Tensors

from tests.clients import models as bare
from tests.fuzz.__main__ import TALLY_EVERY, seeds
from tests.support import tiny
from tests.support.signed import Keys

LONGEST_REFUSAL_BYTES = 2000  # it is sent
STRANGE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    10**400,
    1e308,
    -0.0,
    0.5,
    "",
    "NaN",
    "\x00",
    "💥",
    "low",
    [],
    {},
    [[1]],
    {"b64": "AA=="},
)
KEYS = ("instances", "inputs", "outputs", "name", "shape", "data", "datatype", "parameters", "binary_data_size", "b64")
LENGTHS = ("", "0", "-1", "9" * 30, "1e3", " 5")
Read = Callable[[bytes], bool]  # True where the case was taken


def rows(models: list[Model]) -> Read:
    model = models[0]

    def read(body: bytes) -> bool:
        found = model.row_reader.decode(body[1:])
        (answer,) = model.run([found])
        assert len(answer) == len(found)
        json.loads(model.body(answer))
        return True

    return read


def tensorflow(models: list[Model]) -> Read:
    def read(body: bytes) -> bool:
        model = models[body[0] % len(models)] if body else models[0]
        arrays, write = predict(model, body[1:])
        outputs = _answer(model, arrays)
        if outputs is not None:
            json.loads(write(outputs))
        return True

    return read


def infer(models: list[Model]) -> Read:
    def read(body: bytes) -> bool:
        model = models[body[0] % len(models)] if body else models[0]
        body = body[1:]
        end = body.rfind(b"}") + 1
        lengths = [*LENGTHS, str(end), str(end), str(end), str(end - 1), str(end + 1)]
        length = lengths[body[-1] % len(lengths)] if body else ""
        _answer(model, read_infer(model.signature, body, length.encode()).arrays)
        return True

    return read


def _answer(model: Model, arrays: Any) -> dict[str, Array] | None:
    """Run what was taken, as the service does."""
    found = arrays if isinstance(arrays, Tensors) else model.signature.check(arrays)
    if model.features is not None and found is not arrays:
        found = Tensors(model.features.from_wire(found.arrays()), len(found))
    if len(found) > 1000:
        return None
    (answer,) = model.run([found])
    assert len(answer) == len(found)
    return answer.outputs


def signatures(folder: Path) -> Read:
    """A statement as somebody may have signed it, and a file as anybody may have written it."""
    key = signature.load_key(Keys(folder).public)
    path = folder / "model.sig"

    def read(content: bytes) -> bool:
        if content[:1] == b"s":
            return bool(signature._files(path, content[1:]))
        found = signature._decode(path, content[1:], signature_form.Signature)
        assert not signature._is_by(key, found.dsse_envelope)
        return True

    return read


def write_seeds(decoder: str, corpus: Path, folder: Path) -> list[bytes]:
    """Write the cases to begin with, and return them."""
    if decoder == "signature":
        made = Keys(folder).sign(tiny.write(folder / "signed")).read_bytes()
        payload = signature._decode(folder, made, signature_form.Signature).dsse_envelope.payload
        bodies = [b"f" + made, b"s" + payload]
    else:
        bodies = [
            bytes([number]) + json.dumps(body).encode()
            for number, found in enumerate(seeds(decoder).values())
            for body in found
        ]
    for number, body in enumerate(bodies):
        (corpus / f"seed-{number}").write_bytes(body)
    return bodies


def models(decoder: str, folder: Path) -> list[Model]:
    root = folder / "models"
    tiny.write(root, tiny.Tiny(scale=0.01))
    bare.write(root, "add_sub", bare.add_sub("INT32"))
    bare.write(root, "identity_BYTES", bare.identity("BYTES"))
    return [load(root / name / "1", Settings(models=root)) for name in seeds(decoder)]


def mutate(good: list[bytes], case: bytes, max_bytes: int, seed: int) -> bytes:
    """Make another case of one, or of a good one: libFuzzer keeps the shortest that reach a line, and few of them."""
    chance = random.Random(seed)
    if chance.random() < 0.3:
        case = chance.choice(good)
    end = case.rfind(b"}") + 1
    if chance.random() < 0.5 or not end:
        return bytes(atheris.Mutate(case, max_bytes))
    try:
        body = json.loads(case[1:end])
    except (ValueError, RecursionError):
        return bytes(atheris.Mutate(case, max_bytes))
    for _ in range(chance.randint(1, 3)):
        _change(body, chance)
    return (case[:1] + json.dumps(body).encode() + case[end:])[:max_bytes]


def _change(value: Any, chance: random.Random) -> None:
    """Change something at a random depth: replace, repeat, leave out, or put in."""
    if not isinstance(value, dict | list) or not value:
        return
    key = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
    if isinstance(value[key], dict | list) and chance.random() < 0.8:
        _change(value[key], chance)
        return
    how = chance.randrange(4)
    if how == 0:
        del value[key]
    elif how == 1 and isinstance(value, list):
        value.insert(key, value[key])
    elif how == 2 and isinstance(value, dict):
        value[chance.choice(KEYS)] = copy.deepcopy(chance.choice(STRANGE))
    else:
        near = [value[key] + 1, -value[key]] if type(value[key]) in (int, float) else [str(value[key]) + "x"]
        value[key] = copy.deepcopy(chance.choice([*STRANGE, *near * 4]))


def main() -> None:
    decoder, folder, options = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    good = write_seeds(decoder, Path(options[-1]), folder)
    if decoder == "signature":
        read = signatures(folder)
    else:
        read = {"rows": rows, "tensorflow": tensorflow, "infer": infer}[decoder](models(decoder, folder))
    refusals = BundleError if decoder == "signature" else RequestError
    tried = taken = 0

    def one(case: bytes) -> None:
        nonlocal tried, taken
        tried += 1
        if tried % TALLY_EVERY == 0:
            (folder / "taken").write_text(str(taken))
        refusal: Exception | None = None
        try:
            taken += read(case)
        except refusals as error:
            refusal = error
        if refusal is not None:
            assert 0 < len(str(refusal).encode()) < LONGEST_REFUSAL_BYTES
            assert 400 <= getattr(refusal, "status", 400) < 500

    atheris.Setup(["fuzz", *options], one, custom_mutator=partial(mutate, good))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
