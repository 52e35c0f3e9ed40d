"""What does a fitted Cox model say?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from .coefficients import coefficient_table, intervals, p_text
from .cox_question import CUSTOMARY_EVENTS
from .display import Shown, text
from .newton import Maximum
from .standard import Standard
from .support import Support

NEGLIGIBLE = 1e-6
TIES = 'Many tied times pull hazard ratios towards 1; strata="site" needs no grid.'


@dataclass(frozen=True, eq=False, repr=False)
class CoxFit(Shown):
    """A fitted Cox model.

    Attributes
    ----------
    time, event : str
        The outcome's variables.
    table : DataFrame
        By covariate: label, coefficient (log hazard ratio), standard_error, low, high
        (95% Wald interval of the coefficient), p, hazard_ratio, hazard_ratio_low,
        hazard_ratio_high; per unit, or as many units as were asked for.
    covariance : DataFrame
        Of the coefficients: inverse of the observed information.
    patients, events : int
        Complete cases, and those of them with the event.
    left_out : int or None
        Patients who lack a value; None where the number may not be shown.
    log_likelihood, null_log_likelihood : float
        Log partial likelihood at the last opened step and without covariates.
    log_likelihood_error : float
        Bound on the encoding error of the first of them.
    grid : numpy.ndarray or None
        The edges that times were rounded up to; None for times as recorded.
    strata : str or None
    path : DataFrame
        One line an opened step: its log likelihood and coefficients.
    encoding_error : numpy.ndarray, shape (covariates,)
        How far each coefficient can be, to first order, from that of the pooled
        patients because sums travel rounded.
    notes : tuple of str

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.federation.statistics import Consortium, cox
    >>> cohort = load_cohort("leuksurv")
    >>> print(cox(Consortium(cohort.sites(), cohort.dictionary), ["sex"], grid=91.3125))
    Cox regression of os_days
                            HR    95% interval      SE      p
    Sex: male vs female  1.051  0.919 to 1.201  0.0684  0.471
    1043 patients, 860 with the event; left out for a missing value: 0.
    Times rounded up on a grid of 13 intervals. 2 steps were opened.
    Many tied times pull hazard ratios towards 1; strata="site" needs no grid.
    Rounding moves a coefficient by at most 0.01 of its standard error.
    """

    time: str
    event: str
    table: pd.DataFrame
    covariance: pd.DataFrame
    patients: int
    events: int
    left_out: int | None
    log_likelihood: float
    null_log_likelihood: float
    log_likelihood_error: float
    grid: np.ndarray | None
    strata: str | None
    path: pd.DataFrame
    encoding_error: np.ndarray
    notes: tuple[str, ...] = ()

    def _title(self) -> str:
        stratified = f", stratified by {self.strata}" if self.strata else ""
        return f"Cox regression of {self.time}{stratified}"

    def _shown(self) -> pd.DataFrame:
        table = self.table
        return pd.DataFrame(
            {
                "HR": [f"{ratio:.3f}" for ratio in table["hazard_ratio"]],
                "95% interval": intervals(
                    table["hazard_ratio_low"], table["hazard_ratio_high"], ".3f"
                ),
                "SE": [f"{error:.3g}" for error in table["standard_error"]],
                "p": [p_text(p) for p in table["p"]],
            },
            index=list(table["label"]),
        )

    def _notes(self) -> tuple[str, ...]:
        times = "Times as recorded."
        if self.grid is not None:
            times = f"Times rounded up on a grid of {len(self.grid) - 1} intervals."
        share = float(np.max(self.encoding_error / self.table["standard_error"]))
        rounding = f"Rounding moves a coefficient by at most {share:.1g} of its standard error."
        return (
            f"{self.patients} patients, {self.events} with the event; left out for a missing "
            f"value: {text(self.left_out)}.",
            f"{times} {len(self.path)} steps were opened.",
            *((TIES,) if self.grid is not None else ()),
            *((rounding,) if share > NEGLIGIBLE else ()),
            *self.notes,
        )


def reported(
    time: str,
    event: str,
    standard: Standard,
    support: Support,
    left_out: int | None,
    found: Maximum,
    edges: np.ndarray | None,
    strata: str | None,
) -> CoxFit:
    """The opened part: from standard deviations back to the variables' units."""
    design, units = standard.design, standard.to_units
    inverse = np.linalg.inv(found.information)
    covariance = inverse * np.outer(units, units)
    estimate, standard_error = found.beta * units, np.sqrt(np.diag(covariance))
    table = coefficient_table(
        [column.label for column in design.columns],
        design.names,
        estimate,
        standard_error,
        float(stats.norm.ppf(0.975)),
        2 * stats.norm.sf(np.abs(estimate / standard_error)),
    )
    table["hazard_ratio"] = np.exp(table["coefficient"])
    table["hazard_ratio_low"], table["hazard_ratio_high"] = (
        np.exp(table["low"]),
        np.exp(table["high"]),
    )
    path = pd.DataFrame([point.beta * units for point in found.path], columns=list(design.names))
    path.insert(0, "log_likelihood", [point.value for point in found.path])
    path.index = pd.RangeIndex(1, len(path) + 1, name="step")
    notes = ()
    if support.events < CUSTOMARY_EVENTS * len(design.columns):
        notes = (f"Fewer than {CUSTOMARY_EVENTS} events a coefficient: estimates are unsteady.",)
    return CoxFit(
        time,
        event,
        table,
        pd.DataFrame(covariance, index=table.index, columns=list(table.index)),
        support.patients,
        support.events,
        left_out,
        found.value,
        found.start_value,
        found.path[-1].value_error,
        edges,
        strata,
        path,
        np.abs(inverse) @ found.gradient_error * units,
        notes,
    )
