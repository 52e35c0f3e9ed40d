"""Which generators are compared, under which budgets, and which goals are theirs?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from synthema_lab import generators
from synthema_lab.errors import LabError

REAL, REDRAWN = "real", "real_redrawn"
CEILINGS = (REAL, REDRAWN)


@dataclass(frozen=True)
class Method:
    """One row of the table.

    Attributes
    ----------
    label : str
        As it is printed.
    name : str
        As `synthema_lab.generators.get` knows it; ``"real"`` for held-out patients,
        ``"real_redrawn"`` for them with other numbers inside the same bins.
    epsilon : float or None
    settings : mapping of str to object
        Of the fit.
    most_seeds : int
        A method that takes minutes is fitted on no more seeds than that.
    """

    label: str
    name: str
    epsilon: float | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    most_seeds: int = 100


METHODS = (
    Method("real, held out", REAL),
    Method("real, redrawn in bins", REDRAWN),
    Method("independent", "independent"),
    Method("marginal, no noise", "marginal"),
    Method("marginal, eps 3", "marginal", 3.0),
    Method("marginal, eps 1", "marginal", 1.0),
    Method("trees", "trees"),
    Method("vae, no noise", "vae"),
    Method("vae, eps 3", "vae", 3.0),
    Method("Bayesian network", "synthcity:bayesian_network"),
    Method("ARF", "synthcity:arf"),
    Method("CTGAN, 300 it.", "synthcity:ctgan", None, {"n_iter": 300}, 3),
    Method("TVAE, 300 it.", "synthcity:tvae", None, {"n_iter": 300}, 3),
    Method("DDPM", "synthcity:ddpm", None, {}, 3),
    Method("SurvivalGAN, 300 it.", "synthcity:survival_gan", None, {"n_iter": 300}, 3),
)
"""From the ceiling and the floor to the plug-ins. A plug-in states no privacy."""

GOALS: Mapping[str, Mapping[str, float]] = {
    "trees": {"c2st_auc": 0.70, "log_hr_error": 0.10},
    "marginal, eps 3": {"c2st_auc": 0.75, "log_hr_error": 0.15, "km_gap": 0.03, "c_index": 0.655},
    "marginal, eps 1": {"c2st_auc": 0.84, "log_hr_error": 0.28, "c_index": 0.64},
}
"""On AMLSG: at most so much, and at least so much of the C-index."""


def chosen(names: list[str] | None) -> list[Method]:
    """The rows whose generator is named, in the table's order; all without names.

    Raises
    ------
    SystemExit
        For a name that is in no row.

    Examples
    --------
    >>> [row.label for row in chosen(["trees", "real"])]
    ['real, held out', 'trees']
    """
    known = dict.fromkeys(row.name for row in METHODS)
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise SystemExit(f"No generator {', '.join(unknown)}. There are: {', '.join(known)}.")
    return [row for row in METHODS if names is None or row.name in names]


def why_not_here(name: str) -> str | None:
    """Why a generator cannot be fitted on this machine; None where it can.

    Examples
    --------
    >>> why_not_here("independent") is None, why_not_here("a rumour")
    (True, "There is no generator named 'a rumour'.")
    """
    if name in CEILINGS:
        return None
    try:
        generators.get(name)
    except LabError as error:
        return error.happened
    return None
