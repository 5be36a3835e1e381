"""Affixes: the currency before a number, and the currency, unit or per cent sign behind it.

    "$16,268.00" ─ split ─> before "$", core "16,268.00"        "12 kg" ─> core "12", behind "kg"

A word before a number is a currency alone: "Room 12" and "C536379" are names. A unit behind stands in every cell of its
column or in none ("12" and "12B" are houses); a currency may be absent.
"""

from typing import Any

import pyarrow.compute as pc

from app.sources.numbers.notation import APOSTROPHES, MINUS, SPACES

ISO_CODES = (
    "AED|ARS|AUD|BDT|BGN|BHD|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|GEL|HKD|HUF|IDR|ILS|INR|ISK|JOD|JPY|KES|KRW"
    "|KWD|KZT|LKR|MAD|MXN|MYR|NGN|NOK|NZD|OMR|PEN|PHP|PKR|PLN|QAR|RMB|RON|RSD|RUB|SAR|SEK|SGD|THB|TND|TRY|TWD|UAH|USD"
    "|UYU|VND|ZAR|BTC|ETH|XAU"
)
SHORT = r"Rs\.?|S?Fr\.?|kr\.?|Kč|zł|Ft|lei|лв\.?|руб\.?|р\.|S/\.?"  # noqa: RUF001 - these are Cyrillic
CURRENCY = rf"[A-Z]{{0,3}}\p{{Sc}}|\p{{Sc}}[A-Z]{{1,3}}|{ISO_CODES}|{SHORT}"
# A unit is letters and what is no ASCII. The class of all letters would do, but takes 20 ms to compile for each column.
LETTERS = r"[^\x00-.0-@\[-`{-\x{a0}\x{2007}\x{2009}\x{202f}\x{2212}]"
UNIT = rf"{LETTERS}{{1,8}}\.?"
CLOCK = {"am", "pm", "a.m.", "p.m.", "a", "p"}  # behind an hour
CORE = rf"(?:\d[\d.,{SPACES}{APOSTROPHES}]*\d|\d\.?|[.,]\d+)(?:[eE][+-]?\d+)?"
PARTS = (
    rf"^[+(\{MINUS}]?[{SPACES}]*(?P<before>{CURRENCY})?[{SPACES}]*[+(\{MINUS}]?"
    rf"(?P<core>{CORE})[)]?[{SPACES}]*(?P<behind>%|{CURRENCY}|{UNIT})?[)]?[{MINUS}]?$"
)
IS_CURRENCY = rf"^(?:{CURRENCY})$"


def may_be_number(cells: Any) -> Any:
    """Say which texts have a digit; a quick look before `split`."""
    return pc.match_substring_regex(cells, "[0-9]")


def split(cells: Any) -> Any:
    """Return a struct of `before`, `core` and `behind` of each text, "" for none; null for what holds no number."""
    return pc.extract_regex(cells, PARTS)


def holds_number(cells: Any) -> Any:
    """Say which texts are digits and marks with at most an affix, rightly grouped or not; null where null."""
    if pc.sum(may_be_number(cells)).as_py() == 0:
        return may_be_number(cells)
    return pc.if_else(pc.is_valid(cells), pc.is_valid(split(cells)), None)


def is_currency(affix: str) -> bool:
    """Say whether an affix is a currency."""
    return bool(pc.match_substring_regex([affix], IS_CURRENCY)[0].as_py())
