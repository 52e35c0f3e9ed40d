"""How many threads is a step of training worth?

A small step is slower on several: they wait for each other longer than they
work, above all where sites share the cores of one machine (measured: 43 ms of
processor time against 240 for 32 patients and 200,000 parameters on two cores).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .extra import required

SEVERAL_FROM = 1e8
"""Patients of a step times parameters, from which torch's own number is kept."""


@contextmanager
def threads_for(size: float) -> Iterator[None]:
    """One thread within the block for a small step; then as many as before.

    Parameters
    ----------
    size : float
        Patients of a step times parameters.

    Examples
    --------
    >>> import torch
    >>> with threads_for(1000):
    ...     torch.get_num_threads()
    1
    """
    torch = required("torch")
    before = torch.get_num_threads()
    if size >= SEVERAL_FROM or before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
