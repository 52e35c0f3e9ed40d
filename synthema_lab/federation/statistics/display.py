"""How does a federated statistic look in a terminal and in a notebook?"""

from __future__ import annotations

import html
from abc import ABC, abstractmethod

import numpy as np
import pandas as pd

HIDDEN = "hidden"


class Shown(ABC):
    """A result that prints as a title, a table and notes."""

    suppressed: tuple[str, ...] = ()

    @abstractmethod
    def _title(self) -> str:
        """One line on what was asked."""

    @abstractmethod
    def _shown(self) -> pd.DataFrame:
        """The figures as texts."""

    def _notes(self) -> tuple[str, ...]:
        """What to know beside the figures."""
        if not self.suppressed:
            return ()
        return (f"Not shown (too few patients, or they would give such away): {listed(self)}.",)

    def __str__(self) -> str:
        shown = self._shown()
        figures = "  nothing to show" if shown.empty else shown.to_string()
        return "\n".join([self._title(), figures, *self._notes()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        shown = self._shown()
        table = "<p>nothing to show</p>" if shown.empty else shown.to_html(border=0)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self._notes())
        return f"<p><b>{html.escape(self._title())}</b></p>{table}{notes}"


def listed(result: Shown, most: int = 8) -> str:
    """What a result does not show, the first few by name."""
    names = list(result.suppressed)
    more = f"; and {len(names) - most} more" if len(names) > most else ""
    return "; ".join(names[:most]) + more


def text(value: float | None, digits: int = 3) -> str:
    """A number with a few significant digits; "hidden" where there is none.

    Examples
    --------
    >>> text(3.14159), text(None), text(1043), text(float("inf"))
    ('3.14', 'hidden', '1043', 'not reached')
    """
    if value is None:
        return HIDDEN
    if np.isnan(value):
        return ""
    if np.isinf(value):
        return "not reached"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value)}"
    return f"{value:.{digits}g}"


def span(low: float | None, high: float | None, digits: int = 3) -> str:
    """An interval in words.

    Examples
    --------
    >>> span(0.5, 0.75)
    '0.5 to 0.75'
    """
    if low is None or high is None:
        return HIDDEN
    if np.isnan(low) and np.isnan(high):
        return ""
    return f"{text(low, digits)} to {text(high, digits)}"


def with_holes(counts: np.ndarray, hidden: np.ndarray) -> pd.arrays.IntegerArray:
    """Counts as nullable integers, missing (and 0 beneath) where they are hidden."""
    hidden = np.array(hidden, dtype=bool)
    return pd.arrays.IntegerArray(np.where(hidden, 0, counts).astype(np.int64), hidden)
