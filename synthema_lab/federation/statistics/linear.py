"""Which linear regression would the pooled patients give?

From sums of products alone: one site's local part is the upper triangle of
``Z'Z`` with ``Z = [1, covariates, outcome]``, all on the public scale of
`design`. Ordinary least squares, its standard errors, t intervals and R squared
are functions of the sum. What is opened are two vectors: counts at each level,
and that triangle. For two indicators it holds how many patients have both,
which may be few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ...errors import ArgumentRefused
from .coding import coded, numbers
from .coefficients import coefficient_table, intervals, p_text
from .consortium import Consortium
from .design import Design, declared, limits, plan_design
from .disclosure import shown_count
from .display import Shown, text
from .newton import collinear, flat_columns
from .packing import symmetric, upper
from .standard import NARROWEST
from .support import Support, count_support, refuse_small_levels
from .unfitted import NoiseUnsupported, TooFewPatients

FEWEST_DEGREES = 10
FEWEST_EACH = 5


@dataclass(frozen=True, eq=False, repr=False)
class LinearFit(Shown):
    """A fitted linear regression.

    Attributes
    ----------
    outcome : str
    design : Design
    table : DataFrame
        By covariate, the intercept first: label, coefficient, standard_error, low, high
        (95% t interval), p. In the outcome's unit, per unit of the covariate.
    patients : int
        Complete cases.
    left_out : int or None
        Patients who lack a value; None where the number may not be shown.
    degrees : int
        Degrees of freedom of the residuals.
    r_squared, residual_sd : float
    condition : float
        Condition number of the correlations of the covariates; 1 if unrelated.
    encoding_error : numpy.ndarray, shape (coefficients,)
        How far each coefficient can be from that of the pooled patients because
        sums travel as whole steps.
    """

    outcome: str
    design: Design
    table: pd.DataFrame
    patients: int
    left_out: int | None
    degrees: int
    r_squared: float
    residual_sd: float
    condition: float
    encoding_error: np.ndarray

    def _title(self) -> str:
        return f"Linear regression of {self.outcome}"

    def _shown(self) -> pd.DataFrame:
        table = self.table
        return pd.DataFrame(
            {
                "coefficient": [f"{slope:.4g}" for slope in table["coefficient"]],
                "95% interval": intervals(table["low"], table["high"], ".4g"),
                "SE": [f"{error:.3g}" for error in table["standard_error"]],
                "p": [p_text(p) for p in table["p"]],
            },
            index=list(table["label"]),
        )

    def _notes(self) -> tuple[str, ...]:
        return (
            f"{self.patients} patients; left out for a missing value: {text(self.left_out)}.",
            f"R squared {self.r_squared:.3f}; residual SD {self.residual_sd:.4g} with "
            f"{self.degrees} degrees of freedom.",
        )


def linear_regression(
    consortium: Consortium,
    outcome: str,
    covariates: Sequence[str],
    *,
    where: str | None = None,
    references: Mapping[str, str] | None = None,
    per: Mapping[str, float] | None = None,
) -> LinearFit:
    """Ordinary least squares over all sites' complete cases.

    Parameters
    ----------
    consortium : Consortium
        Without noise.
    outcome : str
        A number with hard limits in the dictionary.
    covariates : sequence of str
        Numbers with hard limits, categories and booleans.
    where : str, optional
        A condition in the dictionary's rule language.
    references, per : mapping, optional
        See `plan_design`: reference levels, and units to report for.

    Returns
    -------
    LinearFit
        The pooled fit within `encoding_error`.

    Raises
    ------
    NoiseUnsupported, ArgumentRefused
        If noise is asked for, or a variable cannot be used.
    GroupTooSmall
        If a level has fewer patients than may be shown.
    TooFewPatients
        With fewer than 10 degrees of freedom of the residuals, or 5 patients a coefficient.
    CollinearDesign
        If columns are constant or follow from others; it names them.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort = load_cohort("leuksurv")
    >>> consortium = Consortium(cohort.sites(), cohort.dictionary)
    >>> print(linear_regression(consortium, "age_years", ["sex"]))
    Linear regression of age_years
                        coefficient     95% interval     SE       p
    Intercept                 60.98   59.36 to 62.59  0.824  <0.001
    Sex: male vs female     -0.4806  -2.712 to 1.751   1.14   0.673
    1043 patients; left out for a missing value: 0.
    R squared 0.000; residual SD 18.34 with 1041 degrees of freedom.
    """
    if consortium.noise is not None:
        raise NoiseUnsupported(
            "A linear regression with noise was asked for.",
            "A consortium without noise: noise on the products would enter the standard errors, "
            "and the intervals shown would be too narrow.",
            "Use Consortium(sites, dictionary) without noise=.",
        )
    variable = declared(consortium.dictionary, outcome)
    if not variable.numeric:
        raise ArgumentRefused(
            f"{outcome} is of type {variable.type} and cannot be the outcome.",
            "A number with hard limits.",
            "Choose a number or an integer of the dictionary.",
        )
    centre, half_width = limits(variable)
    design = plan_design(consortium.dictionary, covariates, references, per, taken=(outcome,))
    purpose = f"linear regression of {outcome}" + (f" where {where}" if where else "")
    support = count_support(consortium, design, (outcome,), where, purpose)
    size = len(design.columns) + 1
    fewest = max(size + FEWEST_DEGREES, FEWEST_EACH * size)
    if support.patients < fewest:
        raise TooFewPatients(
            f"Too few patients have all variables for {size} coefficients.",
            f"At least {fewest}: {FEWEST_DEGREES} more than coefficients and {FEWEST_EACH} for "
            "each, so that sums of products cannot be solved for the patients.",
            "Leave out covariates, or add sites.",
        )
    refuse_small_levels(support, design, consortium.smallest_cell)

    def local(patients: pd.DataFrame) -> np.ndarray:
        scaled = (numbers(patients[outcome], variable) - centre) / half_width
        return products(coded(patients, design), scaled)

    opened = consortium.sum(
        f"{purpose}: sums of products of {size} covariates and the outcome",
        local,
        variables=(*design.variables, outcome),
        where=where,
        clip=float(support.patients),
    )
    error = float(np.max(consortium.opened[-1].error))
    left_out = shown_count(support.left_out, consortium.smallest_cell, consortium.zeroed)
    return _reported(outcome, design, support, left_out, opened, error, centre, half_width)


def products(covariates: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """The upper triangle of ``Z'Z``, ``Z = [1, covariates, outcome]``: the local part.

    Examples
    --------
    >>> products(np.array([[1.0], [3.0]]), np.array([2.0, 4.0])).tolist()
    [2.0, 4.0, 6.0, 10.0, 14.0, 20.0]
    """
    together = np.column_stack([np.ones(len(covariates)), covariates, outcome])
    return upper(together.T @ together)


def _reported(
    outcome: str,
    design: Design,
    support: Support,
    left_out: int | None,
    opened: np.ndarray,
    error: float,
    centre: float,
    half_width: float,
) -> LinearFit:
    """The opened part: solve on the public scale, then go back to the variables' units."""
    size = len(design.columns) + 1
    moments = symmetric(opened, size + 1)
    patients = moments[0, 0]
    means = moments[0] / patients
    about = moments - patients * np.outer(means, means)
    spread = about[1:size, 1:size]
    flat = flat_columns(spread, design.names, NARROWEST**2 * patients)
    if flat:
        raise collinear(flat)
    root = np.sqrt(np.diag(spread))
    condition = float(np.linalg.cond(spread / np.outer(root, root)))
    slopes = np.linalg.solve(spread, about[1:size, size])
    residual = max(float(about[size, size] - slopes @ about[1:size, size]), 0.0)
    degrees = support.patients - size
    inverse = np.linalg.inv(moments[:size, :size])
    scaled = np.r_[means[size] - slopes @ means[1:size], slopes]
    bound = _solution_error(inverse, scaled, error)
    back = _to_units(design, centre, half_width)
    estimate = back @ scaled + np.r_[centre, np.zeros(size - 1)]
    covariance = back @ inverse @ back.T * residual / degrees
    standard_error = np.sqrt(np.diag(covariance))
    t = np.divide(estimate, standard_error, out=np.full(size, np.inf), where=standard_error > 0)
    return LinearFit(
        outcome,
        design,
        coefficient_table(
            ["Intercept", *(column.label for column in design.columns)],
            ["intercept", *design.names],
            estimate,
            standard_error,
            float(stats.t.ppf(0.975, degrees)),
            2 * stats.t.sf(np.abs(t), degrees),
        ),
        support.patients,
        left_out,
        degrees,
        1.0 - residual / float(about[size, size]) if about[size, size] > 0 else 0.0,
        half_width * float(np.sqrt(residual / degrees)),
        condition,
        np.abs(back).sum(axis=1) * bound,
    )


def _to_units(design: Design, centre: float, half_width: float) -> np.ndarray:
    """The matrix that takes coefficients on the public scale to those in units.

    With ``x' = (x - c) / h`` the slope per `per` units is ``slope * per / h`` and
    the intercept loses ``slope * c / h``; all times the outcome's half width.
    """
    back = np.diag(np.r_[1.0, design.units])
    back[0, 1:] = [-column.centre / column.half_width for column in design.columns]
    return half_width * back


def _solution_error(inverse: np.ndarray, solution: np.ndarray, error: float) -> float:
    """How far the solution of the opened equations can be from that of the exact ones.

    The exact matrix differs from the opened one by at most `error` an entry, and
    so does the right side. With K the largest row sum of the inverse's absolute
    values and p unknowns, ``K error (1 + |b|_1) / (1 - K error p)`` bounds the
    difference of any unknown.
    """
    largest = float(np.abs(inverse).sum(axis=1).max())
    room = 1.0 - largest * error * len(solution)
    if room <= 0:
        return float("inf")
    return largest * error * (1.0 + float(np.abs(solution).sum())) / room
