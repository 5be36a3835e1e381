import json
from pathlib import Path

import pytest

from app.bundle.limits import FEATURE_FILE_MAX_BYTES
from tests.training.pretrained.small_folder import tokenizer_of, write_folder
from training.errors import DataError
from training.pretrained.folder import LARGEST_BYTES, open_folder


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_folder_without_one_of_its_files_is_refused(tmp_path: Path, missing: str) -> None:
    write_folder(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(DataError, match=rf"expected the files config\.json, .* Missing: .*{missing}"):
        open_folder(tmp_path)


@pytest.mark.parametrize(("name", "said"), [("config.json", "expected JSON"), ("tokenizer.json", "expected a token")])
def test_files_that_are_no_json_are_refused_with_their_path(tmp_path: Path, name: str, said: str) -> None:
    write_folder(tmp_path)
    (tmp_path / name).write_text("{")
    with pytest.raises(DataError, match=rf"{name}.*{said}"):
        open_folder(tmp_path)


def test_a_file_beyond_its_bound_is_not_read(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "config.json").write_bytes(b" " * (2**20 + 1))
    with pytest.raises(DataError, match=r"config\.json: expected at most 1048576 bytes\. Received: 1048577"):
        open_folder(tmp_path)


def test_a_tokenizer_with_more_tokens_than_the_encoder_knows_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path)
    tokenizer_of([f"word{n}" for n in range(50)]).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(DataError, match=r"expected at most 14 tokens\. Received: 54"):
        open_folder(tmp_path)


def test_the_largest_token_counts_not_how_many_there_are(tmp_path: Path) -> None:
    write_folder(tmp_path)
    path = tmp_path / "tokenizer.json"
    said = json.loads(path.read_text())
    said["model"]["vocab"]["good"] = 99
    path.write_text(json.dumps(said))
    with pytest.raises(DataError, match=r"expected at most 14 tokens\. Received: 100"):
        open_folder(tmp_path)


def test_a_tokenizer_that_no_service_reads_is_not_read() -> None:
    assert LARGEST_BYTES["tokenizer.json"] <= FEATURE_FILE_MAX_BYTES


def test_another_kind_of_pooling_is_refused_with_its_file(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text("[]")
    with pytest.raises(DataError, match=r"1_Pooling/config\.json: expected an object"):
        open_folder(tmp_path)


def test_a_refused_family_is_said_with_its_file(tmp_path: Path) -> None:
    write_folder(tmp_path, model_type="modernbert")
    with pytest.raises(DataError, match=r"config\.json: .*Received: 'modernbert'"):
        open_folder(tmp_path)


def test_the_digest_is_that_of_the_weights(tmp_path: Path) -> None:
    write_folder(tmp_path)
    before = open_folder(tmp_path).digest
    path = tmp_path / "model.safetensors"
    raw = path.read_bytes()
    path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    assert open_folder(tmp_path).digest != before
