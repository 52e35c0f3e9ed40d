"""How is work that leaves the interpreter spread over the machine's cores?

Encryption, hashing and addition of long arrays release Python's lock. Nothing
in the protocol depends on it: results are the same on one core.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def count() -> int:
    """How many cores there are."""
    return os.cpu_count() or 1


def spread(work: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
    """Results of `work` for each item, in order; the first error is raised.

    Examples
    --------
    >>> spread(lambda item: item * item, [1, 2, 3])
    [1, 4, 9]
    """
    if len(items) < 2:
        return [work(item) for item in items]
    return list(_threads().map(work, items))


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count(), thread_name_prefix="secure aggregation")


# A forked process has the object but not its threads, and would wait for ever.
os.register_at_fork(after_in_child=_threads.cache_clear)
