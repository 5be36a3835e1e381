"""A profile is checked when a bundle is read; one that is wrong keeps the version from serving, and says why."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.bundle import reader as bundles
from app.errors import BundleError
from tests.support import tiny
from tests.support.serving import ROOT

Profile = dict[str, Any]
TINY = tiny.Tiny(profiled=True)


def with_profile(folder: Path, text: str) -> Path:
    """Put another profile into a bundle, with its hash in the manifest."""
    (folder / bundles.PROFILE).write_text(text)
    tiny.rewrite_manifest(folder, json.loads((folder / bundles.MANIFEST).read_text()))
    return folder


def test_the_committed_model_is_profiled() -> None:
    profile = bundles.read(ROOT / "models/adult-income/1").profile
    assert profile is not None
    assert len(profile.features) == 14


def test_an_empty_object_says_that_nothing_was_profiled(tmp_path: Path) -> None:
    assert bundles.read(with_profile(tiny.write(tmp_path), " { } ")).profile is None


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_sound_profile_is_read(task: str, tmp_path: Path) -> None:
    made = tiny.Tiny(task=task, profiled=True)
    profile = bundles.read(tiny.write(tmp_path, made)).profile
    assert profile is not None
    assert list(profile.features) == [*made.numbers, *made.booleans, *made.strings]


def put(feature: str, **values: Any) -> Callable[[Profile], None]:
    return lambda profile: profile["features"][feature].update(values)


def put_prediction(**values: Any) -> Callable[[Profile], None]:
    return lambda profile: profile["prediction"].update(values)


def add_feature(profile: Profile) -> None:
    profile["features"]["height"] = profile["features"]["age"]


def swap(profile: Profile) -> None:
    profile["features"]["age"], profile["features"]["level"] = profile["features"]["level"], profile["features"]["age"]


def number_prediction(profile: Profile) -> None:
    profile["prediction"] = profile["features"]["age"]


BROKEN: dict[str, tuple[Callable[[Profile], None], str]] = {
    "a feature that the manifest does not have": (add_feature, "expected features of the manifest. Received: `height`"),
    "a number's bins as a category": (swap, "`features.age`: expected the kind number. Received: category"),
    "a number as the prediction of classes": (number_prediction, "`prediction`: expected the kind category"),
    "no such kind": (put("age", kind="text"), "kind"),
    "a share too few": (put("age", shares=[1.0]), "`features.age`: expected 10 shares. Received: 1"),
    "shares above one": (put("level", other=0.9), "sum to one. Received: a sum of 1.6"),
    "a share below zero": (put("level", other=-0.3, missing=0.7), "expected shares of 0 to 1"),
    "edges that fall": (put("age", edges=[9, 8, 7, 6, 5, 4, 3, 2, 1]), "ascending edges"),
    "an edge twice": (put("age", edges=[1, 1, 3, 4, 5, 6, 7, 8, 9]), "ascending edges"),
    "ten edges": (put("age", edges=[*range(10)], shares=[1.0, *[0.0] * 10]), "at most 9 ascending edges"),
    "a minimum above the maximum": (put("age", minimum=11.0), "expected minimum <= maximum. Received: 11.0 and 10.0"),
    "a minimum alone": (put("age", maximum=None), "expected minimum <= maximum. Received: 0.0 and None"),
    "a value twice": (put("level", values=["low", "low"], shares=[0.25, 0.25]), "expected unique values"),
    "an empty value": (put("level", values=[""]), "expected unique values that are not empty"),
    "a label too few": (put_prediction(values=["no"], shares=[1.0]), "`prediction`: `values`: expected the labels"),
    "a share as text": (put("age", missing="0"), "$.missing"),
    "no rows": (lambda profile: profile.pop("rows") and None, "rows"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_profile_that_is_wrong_is_refused(name: str, tmp_path: Path) -> None:
    edit, expected = BROKEN[name]
    profile = tiny.profile(TINY)
    edit(profile)
    folder = with_profile(tiny.write(tmp_path, TINY), json.dumps(profile))
    with pytest.raises(BundleError, match=re.escape(expected)) as caught:
        bundles.read(folder)
    assert str(folder / bundles.PROFILE) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"rows":1}', "[" * 100_000])
def test_what_is_no_profile_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"profile\.json: "):
        bundles.read(with_profile(tiny.write(tmp_path), text))


def test_a_profile_of_another_hash_is_refused(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    (folder / bundles.PROFILE).write_text("[]")
    with pytest.raises(BundleError, match=r"profile\.json: expected sha256"):
        bundles.read(folder)
