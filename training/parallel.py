"""Parallel: work that runs at the same time as other work, in threads of this process.

NumPy, scikit-learn, TensorFlow and ONNX Runtime let go of Python's lock while they compute, so threads do, and no table
is copied into another process. It knows nothing about what the work is.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Thread
from typing import TypeVar

from app.cgroup import effective_cpus

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def cores() -> int:
    """Return how many pieces of work can go on at the same time."""
    return max(1, int(effective_cpus()))


def each(work: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Answer]:
    """Yield the answer to each item, in order; an item is taken when a core is about to want it.

    So items may be large, and those that draw random numbers draw them in their order.
    """
    ahead = cores()
    with ThreadPoolExecutor(ahead) as pool:
        waiting: deque[Future[Answer]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class Background(Future[Answer]):
    """A piece of work that goes on in the background; what it raises, it raises where its answer is asked for.

    Its thread does not keep a program alive that ends before, by an error or by Ctrl-C.
    """

    def __init__(self, work: Callable[[], Answer]) -> None:
        super().__init__()
        Thread(target=self._run, args=(work,), name="background", daemon=True).start()

    def wait(self) -> None:
        wait([self])

    def _run(self, work: Callable[[], Answer]) -> None:
        try:
            self.set_result(work())
        except BaseException as error:  # whoever asks for the answer handles it
            self.set_exception(error)
