"""The ways from a client to the service: alone, through HAProxy, through nginx, each plain and with TLS.

    plain     client ─────────────────────────> service
              client ──> HAProxy or nginx ────> service
    with TLS  the same, with TLS on every arrow; the service asks whoever calls it for a certificate of the authority

The proxies run with `haproxy.cfg` and `nginx.conf`, which stand beside this file for operators to copy.
"""

import contextlib
import os
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.harness.behind_proxy import free_port
from tests.clients.foreign import certificates
from tests.support.serving import PATIENCE_S, Process

HERE = Path(__file__).parent
PROXIES = {"HAProxy": ("haproxy", "haproxy.cfg"), "nginx": ("nginx", "nginx.conf")}  # name -> program, configuration
SERVICE = ("--watch-s", "0.1")  # reloads come by the second
EVERYWHERE = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"  # Debian has proxies where only root's PATH looks


@dataclass(frozen=True)
class Ways:
    """What runs: the addresses by name of the way, what clients are told of certificates, and the two services."""

    addresses: dict[str, str]
    told: dict[str, str]
    services: tuple[Process, Process]  # plain, with TLS
    tls: ssl.SSLContext


@contextlib.contextmanager
def running(models: Path, folder: Path, *options: str) -> Iterator[Ways]:
    """Start services and proxies, with `options`, and wait until each way leads to one that is ready."""
    told = certificates.write(folder)
    ask = [f"--tls-certificate={folder}/server.crt", f"--tls-key={folder}/server.key"]
    ask += [f"--tls-client-ca={told['authority']}"]
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(Process(models, folder, *SERVICE, *options))
        tls = stack.enter_context(Process(models, folder, *SERVICE, *options, *ask))
        addresses = {"alone": plain.address, "alone, TLS": tls.wait_for(r"answers on (https://\S+) ")[1]}
        ports = {"PLAIN": _port(addresses["alone"]), "TLS": _port(addresses["alone, TLS"])}
        for name in PROXIES:
            addresses |= stack.enter_context(_proxy(name, folder, ports))
        context = ssl.create_default_context(cafile=told["authority"])
        context.load_cert_chain(told["certificate"], told["key"])
        ways = Ways(addresses, told, (plain, tls), context)
        _wait(ways)
        yield ways


@contextlib.contextmanager
def _proxy(name: str, folder: Path, ports: dict[str, str]) -> Iterator[dict[str, str]]:
    program, configuration = PROXIES[name]
    own = folder / program
    own.mkdir()
    ports = ports | {"HTTP": str(free_port()), "HTTPS": str(free_port())}
    names = {"FOLDER": own, "AUTHORITY": folder / "authority.pem"}
    names |= {"SERVER_PEM": folder / "server.pem", "CLIENT_PEM": folder / "client.pem"}
    (own / configuration).write_text(filled(HERE / configuration, ports | {k: str(path) for k, path in names.items()}))
    with (own / "log").open("w") as log:
        process = subprocess.Popen(_command(program, own / configuration), stdout=log, stderr=log)
    try:
        yield {name: f"http://127.0.0.1:{ports['HTTP']}", f"{name}, TLS": f"https://127.0.0.1:{ports['HTTPS']}"}
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def filled(path: Path, names: dict[str, str]) -> str:
    """Return a configuration with its @NAMES@ filled in."""
    return re.sub(r"@([A-Z_]{3,})@", lambda found: names.get(found[1], found[0]), path.read_text())


def _command(program: str, configuration: Path) -> list[str]:
    found = shutil.which(program, path=EVERYWHERE)
    assert found is not None, f"{program} is missing"
    if program == "haproxy":
        return [found, "-db", "-f", str(configuration)]
    user = "user root; " if os.geteuid() == 0 else ""  # else its workers may not enter a folder of ours
    return [found, "-p", str(configuration.parent), "-c", str(configuration), "-g", f"{user}daemon off;"]


def _wait(ways: Ways) -> None:
    deadline = time.monotonic() + PATIENCE_S
    with httpx.Client(verify=ways.tls) as client:
        for name, address in ways.addresses.items():
            while not _ready(client, address):
                assert time.monotonic() < deadline, f"{name}: expected it to lead to a service that is ready"
                time.sleep(0.05)


def _ready(client: httpx.Client, address: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return client.get(f"{address}/health/ready").status_code == 200
    return False


def _port(address: str) -> str:
    return address.rpartition(":")[2]
