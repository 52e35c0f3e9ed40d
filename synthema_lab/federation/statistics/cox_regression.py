"""Which hazard ratios would the pooled patients give?

Cox's proportional hazards model (Cox 1972) with Breslow's handling of ties, on
a public time grid, by Newton's method on secure sums: the fit equals that of
the pooled patients with times rounded up to the same grid.

What is opened, in this order, and all of it listed in ``consortium.opened``:

1. patients and events in all and at each level of a category;
2. without strata: events and exits of each interval of the grid. From them
   intervals are merged (see `merging`), before any sum of covariates is opened,
   so that at least ``smallest_cell`` events are in each, and every difference of
   two risk sets rests on as many patients and on more than can be solved for;
3. sums of the covariates, of their squares, and over patients with the event;
4. at each of at most `max_steps` coefficients, which are public: S0 and S1 of
   each merged interval, and one second moment over all of them, rounded. With
   ``strata="site"`` only likelihood, gradient and information, summed over sites
   whose patients are compared among themselves.

Stratified by site is the better choice for privacy, and where baseline hazards
differ between hospitals; it needs no grid. Without strata patients are compared
across sites too, which a small site needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from .consortium import Consortium
from .cox_fit import CoxFit, reported
from .cox_pooled import PooledLikelihood
from .cox_question import refuse_arguments, refuse_small_cohort, refuse_support
from .cox_strata import StratifiedLikelihood
from .design import Design, plan_design
from .disclosure import shown_count
from .exits import local_exits
from .grid import survival_variables, time_grid
from .merging import merged_intervals
from .newton import maximise
from .standard import standardise
from .support import count_support


def cox(
    consortium: Consortium,
    covariates: Sequence[str],
    grid: float | Sequence[float] | None = None,
    ties: str = "breslow",
    *,
    strata: str | None = None,
    where: str | None = None,
    time: str | None = None,
    event: str | None = None,
    references: Mapping[str, str] | None = None,
    per: Mapping[str, float] | None = None,
    max_steps: int = 10,
    resolution: float = 0.1,
) -> CoxFit:
    """Proportional hazards over all sites' complete cases.

    Parameters
    ----------
    consortium : Consortium
        Without noise.
    covariates : sequence of str
        Numbers with hard limits, categories and booleans.
    grid : float or sequence of float, optional
        Width of the intervals, or all edges from 0, in the unit of time: a time in
        ``(e0, e1]`` counts as e1, and who is followed beyond the last edge is censored
        there. See `time_grid`. If not given: quarters of a year up to the dictionary's
        horizon; with ``strata="site"`` times as recorded.
    ties : {"breslow"}
    strata : {None, "site"}
        Whether each site has its own baseline hazard.
    where : str, optional
        A condition in the dictionary's rule language.
    time, event : str, optional
        The outcome; the dictionary's survival if not given.
    references, per : mapping, optional
        See `plan_design`: reference levels, and units to report for.
    max_steps : int
        Coefficients at which sums may be opened, 2 to 50. Five are usual. More steps
        need larger intervals.
    resolution : float
        Without strata: steps, in patients of mean hazard, to which each site rounds its
        risk-set sums before they are masked; 0 to 1. 0 keeps all digits, and with them
        lattice reduction solves for the patients; see Notes.

    Returns
    -------
    CoxFit
        The pooled fit on the same grid within `encoding_error`. Fewer than 10 events
        a coefficient are noted.

    Raises
    ------
    ArgumentRefused, NoiseUnsupported
        If the question cannot be asked.
    DisclosureRefused
        If the grid is finer than agreed.
    GroupTooSmall
        If a level, a risk set or the cohort is too small to be opened.
    TooFewPatients
        With fewer than 5 events a coefficient.
    CollinearDesign
        If columns are constant or follow from others.
    MonotoneLikelihood
        If a covariate separates those with the event.
    NotConverged
        If `max_steps` are not enough.

    Notes
    -----
    The risk-set sums of one patient show that patient, and so does the difference of
    two risk sets that one patient left in between. Hence the intervals of the grid are
    merged, by a public rule from the opened table of events and exits, until each holds
    `smallest_cell` events and is left by ``2 * max_steps + 1`` patients or more:
    more covariate values than numbers opened about them. `CoxFit.grid` holds the edges
    that remain; the fit is that of the pooled patients on those.

    That alone does not protect. A sum opened to twelve digits at a few coefficients is
    a system of equations in whole numbers (how many of those who left have each value),
    which lattice reduction (LLL) solves: the ages of 21 patients came back exactly
    within seconds. Rounding to a tenth of a patient leaves too few digits for that,
    and moves a coefficient by a small part of its standard error, which
    `encoding_error` bounds; how many digits are too many depends on the covariates and
    is not proven. What remains readable are rough sums over those who left an
    interval, such as the number of carriers of a mutation; a design of few yes-or-no
    variables is not hidden by it. A site that colludes with the coordinator takes its
    own patients out of every sum, here as in any secure sum. With ``strata="site"``
    no sum over a risk set is opened.

    What the grid costs: with Breslow's ties a few wide intervals pull hazard ratios
    towards 1. On LeukSurv the log hazard ratio of a year of age is 0.024 on the 13
    intervals that remain of quarters of a year, and 0.031 with ``strata="site"``.

    References
    ----------
    Cox DR. J R Stat Soc B 1972; 34: 187-220. Breslow NE. Biometrics 1974; 30: 89-99.
    Peduzzi P et al. J Clin Epidemiol 1995; 48: 1503-1510 (events a coefficient).

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort = load_cohort("leuksurv")
    >>> consortium = Consortium(cohort.sites(), cohort.dictionary)
    >>> fit = cox(consortium, ["age_years", "sex"], strata="site", per={"age_years": 10})
    >>> fit.table["hazard_ratio"].round(2).to_dict()
    {'age_years': 1.35, 'sex[M]': 1.06}
    """
    time, event = survival_variables(consortium, time, event)
    refuse_arguments(consortium, ties, strata, max_steps, resolution)
    design = plan_design(consortium.dictionary, covariates, references, per, (time, event))
    edges = None if grid is None and strata else time_grid(consortium, time, grid)
    horizon = None if edges is None else (time, float(edges[-1]))
    purpose = f"Cox regression of {time}" + (f" where {where}" if where else "")
    outcome = (time, event)
    support = count_support(consortium, design, outcome, where, purpose, event, horizon)
    refuse_support(support, design, consortium.smallest_cell)
    if strata is None:
        edges, deaths = _merged(consortium, design, outcome, where, purpose, edges, max_steps)
    else:
        refuse_small_cohort(support, design, max_steps)
    standard = standardise(consortium, design, support, outcome, event, where, purpose, horizon)
    if strata is None:
        likelihood = PooledLikelihood(
            consortium, standard, time, outcome, where, edges, deaths, resolution, purpose
        )
    else:
        likelihood = StratifiedLikelihood(consortium, standard, time, event, where, edges, purpose)
    found = maximise(likelihood.evaluate, likelihood.inform, design.names, max_steps)
    left_out = shown_count(support.left_out, consortium.smallest_cell, consortium.zeroed)
    return reported(time, event, standard, support, left_out, found, edges, strata)


def _merged(
    consortium: Consortium,
    design: Design,
    outcome: tuple[str, str],
    where: str | None,
    purpose: str,
    edges: np.ndarray,
    max_steps: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Edges of the merged grid, and the events in each of its intervals."""
    time, event = outcome

    def table(bounds: np.ndarray) -> np.ndarray:
        intervals = len(bounds) - 1
        opened = consortium.sum(
            f"{purpose}: events and censored patients of {intervals} intervals",
            partial(local_exits, time=time, event=event, by=None, groups=1, edges=bounds),
            variables=(*design.variables, *outcome),
            where=where,
            table=True,
            key=("Cox exits", design.variables, outcome, tuple(bounds.tolist()), where),
        )
        return opened.reshape(2, intervals)

    events, censored = table(edges)
    group = merged_intervals(
        events, events + censored, len(design.columns), consortium.smallest_cell, max_steps
    )
    ends = np.flatnonzero(np.diff(np.append(group, group[-1] + 1)))
    merged = np.append(edges[0], edges[1:][ends])
    if consortium.zeroed:  # small counts were zeroed before they were added up
        return merged, table(merged)[0]
    return merged, np.bincount(group, weights=events).astype(np.int64)
