"""The clients of `benchmarks.resilience.flood`, each a process of its own: one that is timed, and those that flood.

    python -m benchmarks.resilience.flood_clients probe PORT SECONDS PATH …    one small request after the other, timed
    python -m benchmarks.resilience.flood_clients send PORT SECONDS FORM BYTES large bodies, on four connections

The one that is timed runs before everybody else on its core where the system lets it (real-time priority), so that
what it sees is the server and not the queue for the core. Half of its requests come on a connection of their own, as
a kubelet's do. Results are lines of JSON.
"""

import contextlib
import json
import os
import socket
import sys
import threading
import time

HOST = "127.0.0.1"
PRIORITY = 10
PAUSE_S = 0.002  # between two timed requests
SENDERS = 4
PIECE_BYTES = 2**18
TIMEOUT_S = 30.0
ROWS = 10_000  # of an allowed body: as many as the defaults let in


def probe(port: int, seconds: float, requests: list[bytes]) -> dict[str, list[float]]:
    """Send each request in turn and time it; the key is where it came: `kept` or `new`."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    took_s: dict[str, list[float]] = {"kept": [], "new": []}
    end = time.monotonic() + seconds
    kept = socket.create_connection((HOST, port), TIMEOUT_S)
    kept.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    turn = 0
    while time.monotonic() < end:
        request = requests[turn // 2 % len(requests)]
        began = time.perf_counter()
        if turn % 2:
            with socket.create_connection((HOST, port), TIMEOUT_S) as new:
                _ask(new, request)
        else:
            _ask(kept, request)
        took_s["new" if turn % 2 else "kept"].append(time.perf_counter() - began)
        turn += 1
        time.sleep(PAUSE_S)
    kept.close()
    return took_s


def _ask(sock: socket.socket, request: bytes) -> None:
    sock.sendall(request)
    received = b""
    while b"\r\n\r\n" not in received:
        received += _piece(sock)
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += _piece(sock)
    if b" 200 " not in head:
        raise ValueError(f"Invalid answer: expected 200. Received: {head[:60]!r} {body[:200]!r}.")


def _piece(sock: socket.socket) -> bytes:
    piece = sock.recv(65536)
    if not piece:
        raise ConnectionError("The server closed the connection.")
    return piece


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    return f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def send(port: int, seconds: float, form: str, size: int) -> dict[str, int]:
    """Send bodies of `size` bytes again and again: `length`, `chunked`, or `rows` that are answered.

    Returns:
        How often each status came, `none` where the connection ended without one, and the megabytes sent.
    """
    seen: dict[str, int] = {}
    lock, end = threading.Lock(), time.monotonic() + seconds
    pieces = list(_pieces(form, size))

    def run() -> None:
        while time.monotonic() < end:
            status, sent = _send_one(port, form, size, pieces)
            with lock:
                seen[status] = seen.get(status, 0) + 1
                seen["MB"] = seen.get("MB", 0) + sent // 10**6

    threads = [threading.Thread(target=run) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def _pieces(form: str, size: int) -> list[memoryview]:
    body = _rows(size) if form == "rows" else b" " * size
    view = memoryview(body)
    return [view[at : at + PIECE_BYTES] for at in range(0, size, PIECE_BYTES)]


def _rows(size: int) -> bytes:
    """Rows of Adult, with as many spaces as it takes."""
    row = os.environ["FLOOD_ROW"].encode()
    beginning, end = b'{"instances":[', b"]}"
    space = b" " * ((size - len(beginning) - len(end)) // ROWS - len(row) - 1)
    body = beginning + b",".join([row + space] * ROWS)
    return body + b" " * (size - len(body) - len(end)) + end


def _send_one(port: int, form: str, size: int, pieces: list[memoryview]) -> tuple[str, int]:
    chunked = form == "chunked"
    length = "transfer-encoding: chunked" if chunked else f"content-length: {size}"
    sent = 0
    with socket.create_connection((HOST, port), TIMEOUT_S) as sock:
        with contextlib.suppress(ConnectionError):
            sock.sendall(f"POST /predict HTTP/1.1\r\nhost: x\r\n{length}\r\n\r\n".encode())
            for piece in pieces:
                if chunked:
                    sock.sendall(b"%x\r\n" % len(piece))
                sock.sendall(piece)
                if chunked:
                    sock.sendall(b"\r\n")
                sent += len(piece)
            if chunked:
                sock.sendall(b"0\r\n\r\n")
        received = b""
        with contextlib.suppress(ConnectionError):
            received = sock.recv(65536)
    return (received.split()[1].decode() if received else "none"), sent


def main(role: str, port: int, seconds: float, *rest: str) -> None:
    """Run one of the clients and print what it saw."""
    if role == "probe":
        row = os.environ["FLOOD_ROW"]
        requests = [
            post(path, f'{{"instances":[{row}]}}'.encode()) if path == "/predict" else get(path) for path in rest
        ]
        print(json.dumps(probe(port, seconds, requests)))
    else:
        print(json.dumps(send(port, seconds, rest[0], int(rest[1]))))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:])
