"""Podman as these checks need it: can it run at all, a container under the limits of a pod, what it uses.

    unable()                why containers cannot be built or run on this machine, or nothing
    Container(image, …)     started read-only, without capabilities, with one CPU and 256 MB; gone at the end
    inside(image, program)  the output of a Python program in a fresh container

It knows nothing about what the image serves.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

TOOLS = ("buildah", "podman", "runc", "debootstrap")
PATIENCE_S = 60.0
# crun and the default limits of descriptors and processes do not work everywhere that containers do; health checks by
# themselves need systemd. The network is the machine's, so that nothing has to be set up for it.
HERE = ["--runtime", "runc", "--network", "host", "--no-healthcheck"]
HERE += ["--ulimit", "nofile=20000:20000", "--ulimit", "nproc=4096:4096", "--pull", "never"]
# What the pod of k8s/base grants, with half of its memory.
HARDENED = ["--read-only", "--read-only-tmpfs=false", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
SMALL = ["--memory", "256m", "--memory-swap", "256m", "--cpus", "1"]


def podman(*words: str, check: bool = True) -> str:
    """Run a podman command and return what it printed."""
    done = subprocess.run(["podman", *words], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"podman {' '.join(words)}: {done.stdout} {done.stderr}"
    return done.stdout.strip()


def unable(image: str | None = None) -> str | None:
    """Say why containers cannot be built and run here; with an image, really run one under the limits."""
    if missing := [name for name in TOOLS if shutil.which(name) is None]:
        return f"missing: {', '.join(missing)}"
    if os.geteuid() != 0:
        return "bootstrapping a base needs root"
    if image is None:
        return None
    words = ["podman", "run", "--rm", *HERE, *HARDENED, *SMALL, "--entrypoint", "true", image]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"a container cannot be run under limits: {done.stderr.strip()[-500:]}"


def inside(image: str, program: str) -> Any:
    """Run a Python program in a container of `image`; return the JSON that it prints."""
    return json.loads(podman("run", "--rm", *HERE, *HARDENED, "--entrypoint", "python", image, "-c", program))


def inspect(image: str) -> dict[str, Any]:
    """Return what podman says about an image."""
    found: dict[str, Any] = json.loads(podman("image", "inspect", image))[0]
    return found


class Container:
    """A container of the service; `started_s` is the time at which `podman run` was called."""

    def __init__(self, image: str, port: int, *words: str, models: Path | None = None) -> None:
        mounts = [] if models is None else ["--volume", f"{models}:/models:ro"]
        self.port = port
        self.started_s = time.monotonic()
        self.id = podman(
            *("run", "--detach", *HERE, *HARDENED, *SMALL, "--env", f"SLIPWAY_PORT={port}", *mounts, image, *words)
        )
        self.pid = int(podman("inspect", "--format", "{{.State.Pid}}", self.id))

    def __enter__(self) -> "Container":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        podman("rm", "--force", "--time", "1", self.id, check=False)

    def status(self, path: str) -> tuple[int, str]:
        """GET a path; 0 and the reason where nobody answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except (URLError, OSError) as error:
            return 0, str(error)

    def wait_for(self, status: int, path: str = "/health/ready") -> float:
        """Ask until the status comes; return the seconds since the start."""
        while (found := self.status(path))[0] != status:
            assert self.seconds() < PATIENCE_S, f"expected {status} on {path}. Received: {found}; {self.log()}"
            assert self.running(), f"it has ended: {self.log()}"
            time.sleep(0.01)
        return self.seconds()

    def seconds(self) -> float:
        return time.monotonic() - self.started_s

    def running(self) -> bool:
        return podman("inspect", "--format", "{{.State.Running}}", self.id) == "true"

    def log(self) -> str:
        done = subprocess.run(["podman", "logs", self.id], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def process(self, key: str) -> str:
        """Return a line of /proc/<pid>/status of the container's first process."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(f"{key}:"))

    def memory_mb(self, key: str = "VmRSS") -> float:
        return int(self.process(key).split()[0]) / 1024

    def cpu_s(self) -> float:
        """Return the CPU seconds of its first process so far, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def takes_sigterm(self) -> bool:
        """Say whether its first process has a handler: until then the kernel keeps the signal from PID 1."""
        return bool(int(self.process("SigCgt"), 16) >> (signal.SIGTERM - 1) & 1)

    def execute(self, *command: str) -> tuple[int, float, str]:
        """Run a command beside the service; return its exit code, its seconds and its output."""
        began = time.monotonic()
        done = subprocess.run(["podman", "exec", self.id, *command], capture_output=True, text=True, check=False)
        return done.returncode, time.monotonic() - began, done.stdout + done.stderr

    def terminate(self) -> tuple[int, float]:
        """Send SIGTERM; return the exit code and the seconds until the process was gone."""
        began = time.monotonic()
        podman("kill", "--signal", "TERM", self.id)
        while Path(f"/proc/{self.pid}").exists():
            assert time.monotonic() - began < PATIENCE_S, f"SIGTERM did not end it: {self.log()}"
            time.sleep(0.005)
        gone_s = time.monotonic() - began
        return int(podman("wait", self.id)), gone_s
