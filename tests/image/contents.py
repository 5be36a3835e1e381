"""What lies in the image: its size and what fills it, who may write, what must not be there, what it says it holds."""

import json
from collections.abc import Callable
from typing import Any

from tests.image.podman import inside, inspect

LIMIT_MB = 250  # unpacked, beside the base

# Everything below the folders that the Dockerfile fills: package or folder -> bytes; and what is wrong with any of it.
WALK = """
import json, os, sys
from importlib.metadata import distributions
sizes, writable, unwanted = {}, [], []
for root in ("/opt", "/models"):
    for folder, names, files in os.walk(root):
        for name in [*names, *files]:
            path = os.path.join(folder, name)
            stat = os.lstat(path)
            if not os.path.islink(path) and (stat.st_uid or stat.st_mode & 0o022 or not stat.st_mode & 0o004):
                writable.append(path)
            if name in ("tests", "test", "pip", "gcc", "cc", "ld", "make") or name.startswith("tensorflow"):
                unwanted.append(path)
        part = folder.partition("/site-packages/")[2].split("/")[0].removesuffix(".libs") or root
        part = "distribution records" if part.endswith(".dist-info") else part
        for name in files:
            key = "bytecode" if name.endswith(".pyc") else part
            sizes[key] = sizes.get(key, 0) + os.lstat(os.path.join(folder, name)).st_size
tried = {}
for path in ("/opt/slipway/x", "/models/x", "/tmp/x", "/x"):
    try:
        open(path, "w")
        tried[path] = "written"
    except OSError as error:
        tried[path] = error.strerror
bom = json.load(open("/opt/slipway/sbom.cdx.json"))
normal = lambda name: name.lower().replace("_", "-")
own = [one for one in distributions() if "/opt/venv" in str(one.locate_file(""))]
print(json.dumps({
    "sizes": sizes, "writable": writable, "unwanted": unwanted, "tried": tried, "user": [os.getuid(), os.getgid()],
    "installed": sorted(f"{normal(one.name)}=={one.version}" for one in own),
    "listed": sorted(f"{normal(c['name'])}=={c['version']}" for c in bom["components"]),
    "licensed": sum(1 for c in bom["components"] if c.get("licenses")),
}))
"""


def checks(image: str, base: str) -> list[tuple[str, Callable[[], str]]]:
    """Return the checks of this page in order."""
    found: dict[str, Any] = {}

    def look() -> dict[str, Any]:
        if not found:
            found.update(inside(image, WALK))
        return found

    return [
        ("size beside the base", lambda: size(image, base)),
        ("what fills it", lambda: filling(look())),
        ("who may write", lambda: nobody_writes(look())),
        ("what is not there", lambda: nothing_unwanted(look())),
        ("bill of materials", lambda: bill(look())),
        ("labels and entry", lambda: labels(image)),
    ]


def size(image: str, base: str) -> str:
    beside_mb = (inspect(image)["Size"] - inspect(base)["Size"]) / 1e6
    assert beside_mb < LIMIT_MB, f"expected less than {LIMIT_MB} MB. Received: {beside_mb:.0f}"
    return f"{beside_mb:.0f} MB unpacked"


def filling(found: dict[str, Any]) -> str:
    largest = sorted(found["sizes"].items(), key=lambda item: -item[1])
    shown = [f"{name} {count / 1e6:.1f}" for name, count in largest[:8]]
    return f"{', '.join(shown)}, others {sum(count for _, count in largest[8:]) / 1e6:.1f} MB"


def nobody_writes(found: dict[str, Any]) -> str:
    assert found["writable"] == [], (
        f"expected root's files, readable and not writable. Received: {found['writable'][:5]}"
    )
    assert found["user"] == [65532, 65532], found["user"]
    assert "written" not in found["tried"].values(), found["tried"]
    return "nobody: not in /opt, /models, /tmp or /, as user 65532"


def nothing_unwanted(found: dict[str, Any]) -> str:
    assert found["unwanted"] == [], found["unwanted"][:5]
    return "no compiler, pip, test or TensorFlow below /opt"


def bill(found: dict[str, Any]) -> str:
    assert found["listed"] == found["installed"], set(found["listed"]) ^ set(found["installed"])
    return f"{len(found['listed'])} packages, exactly those installed, {found['licensed']} with their licence"


def labels(image: str) -> str:
    config = inspect(image)["Config"]
    given = {name.rpartition(".")[2]: value for name, value in config["Labels"].items() if "opencontainers" in name}
    assert given["title"] == "Slipway"
    assert "unknown" not in given["revision"], given
    assert not given["created"].startswith("1970"), given
    assert config["Entrypoint"] == ["python", "-m", "app"], config["Entrypoint"]
    assert config["User"] == "65532:65532", config["User"]
    return json.dumps({name: given[name] for name in ("version", "created")})
