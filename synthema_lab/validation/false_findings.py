"""How often does a synthetic table show an effect where there is none?

The outcome is permuted over the patients, so that no covariate has to do with it. The
generator is fitted on that table, and each covariate is tested in the synthetic one as by
a reader who takes its rows for patients: the log-rank test, or its score test for a
number. Patients give alpha. A synthetic table repeats the chance of the patients and adds
its own: at 0.05, as many rows drawn independently from the patients give 0.17 (Raab,
Nowok and Dibben 2016). A generator that draws its rows evenly adds little by drawing and
stays near alpha; privacy noise adds to that, and most where a group is rare. A
generator that lets weak ties go gives alpha or less. All tests on a table see the same fit,
hence the interval over repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused

from .admission import admit_real, listed
from .bootstrap import clopper_pearson
from .columns import MISSING, Columns, read_columns
from .covariates import Covariate, plan_covariates
from .metric import NAN, Metric
from .progress import Progress, progress_of
from .refitting import Fit, refitted, settled

FEWEST_REPEATS, FEWEST_EVENTS = 5, 10
PERMUTATIONS = 200


@dataclass(frozen=True)
class FalseFindings:
    """How often tests found what was not there.

    Parameters
    ----------
    share, low, high : float
        Share of tests with p below alpha, and its 95% interval, clustered by repeat.
    real : float
        The same share in 200 permuted tables of the real patients, or in `repeats` if more.
    alpha : float
        The level of the tests.
    table : DataFrame
        One row a covariate, its shares and an exact interval over repeats.
    outcome : tuple of str
        What was permuted together.
    repeats, refused, tests, rows : int
        Fits used, fits that the generator refused, tests made, and rows of a table.
    why : str
        Why there is no result, if there is none.
    """

    share: float = NAN
    low: float = NAN
    high: float = NAN
    real: float = NAN
    alpha: float = 0.05
    table: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False, compare=False)
    outcome: tuple[str, ...] = ()
    repeats: int = 0
    refused: int = 0
    tests: int = 0
    rows: int = 0
    why: str = ""

    @property
    def note(self) -> str:
        """What a reader must know, or why there is no value."""
        if self.why:
            return self.why
        refused = f" (the generator refused {self.refused} more)" if self.refused else ""
        return (
            f"{self.tests} tests of {len(self.table)} covariates in {self.repeats} fits{refused} "
            f"to patients with a permuted outcome ({listed(self.outcome)}), {self.rows} rows "
            f"each; permuted real patients give {self.real:.3f}, and as many rows drawn "
            f"independently from them would give {self.redrawn:.3f}, as their chance and that of "
            "the draw add up, to which privacy noise adds; "
            "tests on one table see the same fit, hence an interval over fits; no floor, since "
            "independent marginals have no effect to keep"
        )

    @property
    def redrawn(self) -> float:
        """The share that resampled patients give: a normal deviate of twice the variance."""
        from scipy.special import erfc, ndtri

        return float(erfc(-ndtri(self.alpha / 2) / 2))

    @property
    def metric(self) -> Metric:
        """The share as a metric, for `Validation.with_metrics`."""
        return Metric(
            "utility", "type_one_error", "False findings where there is no effect", self.alpha,
            (0.0, 1.0), self.share, self.low, self.high, NAN, self.real, "1", self.rows, self.note,
        )  # fmt: skip

    def __str__(self) -> str:
        return str(self.metric) if self.why else f"{self.metric}\n{self.note}"


def false_findings(
    fit: Fit, patients: pd.DataFrame, dictionary: DataDictionary, *, repeats: int = 20,
    alpha: float = 0.05, outcome: Sequence[str] | None = None, seed: int = 0,
    progress: Progress | bool | None = None,
) -> FalseFindings:  # fmt: skip
    """Fit a generator on patients with a permuted outcome, and test every covariate.

    Parameters
    ----------
    fit : callable
        ``fit(table, seed) -> synthetic table``, of as many rows; of more, as many are
        tested, drawn at random.
    patients : DataFrame
        Real patients with survival time and event.
    dictionary : DataDictionary
        Its covariates of survival are tested, or every variable where it names none.
    repeats : int
        Permutations, at least 5; each costs a fit.
    alpha : float
        Level of a test, between 0 and 0.5.
    outcome : sequence of str, optional
        Variables permuted together with time and event; see `outcome_of`.
    seed : int
        Fixes permutations and the seeds that `fit` gets. Privacy noise has no seed.
    progress : callable, bool, optional
        As in `shadow_attack`, one step a repeat.

    Returns
    -------
    FalseFindings
        With a reason instead of a value where there is nothing to test.

    Raises
    ------
    ArgumentRefused, DataMismatch
        As in `shadow_attack`.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort = load_cohort("leuksurv")
    >>> found = false_findings(lambda table, seed: table, cohort.patients, cohort.dictionary)
    >>> found.low < 0.05 < found.high
    True
    """
    variables = admit_real(patients, None, dictionary)
    columns = read_columns(patients, dictionary, variables)
    settled(fit, columns.rows, 1, repeats, seed, FEWEST_REPEATS)
    if not 0 < alpha < 0.5 or not set(outcome or ()) <= set(variables):
        raise ArgumentRefused(
            "The level or the outcome cannot be used.", "A level between 0 and 0.5, and "
            "variables of the table.", "Use alpha=0.05, and leave outcome out.",
        )  # fmt: skip
    if dictionary.survival is None or not columns.has_survival:
        return FalseFindings(why="the tables hold no survival time and event", alpha=alpha)
    permuted = outcome_of(dictionary, variables, outcome)
    plan = [
        one for one in plan_covariates(columns, dictionary).covariates
        if one.kind != "missing" and one.variable not in permuted
    ]  # fmt: skip
    if not plan or np.nansum(columns.event) < FEWEST_EVENTS:
        why = f"no covariate varies enough to be tested, or fewer than {FEWEST_EVENTS} events"
        return FalseFindings(why=why, alpha=alpha)
    worlds = range(max(repeats, PERMUTATIONS))
    orders = [np.random.default_rng([seed, one]).permutation(columns.rows) for one in worlds]
    own = _design(plan, columns)
    real = [score_tests(own, columns.time[order], columns.event[order]) for order in orders]
    conformed, found, rows = dictionary.conform(patients), [], columns.rows
    with progress_of(progress) as said:
        for number, order in enumerate(orders[:repeats]):
            said(number, repeats, f"permuted outcome {number + 1} of {repeats}")
            moved = {name: conformed[name].array[order] for name in permuted}
            table = dictionary.derive(conformed.assign(**moved))[conformed.columns]
            rng = np.random.default_rng([seed, number, 1])
            synthetic = refitted(fit, table.reset_index(drop=True), rng, variables, dictionary)
            if synthetic is None:
                continue
            synthetic = synthetic.iloc[rng.permutation(len(synthetic))[: columns.rows]]
            read = read_columns(synthetic, dictionary, variables)
            found.append(score_tests(_design(plan, read), read.time, read.event))
            rows = min(rows, read.rows)
        said(repeats, repeats, "permuted outcomes")
    refused = repeats - len(found)
    if len(found) < FEWEST_REPEATS:
        why = f"the generator refused {refused} of {repeats} permuted tables"
        return FalseFindings(why=why, alpha=alpha, refused=refused)
    judged = _summed(plan, np.array(found), np.array(real), alpha)
    return replace(judged, outcome=permuted, repeats=len(found), refused=refused, rows=rows)


def outcome_of(
    dictionary: DataDictionary, variables: Sequence[str], named: Sequence[str] | None = None
) -> tuple[str, ...]:
    """The variables of a table that are outcome: time, event, and `named`.

    Where none is named but the dictionary names the covariates of survival, also all
    others that a rule ties to time or event, or to what is so tied: a day of relapse.

    Examples
    --------
    >>> aml = DataDictionary.load("aml")
    >>> outcome_of(aml, ("sex", "mut_NPM1", "relapse_day", "os_days", "os_event"))
    ('relapse_day', 'os_days', 'os_event')
    """
    survival = dictionary.survival
    found = {survival.time, survival.event, *(named or ())}
    if named is None and survival.covariates:
        free = set(variables) - set(survival.covariates)
        tied = [dictionary.rests_on(rule.inputs) & free for rule in dictionary.rules]
        while any(group & found and not group <= found for group in tied):
            found = found.union(*(group for group in tied if group & found))
    return tuple(name for name in variables if name in found)


def score_tests(design: np.ndarray, time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Two-sided p-value of each covariate by itself: log-rank, for a number its score test.

    Parameters
    ----------
    design : ndarray, shape (rows, covariates)
        Not a number where a row is left out of a test; so is what cannot be tested.
    time, event : ndarray, shape (rows,)

    Examples
    --------
    >>> score_tests(np.repeat([[0.0], [1.0]], 4, axis=0), np.arange(8.0), np.ones(8)).round(3)
    array([0.007])
    """
    from scipy.special import erfc

    known = np.isfinite(time) & np.isfinite(event)
    order = np.flatnonzero(known)[np.argsort(time[known], kind="stable")]
    time, dead, there = time[order], event[order] > 0, np.isfinite(design[order])
    values = np.where(there, design[order], 0.0)
    moments, which = np.unique(time[dead], return_inverse=True)
    first = np.searchsorted(time, moments, side="left")
    rows, total, squares = (
        np.cumsum(part[::-1], axis=0)[::-1][first] for part in (there, values, values**2)
    )
    deaths = np.zeros(rows.shape)
    np.add.at(deaths, which, there[dead])
    mean = total / np.maximum(rows, 1)
    spread = np.maximum(squares / np.maximum(rows, 1) - mean**2, 0.0)
    score = values[dead].sum(axis=0) - (deaths * mean).sum(axis=0)
    variance = (deaths * (rows - deaths) / np.maximum(rows - 1, 1) * spread).sum(axis=0)
    variance[variance < 1e-9] = np.nan
    return erfc(np.abs(score) / np.sqrt(2 * variance))


def _design(covariates: Sequence[Covariate], columns: Columns) -> np.ndarray:
    """Numbers without gaps filled; a level against the commonest, other levels left out."""
    found = np.full((columns.rows, len(covariates)), np.nan)
    for place, one in enumerate(covariates):
        if one.kind == "number":
            found[:, place] = (columns.numeric[one.variable] - one.centre) / one.scale
            continue
        codes = columns.coded[one.variable]
        others = [two.level for two in covariates if two.variable == one.variable]
        asked = (codes == one.level) | ~np.isin(codes, [*others, MISSING])
        found[asked, place] = codes[asked] == one.level
    return found


def _summed(
    covariates: Sequence[Covariate], found: np.ndarray, real: np.ndarray, alpha: float
) -> FalseFindings:
    """Shares of p-values below alpha; the interval of Korn and Graubard (1998) over repeats."""
    from scipy.special import stdtrit

    tested, hits = np.isfinite(found), found < alpha
    tests, repeats, each = int(tested.sum()), len(found), tested.sum(axis=0)
    if not tests:
        return FalseFindings(why="no covariate varies in a synthetic table", alpha=alpha)
    share = float(hits.sum() / tests)
    apart = ((hits - share) * tested).sum(axis=1)
    variance = repeats / (repeats - 1) * float((apart**2).sum()) / tests**2
    worth = min(tests, share * (1 - share) / variance) if variance > 0 else repeats
    worth *= (stdtrit(max(tests - 1, 1), 0.975) / stdtrit(repeats - 1, 0.975)) ** 2
    low, high = clopper_pearson(share * worth, worth)
    limits = [clopper_pearson(int(h), int(n)) for h, n in zip(hits.sum(axis=0), each, strict=True)]
    table = pd.DataFrame(
        {
            "variable": [one.variable for one in covariates],
            "contrast": [one.label for one in covariates],
            "share": np.where(each > 0, hits.sum(axis=0) / np.maximum(each, 1), np.nan),
            "low": [low for low, _ in limits],
            "high": [high for _, high in limits],
            "real": (real < alpha).mean(axis=0),
            "tests": each,
        }
    )
    return FalseFindings(share, low, high, float((real < alpha).mean()), alpha, table, tests=tests)
