"""Head and body in one packet, and nothing held for longer than a turn of the loop."""

import asyncio
from typing import Any

import pytest

from app.transport.write_coalescing import JOIN_MAX_BYTES, PASSED_ON, Packets, Turn

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Recorder(asyncio.Transport):
    """Keeps what it was told to do."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[Any] = []
        self.gone = False

    def is_closing(self) -> bool:
        return self.gone

    def write(self, data: Any) -> None:
        self.done.append(bytes(data))

    def write_eof(self) -> None:
        self.done.append("eof")

    def close(self) -> None:
        self.done.append("closed")


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def packets(recorder: Recorder) -> Packets:
    return Packets(recorder, Turn(asyncio.get_running_loop()))


async def test_a_body_goes_with_its_head(packets: Packets, recorder: Recorder) -> None:
    """Also an empty one; and the next answer begins anew."""
    for body in (b"{}", b""):
        packets.write(HEAD)
        assert not recorder.done
        packets.write(body)
        assert recorder.done == [HEAD + body]
        recorder.done.clear()
    await asyncio.sleep(0)
    assert not recorder.done


async def test_a_head_alone_goes_when_the_loop_has_turned(packets: Packets, recorder: Recorder) -> None:
    """A stream whose first piece takes its time; what follows is not held."""
    packets.write(HEAD)
    await asyncio.sleep(0)
    assert recorder.done == [HEAD]
    packets.write(b"piece")
    packets.writelines([b"an", b"other"])
    assert recorder.done == [HEAD, b"piece", b"another"]


async def test_heads_of_one_turn_go_together() -> None:
    """Whoever began an answer in it, and whoever does in the next."""
    turn = Turn(asyncio.get_running_loop())
    recorders = [Recorder() for _ in range(3)]
    several = [Packets(recorder, turn) for recorder in recorders]
    for packets in several:
        packets.write(HEAD)
    several[1].write(b"{}")
    await asyncio.sleep(0)
    assert [recorder.done for recorder in recorders] == [[HEAD], [HEAD + b"{}"], [HEAD]]
    several[0].write(HEAD)
    await asyncio.sleep(0)
    assert recorders[0].done == [HEAD, HEAD]


async def test_a_large_body_is_not_copied(packets: Packets, recorder: Recorder) -> None:
    """It goes behind its head, in order."""
    body = b"x" * (JOIN_MAX_BYTES + 1)
    packets.write(HEAD)
    packets.write(body)
    assert recorder.done == [HEAD, body]


@pytest.mark.parametrize(("end", "said"), [("close", "closed"), ("write_eof", "eof")])
async def test_what_is_held_goes_out_before_the_end(packets: Packets, recorder: Recorder, end: str, said: str) -> None:
    """An answer without a body, on a connection that is not kept."""
    packets.write(HEAD)
    getattr(packets, end)()
    assert recorder.done == [HEAD, said]


async def test_nothing_is_sent_to_a_client_that_has_left(packets: Packets, recorder: Recorder) -> None:
    """Its transport would refuse it, and the log would have a traceback."""
    packets.write(HEAD)
    recorder.gone = True
    await asyncio.sleep(0)
    assert not recorder.done


async def test_nor_a_body_behind_its_head(packets: Packets, recorder: Recorder) -> None:
    """uvloop's transport would raise, and the answer of one who left would be an error in the log."""
    packets.write(HEAD)
    recorder.gone = True
    packets.write(b"{}")
    await asyncio.sleep(0)
    assert not recorder.done


async def test_nothing_of_a_transport_is_left_out(packets: Packets, recorder: Recorder) -> None:
    """What Python adds to transports must be passed on, or written here."""
    public = {name for name in dir(asyncio.Transport) if not name.startswith("_")}
    assert public == {*PASSED_ON, "write", "writelines", "write_eof", "close"}
    for name in PASSED_ON:
        assert getattr(packets, name) == getattr(recorder, name)
