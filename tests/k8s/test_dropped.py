"""The server keeps every field that a manifest holds, as it is written.

    unknown fields       refused by the schemas of `test_valid`, at every depth
    empty and zero ones  left out by the API's own encoding, unless the field is a pointer there
    quantities           written anew, where they have a shorter form

What is dropped makes each apply say "configured" and `kubectl diff` never be empty, and looks like a rule that holds.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.k8s.rendered import Manifest, of_kind, render
from tests.k8s.test_valid import custom, distinct

# Pointers in the API's types (k8s.io/api): there nothing and zero are two things, and zero is kept.
POINTERS = {
    "automountServiceAccountToken", "enableServiceLinks", "allowPrivilegeEscalation", "readOnlyRootFilesystem",
    "stabilizationWindowSeconds", "maxUnavailable", "emptyDir",
}  # fmt: skip
AMOUNTS = {"requests", "limits", "hard", "default", "defaultRequest"}
Path = tuple[str | int, ...]


def values(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Everything within an object, from the outside in."""
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from values(part, (*path, key))


def dropped(manifest: Manifest) -> list[Path]:
    """The places that the server would leave out. Of custom objects it stores all but null as it is."""
    zeros = [path for path, value in values(manifest) if not value and value is not None]
    nothing = [path for path, value in values(manifest) if value is None]
    text = [path for path in zeros if "data" in path[:1]]  # of a ConfigMap: whatever is written
    kept = [path for path in zeros if custom(manifest) or path in text or path[-1] in POINTERS]
    return nothing + [path for path in zeros if path not in kept]


def amounts(manifest: Manifest) -> Iterator[str]:
    for path, value in values(manifest):
        if isinstance(value, str | int) and (path[-1:] == ("sizeLimit",) or (len(path) > 1 and path[-2] in AMOUNTS)):
            yield str(value)


def canonical(amount: str) -> bool:
    """As Kubernetes itself writes a quantity: the largest unit in which it is a whole number."""
    number, unit = re.fullmatch(r"([1-9]\d*|0)(m|Mi|Gi|)", amount).groups()  # type: ignore[union-attr]
    return amount == "0" or int(number) % {"m": 1000, "Mi": 1024, "Gi": 1024, "": 1000}[unit] != 0


def test_nothing_is_dropped() -> None:
    """No empty list of rules, no zero that is the default."""
    found = {(one["kind"], one["metadata"]["name"]): places for one, _ in distinct() if (places := dropped(one))}
    assert not found


def test_amounts_are_as_the_server_writes_them() -> None:
    told = [amount for manifest, _ in distinct() for amount in amounts(manifest)]
    assert len(told) > 50
    assert not [amount for amount in told if not canonical(amount)]


@pytest.mark.parametrize(
    ("key", "value"), [("egress", []), ("egress", None), ("podSelector", {}), ("policyTypes", [""])]
)
def test_what_would_be_dropped_is_seen(key: str, value: Any) -> None:
    """An empty list, nothing, an empty selector (one is kept, but a policy of ours that names no pod is a slip)."""
    [policy] = of_kind(render(), "NetworkPolicy")
    assert dropped(policy | {"spec": policy["spec"] | {key: value}})


@pytest.mark.parametrize("amount", ["1000m", "1024Mi", "2000", "1024Gi"])
def test_an_amount_with_a_shorter_form_is_seen(amount: str) -> None:
    assert not canonical(amount)
