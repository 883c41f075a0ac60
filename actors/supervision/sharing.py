"""Prepares a process for forks, so that what they allocate does not unshare its memory.

Linux copies a page when one of the processes that share it writes to it. A new object is placed where memory is free,
also between the objects of the modules, hence into shared pages. `settle` uses this memory up, so that a fork
places its own objects into new pages.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final

from actors import host

# CPython places objects of up to 512 bytes into pools, each with blocks of one size (Objects/obmalloc.c).
POOL_BYTES: Final = 16 << 10
POOL_HEADER_BYTES: Final = 48
BLOCK_SIZES: Final = range(16, 513, 16)
MAX_POOLS: Final = 16  # of one size

_kept: list[object] = []


@contextmanager
def importing() -> Iterator[None]:
    """Import modules inside without collections of garbage, because hardly any of their objects is garbage."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # else the first collection would examine all of them
        gc.enable()


def settle() -> None:
    """Unmap unused code of libraries, use up the free memory, and exempt the present objects from collections.

    A collection writes to the objects that it examines. The one here examines none: it empties CPython's lists of freed
    objects.

    An entry of the type cache that is replaced writes to the name of the attribute that was looked up before, so the
    cache is emptied. Call this once in a process: what is used up is not freed.
    """
    gc.freeze()
    gc.collect()
    with suppress(OSError):
        host.find_files()
        host.forget_files()
    if sys.implementation.name == "cpython":
        sys._clear_type_cache()
    for size in BLOCK_SIZES:
        _kept.extend(_fill_pools(size))
    with suppress(AttributeError):  # another C library
        host.fill_heap()
    gc.freeze()


def _fill_pools(size: int) -> list[object]:
    """Allocate the free blocks of one size in pools that have others in use; return what holds them."""
    make, blocks = _maker(size), (POOL_BYTES - POOL_HEADER_BYTES) // size
    made: list[object] = []
    for _ in range(MAX_POOLS):
        made += [make() for _ in range(blocks)]
        pools = [id(one) // POOL_BYTES for one in made]
        pool, count = Counter(pools).most_common(1)[0]
        if count == blocks:  # it was empty, so no other was left; what it has is freed, and the pool with it
            return made[: pools.index(pool)]
    return made


def _maker(size: int) -> Callable[[], object]:
    """Return a function that returns a new object of one block, which is not taken from a list of freed objects."""
    small: dict[int, Callable[[], object]] = {16: object, 32: partial(complex, 1.0)}
    return small.get(size, partial(bytes, size - b"".__sizeof__()))
