"""How much is lost when values are generalised and patients left out?

Four customary measures. Non-uniform entropy (Gionis and Tassa 2009): the bits
needed to recover each value from what is told, as a share of all bits of its
variable, averaged over variables; it adds up, which the search relies on.
Discernibility (Bayardo and Agrawal 2005), average class size (LeFevre et al.
2006) and generalisation precision (Sweeney 2002) stand beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class InformationLoss:
    """What generalisation and suppression cost.

    Attributes
    ----------
    entropy : float
        Non-uniform entropy, 0 (nothing lost) to 1 (nothing told).
    discernibility : float
        Sum of squared class sizes, each suppressed patient counted as the whole
        table; divided by the squared number of rows, so 0 to 1.
    average_class : float
        Mean class size over k; 1 is the best that k-anonymity allows.
    precision : float
        1 less the mean height of the levels; 1 is as recorded.
    suppressed_rows : int
    suppressed_cells : int
        Quasi-identifiers that left with those rows.
    by_variable : mapping of str to float
        Non-uniform entropy of each quasi-identifier.
    """

    entropy: float
    discernibility: float
    average_class: float
    precision: float
    suppressed_rows: int
    suppressed_cells: int
    by_variable: Mapping[str, float] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """Columns measure, value, range."""
        rows = [
            ("non-uniform entropy", self.entropy, "0 nothing lost, 1 nothing told"),
            ("discernibility", self.discernibility, "0 to 1, small is good"),
            ("average class size over k", self.average_class, "1 is the best possible"),
            ("precision of generalisation", self.precision, "1 as recorded, 0 nothing told"),
            ("suppressed rows", float(self.suppressed_rows), "rows"),
            ("suppressed cells", float(self.suppressed_cells), "quasi-identifiers of those rows"),
        ]
        return pd.DataFrame(rows, columns=["measure", "value", "range"])

    def __str__(self) -> str:
        return (
            f"information lost {self.entropy:.1%}, precision {self.precision:.2f}, "
            f"{self.suppressed_rows} rows suppressed"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self))}</p>{self.table().to_html(index=False, border=0)}"


def bits_lost(original: np.ndarray, general: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Bits needed to tell each row's original value once its general one is known.

    Parameters
    ----------
    original, general : ndarray of int64, shape (rows,)
        Codes from 0; `general` is a function of `original`.
    weights : ndarray of int64, shape (rows,)
        How many patients a row stands for.

    Examples
    --------
    >>> one = np.ones(4, dtype=int)
    >>> bits_lost(np.array([0, 1, 2, 2]), np.array([0, 0, 1, 1]), one).tolist()
    [1.0, 1.0, 0.0, 0.0]
    """
    fine = np.bincount(original, weights=weights)[original]
    coarse = np.bincount(general, weights=weights)[general]
    return np.log2(coarse / fine)


def information_loss(
    original: Mapping[str, np.ndarray],
    general: Mapping[str, np.ndarray],
    kept: np.ndarray,
    sizes: np.ndarray,
    heights: Sequence[tuple[int, int]],
    k: int,
    importance: Mapping[str, float] | None = None,
) -> InformationLoss:
    """All four measures of a generalised table.

    Parameters
    ----------
    original, general : mapping of name to ndarray of int64, shape (rows,)
        Codes of each quasi-identifier before and after, of all rows.
    kept : ndarray of bool, shape (rows,)
        False where a patient was left out.
    sizes : ndarray of int64
        Sizes of the classes of the kept rows.
    heights : sequence of (level, top)
    k : int
    importance : mapping of str to float, optional
        How much each quasi-identifier counts in the mean; 1 where it is not named.
    """
    rows = len(kept)
    one = np.ones(rows, dtype=np.int64)
    shares: dict[str, float] = {}
    for name, codes in original.items():
        all_bits = bits_lost(codes, np.zeros(rows, dtype=np.int64), one)
        here = np.where(kept, bits_lost(codes, general[name], one), all_bits)
        shares[name] = float(here.sum() / all_bits.sum()) if all_bits.any() else 0.0
    counts = [float((importance or {}).get(name, 1.0)) for name in original]
    suppressed = int((~kept).sum())
    share_kept = 1 - suppressed / max(1, rows)
    steps = [1 - level / top if top else 1.0 for level, top in heights]
    return InformationLoss(
        entropy=float(np.average(list(shares.values()), weights=counts)) if shares else 0.0,
        discernibility=float((sizes.astype(float) ** 2).sum() + suppressed * rows)
        / max(1, rows) ** 2,
        average_class=float(sizes.mean()) / k if sizes.size else 0.0,
        precision=share_kept * (float(np.mean(steps)) if steps else 1.0),
        suppressed_rows=suppressed,
        suppressed_cells=suppressed * len(original),
        by_variable=shares,
    )
