"""How far is a simulated quantity from its target?

A simulator is told what it should reproduce in one table of targets. Each names
the quantity, its value, where the value comes from and how it is taken off the
patients. `deviations` puts the simulated value with its interval beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import exp, isfinite, log

import pandas as pd

from synthema_lab.errors import ArgumentRefused

Measure = Callable[[pd.DataFrame], tuple[float, float]]

TAGS = {"V": "verified", "C": "computed", "R": "recalled", "A": "assumed"}
KINDS = ("points", "relative", "absolute", "side")
COLUMNS = (
    "quantity", "tag", "target", "simulated", "low", "high", "deviation", "kind", "unit",
    "tolerance", "of_tolerance", "within", "source",
)  # fmt: skip
_NORMAL_975 = 1.959964


@dataclass(frozen=True)
class Target:
    """A quantity that a simulator should reproduce.

    Parameters
    ----------
    quantity : str
        What it is and in whom, as it would stand in a table.
    value : float
        The target, in `unit`.
    unit : str
        ``%`` for shares; UCUM or words otherwise.
    source : str
        Publication, data set or reason.
    tag : {"V", "C", "R", "A"}
        Verified in the source, computed from real data, recalled, assumed.
    measure : callable or float
        Takes the patients (DataFrame) and gives the value and its standard
        error; see `measures`. A number stands for itself, without error.
    tolerance : float
        How far the simulated value may lie from the target; 2 points by default.
    kind : {"points", "relative", "absolute", "side"}
        What a deviation is: percentage points; a share of the target
        (``0.05`` is 5%); the unit itself; or, for ratios, how much of the
        logarithm of the target is not reached, so that below 1 the simulated
        ratio lies on the target's side of 1.

    Raises
    ------
    ArgumentRefused
        If the tag or kind is unknown, or the value or tolerance unusable.

    Examples
    --------
    >>> from synthema_lab.cohorts.simulators.measures import share
    >>> Target("Women", 52.5, "%", "RADeep 2025", "V", share("sex == 'F'")).tolerance
    2.0
    """

    quantity: str
    value: float
    unit: str
    source: str
    tag: str
    measure: Measure | float
    tolerance: float = 2.0
    kind: str = "points"

    def __post_init__(self) -> None:
        if self.tag not in TAGS or self.kind not in KINDS:
            raise ArgumentRefused(
                f"The target {self.quantity!r} has an unknown tag or kind.",
                f"A tag of {', '.join(TAGS)} and a kind of {', '.join(KINDS)}.",
                "As in Target(..., tag='V', kind='points').",
            )
        ratio = self.kind in ("relative", "side")
        if not isfinite(self.value) or not self.tolerance > 0 or (ratio and self.value == 0):
            raise ArgumentRefused(
                f"The target {self.quantity!r} cannot be compared with.",
                "A finite value, not 0 where the deviation is relative, and a tolerance above 0.",
                "Give both in the unit of the quantity; use kind='absolute' about 0.",
            )

    def measured(self, patients: pd.DataFrame) -> tuple[float, float]:
        """The quantity in these patients, and its standard error."""
        if callable(self.measure):
            value, error = self.measure(patients)
            return float(value), float(error)
        return float(self.measure), 0.0

    def interval(self, value: float, error: float) -> tuple[float, float]:
        """95% interval of a measured value; on the logarithm for ratios."""
        if self.kind == "side" and value > 0:
            width = _NORMAL_975 * error / value
            return value * exp(-width), value * exp(width)
        return value - _NORMAL_975 * error, value + _NORMAL_975 * error

    def deviation(self, value: float) -> float:
        """How far a value is from the target, in the measure that `kind` says."""
        if self.kind == "relative":
            return value / self.value - 1
        if self.kind == "side":
            return max(0.0, 1 - log(value) / log(self.value)) if value > 0 else float("inf")
        return value - self.value


def deviations(targets: Iterable[Target], patients: pd.DataFrame) -> pd.DataFrame:
    """Every target beside its simulated value.

    Parameters
    ----------
    targets : iterable of Target
    patients : DataFrame, shape (patients, variables)
        Simulated, complete unless missingness itself is measured.

    Returns
    -------
    DataFrame, one row a target
        ``quantity``, ``tag``, ``target``, ``simulated``, ``low`` and ``high``
        (95% interval of the simulated value: how well this many patients can
        tell), ``deviation`` (measured as ``kind`` says), ``unit``,
        ``tolerance``, ``of_tolerance`` (deviation without sign, divided by the
        tolerance), ``within`` and ``source``.

    Examples
    --------
    >>> from synthema_lab.cohorts.simulators.measures import mean
    >>> patients = pd.DataFrame({"hb_gdl": [7.0, 8.0, 9.0, 8.4]})
    >>> told = Target("Haemoglobin", 8.0, "g/dL", "made up", "A", mean("hb_gdl"), 0.05, "relative")
    >>> table = deviations([told], patients)
    >>> table[["target", "simulated", "deviation", "within"]].round(3).values.tolist()
    [[8.0, 8.1, 0.012, True]]
    """
    rows = []
    for target in targets:
        value, error = target.measured(patients)
        low, high = target.interval(value, error)
        off = target.deviation(value)
        # A side of 1 has no tolerance of its own: below 1 is the right side.
        allowed = 1.0 if target.kind == "side" else target.tolerance
        spent = abs(off) / allowed
        within = spent < 1 if target.kind == "side" else spent <= 1
        row = (target.quantity, target.tag, target.value, value, low, high, off, target.kind)
        rows.append((*row, target.unit, allowed, spent, bool(within), target.source))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def largest(table: pd.DataFrame) -> str:
    """The largest deviation of a table of `deviations`, in one line.

    Examples
    --------
    >>> told = Target("Women", 52.5, "%", "RADeep 2025", "V", 53.0)
    >>> largest(deviations([told], pd.DataFrame()))
    'Women: simulated 53, target 52.5 %, +0.5 points, 0.25 of its tolerance; 1 of 1 within.'
    """
    if table.empty:
        return "Nothing was compared."
    worst = table.loc[table["of_tolerance"].fillna(float("inf")).idxmax()]
    off = {
        "points": f"{worst['deviation']:+.2g} points",
        "relative": f"{100 * worst['deviation']:+.2g}%",
        "absolute": f"{worst['deviation']:+.2g}",
        "side": f"{worst['deviation']:.2g} of the way to no association",
    }[worst["kind"]]
    return (
        f"{worst['quantity']}: simulated {worst['simulated']:.3g}, target {worst['target']:.3g} "
        f"{worst['unit']}, {off}, {worst['of_tolerance']:.2g} of its tolerance; "
        f"{int(table['within'].sum())} of {len(table)} within."
    )
