"""Closes connections of gRPC from outside of it: grpcio has no verb that ends one call or one connection.

    peers, as gRPC names them ─> this process's sockets that lead there ─> shut down, so that gRPC sees their end

Where the system does not show a process its descriptors nothing is closed, and the connections' own keepalive is left.
"""

import contextlib
import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

DESCRIPTORS = Path("/proc/self/fd")
Place = tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]


def close_connections(peers: set[str]) -> None:
    """Close the connections to these peers, each like `ipv4:10.0.0.1:5000` or `ipv6:%5B::1%5D:5000`."""
    places = {_place(*unquote(peer).partition(":")[2].rsplit(":", 1)) for peer in peers}
    for connection in _sockets():
        with connection, contextlib.suppress(OSError):
            if _place(*connection.getpeername()[:2]) in places:
                connection.shutdown(socket.SHUT_RDWR)


def _place(host: str, port: str | int) -> Place:
    address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped, int(port)
    return address, int(port)


def _sockets() -> Iterator[socket.socket]:
    """Yield a duplicate of each TCP socket of the process; whoever closes it leaves the other open."""
    for descriptor in DESCRIPTORS.iterdir() if DESCRIPTORS.exists() else ():
        with contextlib.suppress(OSError):
            number = os.dup(int(descriptor.name))
            try:
                found = socket.socket(fileno=number)
            except OSError:
                os.close(number)
                continue
            if found.family in (socket.AF_INET, socket.AF_INET6):
                yield found
            else:
                found.close()
