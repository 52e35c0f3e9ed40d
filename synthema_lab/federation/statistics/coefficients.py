"""How is a fitted regression laid out and printed?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def coefficient_table(
    labels: Sequence[str],
    names: Sequence[str],
    estimate: np.ndarray,
    standard_error: np.ndarray,
    quantile: float,
    p: np.ndarray,
) -> pd.DataFrame:
    """One line a coefficient.

    Parameters
    ----------
    labels, names : sequence of str
    estimate, standard_error, p : numpy.ndarray, shape (columns,)
    quantile : float
        Of the normal or t distribution, for the interval.

    Returns
    -------
    DataFrame
        Indexed by name: label, coefficient, standard_error, low, high, p.
    """
    return pd.DataFrame(
        {
            "label": list(labels),
            "coefficient": estimate,
            "standard_error": standard_error,
            "low": estimate - quantile * standard_error,
            "high": estimate + quantile * standard_error,
            "p": p,
        },
        index=pd.Index(names, name="covariate"),
    )


def p_text(p: float) -> str:
    """A p value as it is printed.

    Examples
    --------
    >>> p_text(0.0312), p_text(1e-9)
    ('0.031', '<0.001')
    """
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def intervals(low: Sequence[float], high: Sequence[float], style: str) -> list[str]:
    """Intervals in words.

    Examples
    --------
    >>> intervals([0.5], [1.25], ".2f")
    ['0.50 to 1.25']
    """
    return [f"{a:{style}} to {b:{style}}" for a, b in zip(low, high, strict=True)]
