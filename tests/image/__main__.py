"""Build the image and run it: `make image-test`, or `python -m tests.image [--training] [--can]`.

    stand-in base ─> build ─> what lies in it ─> run it small ─> golden rows ─> load ─> damage ─> SIGTERM

The Dockerfile, the locks and the builder are the real ones; only the base is bootstrapped from Debian, because a test
must not need a registry of images. Each check prints a figure; `build/image.json` holds them all.

    0  every check passed · 1  one failed · 3  containers cannot be built or run here, and nothing was checked
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.image import contents, podman, service, training

ROOT = Path(__file__).parents[2]
BASE = "localhost/slipway-stand-in:bookworm"
SERVE = "localhost/slipway-image-test:serve"
TRAINING = "localhost/slipway-image-test:training"
BUILD = "--isolation oci --runtime runc --network host --pull=never"
CANNOT = 3

Check = Callable[[], str]


def main() -> int:
    """Do what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.image", description=__doc__, formatter_class=_Plain)
    parser.add_argument("--training", action="store_true", help="build and run the target `training` too: minutes, GB")
    parser.add_argument("--can", action="store_true", help="only say whether containers can be built and run here")
    parser.add_argument("--keep", action="store_true", help="check the images that were built last; build none")
    options = parser.parse_args()
    if why := podman.unable():
        return _cannot(why)
    subprocess.run([str(ROOT / "image" / "stand_in.sh"), BASE], check=True)
    if why := podman.unable(BASE):
        return _cannot(why)
    if options.can:
        return 0
    figures: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="slipway-image-") as scratch:
        failed = _do(_checks(options, Path(scratch)), figures)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "image.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(f"{len(figures) - failed} passed, {failed} failed")
    return int(failed > 0)


def _checks(options: argparse.Namespace, scratch: Path) -> list[tuple[str, Check]]:
    """List the checks in order; a build that fails ends the rest."""
    checks: list[tuple[str, Check]] = []
    if not options.keep:
        checks.append(("build", lambda: build("serve", SERVE)))
    checks += contents.checks(SERVE, BASE)
    checks += service.checks(SERVE, ROOT / "models", scratch)
    if options.training:
        if not options.keep:
            checks.append(("build training", lambda: build("training", TRAINING)))
        checks += training.checks(TRAINING, SERVE, BASE, ROOT / "examples", scratch)
    return checks


def _do(checks: list[tuple[str, Check]], figures: dict[str, str]) -> int:
    """Run them all, print a line for each, and return how many failed."""
    failed = 0
    for name, check in checks:
        try:
            figures[name], mark = check(), "ok    "
        except (AssertionError, subprocess.CalledProcessError, OSError) as error:
            figures[name], mark = f"FAILED: {error}", "FAILED"
            failed += 1
        print(f"{mark}  {name}: {figures[name]}", flush=True)
        if mark == "FAILED" and name.startswith("build"):
            break
    return failed


def build(target: str, tag: str) -> str:
    """Build a target as `make image` does, with buildah and on the stand-in base; return how long it took."""
    began = time.monotonic()
    words = {"BUILDER": "buildah", "TARGET": target, "TAG": tag, "BASE": BASE, "BUILD_OPTIONS": BUILD}
    done = subprocess.run(
        [str(ROOT / "image" / "build.sh")], env={**os.environ, **words}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]} {done.stderr[-3000:]}"
    return f"{time.monotonic() - began:.0f} s, packages downloaded anew"


def _cannot(why: str) -> int:
    print(f"NOT RUN: the image was neither built nor run: {why}", file=sys.stderr)
    return CANNOT


class _Plain(argparse.RawDescriptionHelpFormatter):
    """The docstring as it stands."""


if __name__ == "__main__":
    sys.exit(main())
