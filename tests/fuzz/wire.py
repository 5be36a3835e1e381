"""Fuzzed requests by the million, over real sockets, to real processes: both doors of HTTP, and gRPC.

    python -m tests.fuzz.wire [--examples N] [--seed S] [--door protocol|asgi|grpc …] [--tally FILE]
    python -m tests.fuzz.wire --sum FILE

Each door gets a process and its part of the examples. What is counted is what was answered, and connections that were
closed on a request without an answer. It ends with 1 where an answer is a 500 or wrong, a connection gets neither an
answer nor an end within `PATIENCE_S`, a line of the log is an error, or memory has grown. Runs with different seeds add
up in the file of `--tally`; the same seed sends the same.
"""

import argparse
import collections
import contextlib
import json
import re
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.clients import models as bare
from tests.fuzz.mutations import GOOD, LAST, Maker
from tests.support import serving, tiny

PATIENCE_S = 60  # of a connection without an answer; the machine may be busy
TOGETHER = 64  # requests in a row on a connection, before their answers are read
AHEAD = 8  # connections whose answers are read later
BROKEN_SHARE = 1  # connections of wrong framing for each of sound
BAD = {500, 502}
GROWTH, GROWTH_MB = 1.2, 24  # of memory between an eighth of the way and its end
HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n")
LENGTH = re.compile(rb"(?im)^content-length: *(\d+)")
CHUNKED = re.compile(rb"(?im)^transfer-encoding: *chunked")
OPTIONS = ("--feedback", "--max-body-bytes", "65536", "--log-form", "json", "--labels", '{"tiny": {"stable": 1}}')


class Fault(Exception):
    """What should not be."""


class Tally:
    """What became of the requests of one door."""

    def __init__(self) -> None:
        self.statuses: collections.Counter[int] = collections.Counter()
        self.closed = 0  # connections that ended on a request without an answer
        self.right = 0  # answers to good requests, which were all compared

    @property
    def examples(self) -> int:
        return self.statuses.total() + self.closed


class Connection:
    """A socket with what was sent and what came."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, pieces: list[bytes]) -> None:
        with contextlib.suppress(OSError):  # it was refused before its end
            for piece in pieces:
                self._socket.sendall(piece)

    def answers(self) -> bytes:
        """Take what has come, say that nothing more will follow, and return all until the end."""
        pieces: list[bytes] = []
        try:
            with contextlib.suppress(BlockingIOError):
                self._socket.setblocking(False)
                if self._take(pieces):
                    return b"".join(pieces)
            self._socket.settimeout(PATIENCE_S)
            self._socket.shutdown(socket.SHUT_WR)
            self._take(pieces)
        except TimeoutError as error:
            raise Fault("neither an answer nor an end") from error
        except OSError:
            pass  # what was not read before it closed
        finally:
            self._socket.close()
        return b"".join(pieces)

    def whole(self) -> bytes:
        """Return all until the end, which the last request has asked for."""
        pieces: list[bytes] = []
        try:
            self._take(pieces)
        except TimeoutError as error:
            raise Fault(f"neither an answer nor an end behind {pieces!r:.500}") from error
        except OSError:
            pass
        finally:
            self._socket.close()
        return b"".join(pieces)

    def _take(self, pieces: list[bytes]) -> bool:
        while piece := self._socket.recv(2**18):
            pieces.append(piece)
        return True


def parsed(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give status and body of answers one after another; the bodies are as long as they say."""
    at = 0
    while at < len(data):
        head = HEAD.match(data, at)
        if head is None:
            raise Fault(f"no answer: {data[at : at + 200]!r}")
        status, at = int(head[1]), head.end()
        length = LENGTH.search(head[2])
        if status < 200 or status in (204, 304):
            size = 0
        elif length is not None:
            size = int(length[1])
        elif CHUNKED.search(head[2]):
            size = data.index(b"0\r\n\r\n", at) + 5 - at
        else:
            size = len(data) - at
        if status >= 200:
            yield status, data[at : at + size]
        at += size


def ask(port: int, maker: Maker, wanted: bytes, tally: Tally, until: int) -> None:
    """Send until the tally says enough; answers are read a few connections later."""
    open_now: collections.deque[tuple[Connection, list[bytes], list[bool] | None]] = collections.deque()
    while tally.examples < until or open_now:
        if tally.examples < until and len(open_now) < AHEAD:
            connection = Connection(port)
            good: list[bool] | None = None
            if maker.random.randrange(BROKEN_SHARE + 1):
                pieces = maker.broken()
            else:
                made = [maker.sound() for _ in range(TOGETHER)]
                pieces, good = [b"".join([*[each.data for each in made], LAST])], [*[each.good for each in made], False]
            open_now.append((connection, pieces, good))
            connection.send(pieces)
            continue
        connection, pieces, good = open_now.popleft()
        try:
            _judge(connection.answers() if good is None else connection.whole(), good, wanted, tally)
        except Fault as fault:
            raise Fault(f"{fault}\nsent: {pieces!r}") from None


def _judge(data: bytes, good: list[bool] | None, wanted: bytes, tally: Tally) -> None:
    if good is None:
        statuses = [int(each) for each in re.findall(rb"HTTP/1\.1 ([2-5]\d\d) [A-Z]", data)]
        tally.closed += not statuses
    else:
        answers = list(parsed(data))
        statuses = [status for status, _ in answers]
        if len(answers) > len(good):
            raise Fault(f"{len(answers)} answers to {len(good)} requests")
        for (status, body), is_good in zip(answers, good, strict=False):
            if is_good and (status, body) != (200, wanted):
                raise Fault(f"a good request got {status} {body[:200]!r}")
            tally.right += is_good
    tally.statuses.update(statuses)
    if BAD & set(statuses):
        raise Fault(f"the statuses {statuses}: {data[-500:]!r}")


def rss_mb(process: serving.Process) -> float:
    status = Path(f"/proc/{process.popen.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


def fuzz(door: str, examples: int, seed: int, root: Path) -> Tally:
    """Send so many to a process of its own; raises `Fault`."""
    options = ("--grpc-port", "0") if door == "grpc" else ("--door", door)
    tally = Tally()
    keys = ("--admin-keys-file", str(serving.operators(root)))
    with serving.process(root / "models", root, *OPTIONS, *keys, *options) as process:
        assert process.address
        early_mb, began = 0.0, time.monotonic()
        for part in range(1, 9):
            until = examples * part // 8
            if door == "grpc":
                from tests.fuzz import rpc

                rpc.fuzz(process.wait_for(r"grpc://(\S+)")[1], until - tally.examples, seed * 8 + part, tally.statuses)
            else:
                _http(process, Maker(seed * 8 + part), tally, until)
            early_mb = early_mb or rss_mb(process)
            print(f"{door:9}{tally.examples:>10,}{tally.examples / (time.monotonic() - began):>8,.0f}/s", flush=True)
        late_mb = rss_mb(process)
        if process.stop():
            raise Fault(f"the process ended with {process.popen.returncode}")
        _check(process.complaints(), early_mb, late_mb)
    statuses = dict(sorted(tally.statuses.items()))
    print(f"{door}: {tally.right:,} good ones answered right, {tally.closed:,} connections closed; {statuses}")
    print(f"{door}: {early_mb:.0f} MB after an eighth, {late_mb:.0f} MB at the end", flush=True)
    return tally


def _http(process: serving.Process, maker: Maker, tally: Tally, until: int) -> None:
    first = Connection(process.port)
    first.send([GOOD.data, LAST])
    (status, wanted), _ = parsed(first.whole())
    if status != 200:
        raise Fault(f"a good request got {status} {wanted!r}")
    ask(process.port, maker, wanted, tally, until)


def _check(said: str, early_mb: float, late_mb: float) -> None:
    if strange := [line for line in said.splitlines() if not line.startswith("{") or _is_fault(json.loads(line))]:
        raise Fault("in the log: " + "\n".join(strange[:20]))
    if late_mb > GROWTH * early_mb + GROWTH_MB:
        raise Fault(f"memory grew from {early_mb:.0f} to {late_mb:.0f} MB")


def _is_fault(line: dict[str, Any]) -> bool:
    """Say whether a line tells of something that should not be; deadlines are the caller's."""
    return line["level"] in ("error", "critical") and line.get("status") != 504


def write_models(root: Path) -> None:
    tiny.write(root, tiny.Tiny(scale=0.01))
    bare.write(root, "add_sub", bare.add_sub("INT32"))
    bare.write(root, "identity_BYTES", bare.identity("BYTES"))


def main() -> int:
    """Fuzz, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.wire", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--examples", type=int, default=1_000_000, help="of all doors together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--door", action="append", choices=("protocol", "asgi", "grpc"), help="all of them by default")
    parser.add_argument("--tally", type=Path, help="a file to which what was done is added")
    parser.add_argument("--sum", type=Path, help="print the sum of such a file and do nothing else")
    asked = parser.parse_args()
    if asked.sum:
        done = [json.loads(line) for line in asked.sum.read_text().splitlines()]
        print(f"{sum(each['examples'] for each in done):,} in {len(done)} parts")
        return 0
    doors = asked.door or ["protocol", "asgi", "grpc"]
    for door in doors:
        with tempfile.TemporaryDirectory(prefix="slipway-fuzz-") as name:
            write_models(Path(name) / "models")
            try:
                tally = fuzz(door, asked.examples // len(doors), asked.seed, Path(name))
            except (Fault, AssertionError) as fault:
                print(f"{door}, seed {asked.seed}: {fault}", file=sys.stderr)
                return 1
        if asked.tally:
            with asked.tally.open("a") as file:
                file.write(json.dumps({"door": door, "seed": asked.seed, "examples": tally.examples}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
