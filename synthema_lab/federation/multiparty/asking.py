"""In which session is a question asked, and are the sites' vectors fit to enter it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...secure_aggregation.errors import ValueBeyondClip, VectorRefused
from .parties import Parties, parties


@contextmanager
def session_for(
    vectors: Mapping[str, Any], group: Parties | None, timeout: float
) -> Iterator[Parties]:
    """The caller's session, or one that lasts for this question alone."""
    if group is not None:
        yield group
        return
    with parties(list(vectors), timeout=timeout) as fresh:
        yield fresh


def equal_length(vectors: Mapping[str, np.ndarray]) -> int:
    """The one length of all vectors, at least 1.

    Raises
    ------
    VectorRefused

    Examples
    --------
    >>> equal_length({"north": np.zeros(3), "south": np.zeros(3)})
    3
    """
    lengths = sorted({vector.size for vector in vectors.values()})
    if len(lengths) != 1 or not lengths[0]:
        raise VectorRefused(
            f"The sites' vectors have lengths {', '.join(map(str, lengths)) or 'none'}.",
            "One length, at least 1, at all sites.",
            "Build them from the same cells or model at every site.",
        )
    return lengths[0]


def counts_of(site: str, counts: Any, bound: int) -> np.ndarray:
    """A site's counts as int64, shape (cells,); refused unless whole and from 0 to `bound`.

    Raises
    ------
    VectorRefused, ValueBeyondClip
        Naming the site and how many cells, no value.
    """
    if isinstance(counts, np.ma.MaskedArray):
        raise _not_counts(site)
    try:
        counts = np.asarray(counts)
    except ValueError:  # ragged; its text is not passed on
        counts = np.zeros((0, 0))
    if counts.ndim != 1 or counts.dtype.kind not in "iu":
        raise _not_counts(site)
    outside = int(np.count_nonzero((counts < 0) | (counts > bound)))
    if outside:
        raise ValueBeyondClip(
            f"{outside} counts of {site} are negative or above the bound of {bound}.",
            "Counts from 0 to the bound that all sites agreed on.",
            "Correct the table at the site, or agree on a larger bound=.",
        )
    return counts.astype(np.int64)


def _not_counts(site: str) -> VectorRefused:
    return VectorRefused(
        f"The counts of {site} are no plain vector of whole numbers.",
        "One dimension, an integer type, nothing masked or missing.",
        "Flatten the table and convert it with .astype(int).",
    )
