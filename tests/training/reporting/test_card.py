import re
from pathlib import Path

from app.bundle import reader as contract


def test_the_card_tells_how_good_it_is_what_compression_cost_and_how_to_repeat_it(bundle_folder: Path) -> None:
    card = (bundle_folder / contract.CARD).read_text()
    manifest = contract.read(bundle_folder).manifest
    for title in ("How good it is", "What compression cost", "The data", "How it was trained", "Limits"):
        assert f"## {title}" in card
    for model in manifest.metrics:
        assert f"| {model} |" in card or f"| **{model}** |" in card
    assert f"| **{manifest.training['compression']['shipped']}** |" in card
    assert manifest.training["command"] in card
    assert "dropped: the same value in every row" in card


def test_the_cards_plots_are_in_the_bundle(bundle_folder: Path) -> None:
    card = (bundle_folder / contract.CARD).read_text()
    drawn = re.findall(r"!\[.*?\]\((.*?)\)", card)
    of_task = ["confusion.png", "roc_pr.png", "reliability.png"]
    assert drawn == ["curves.png", "compression.png", *of_task, "importance.png"]
    assert set(drawn) <= contract.read(bundle_folder).manifest.files.keys()
