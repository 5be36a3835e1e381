"""What was free goes back to the system, off the loop, when it is worth it and nothing holds it."""

import asyncio
import ctypes
import platform
import threading
from typing import Any

import pytest

from app import cgroup
from app.health import memory_return
from app.health.memory_return import GROWTH_BYTES, HELD_BYTES, MemoryReturn
from tests.support.serving import until


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has `malloc_trim`")
def test_what_is_free_goes_back() -> None:
    """The last block of many keeps the heap from shrinking by itself."""
    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    library.free.argtypes = [ctypes.c_void_p]
    blocks = [library.malloc(ctypes.c_size_t(100_000)) for _ in range(1000)]
    for block in blocks:
        ctypes.memset(block, 1, 100_000)
    for block in blocks[:-1]:
        library.free(block)
    before = cgroup.resident_bytes()
    cgroup.return_memory()
    assert before - cgroup.resident_bytes() > 80_000_000
    library.free(blocks[-1])


async def test_it_gives_back_once_when_it_has_grown_and_little_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, int] = {"resident": 100 * GROWTH_BYTES, "held": 0}
    threads: list[Any] = []

    def give() -> None:
        threads.append(threading.current_thread())
        state["resident"] -= GROWTH_BYTES

    monkeypatch.setattr(cgroup, "return_memory", give)
    monkeypatch.setattr(cgroup, "resident_bytes", lambda: state["resident"])
    memory = MemoryReturn(lambda: state["held"])
    memory.look()  # this much is usual
    state["resident"] += GROWTH_BYTES
    memory.look()  # no more than is worth it
    state.update(resident=state["resident"] + 1, held=HELD_BYTES + 1)
    memory.look()  # it is in use
    await asyncio.sleep(0)
    assert not threads
    state["held"] = HELD_BYTES
    memory.look()
    memory.look()
    await until(lambda: len(threads) == 1 and memory._returning is None)
    assert threads[0] is not threading.main_thread()
    state["resident"] += 2 * GROWTH_BYTES
    memory.look()  # so soon
    assert memory._returning is None
    monkeypatch.setattr(memory_return, "monotonic", lambda: memory._next)
    memory.look()
    await until(lambda: len(threads) == 2 and memory._returning is None)
