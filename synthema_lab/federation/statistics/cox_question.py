"""May this Cox model be asked for, and do enough patients stand behind it?"""

from __future__ import annotations

from ...errors import ArgumentRefused
from .consortium import Consortium
from .design import Design
from .support import Support, refuse_levels_without_events, refuse_small_levels
from .unfitted import GroupTooSmall, NoiseUnsupported, TooFewPatients

FEWEST_EVENTS = 5
CUSTOMARY_EVENTS = 10
MOST_STEPS = 50


def refuse_arguments(
    consortium: Consortium, ties: str, strata: str | None, max_steps: int, resolution: float
) -> None:
    """Refuse what this model cannot be.

    Raises
    ------
    NoiseUnsupported, ArgumentRefused
    """
    if consortium.noise is not None:
        raise NoiseUnsupported(
            "A Cox regression with noise was asked for.",
            "A consortium without noise. Risk-set sums hold exp(x'beta), which one patient moves "
            "without bound: noise needs covariates and coefficients clipped to stated limits, "
            "and intervals that know of the noise.",
            "Use Consortium(sites, dictionary) without noise=, or kaplan_meier with noise.",
        )
    if ties != "breslow":
        raise ArgumentRefused(
            "Ties are to be handled in a way that is not supported.",
            '"breslow": Efron\'s needs sums over the patients who died in each interval.',
            'Use ties="breslow".',
        )
    if strata not in (None, "site"):
        raise ArgumentRefused(
            "The strata are not known.",
            'None, or "site" for a baseline hazard of each site.',
            'Use strata="site".',
        )
    whole = isinstance(max_steps, int) and not isinstance(max_steps, bool)
    if not whole or not 2 <= max_steps <= MOST_STEPS:
        raise ArgumentRefused(
            "The number of steps cannot be used.",
            f"A whole number from 2 to {MOST_STEPS}.",
            "Use max_steps=10.",
        )
    number = isinstance(resolution, int | float) and not isinstance(resolution, bool)
    if not number or not 0 <= resolution <= 1:
        raise ArgumentRefused(
            "The resolution of risk-set sums cannot be used.",
            "A number of patients from 0 (all digits) to 1.",
            "Use resolution=0.1.",
        )


def refuse_support(support: Support, design: Design, smallest_cell: int) -> None:
    """Refuse too few events for the coefficients, and levels behind which few patients stand.

    Raises
    ------
    TooFewPatients, GroupTooSmall, MonotoneLikelihood
    """
    size = len(design.columns)
    if support.events < FEWEST_EVENTS * size:
        raise TooFewPatients(
            f"Too few events for {size} coefficients.",
            f"At least {FEWEST_EVENTS * size}: {FEWEST_EVENTS} a coefficient; "
            f"{CUSTOMARY_EVENTS} are customary.",
            "Leave out covariates, or add sites.",
        )
    refuse_small_levels(support, design, smallest_cell)
    refuse_levels_without_events(support, design, smallest_cell)


def refuse_small_cohort(support: Support, design: Design, max_steps: int) -> None:
    """Refuse a cohort with no more covariate values than numbers that may be opened.

    Raises
    ------
    GroupTooSmall
    """
    size = len(design.columns)
    opened = max_steps * (1 + size + size * (size + 1) // 2) + 3 * size
    if support.patients * size <= opened:
        raise GroupTooSmall(
            f"At most {opened} sums may be opened, about too few patients.",
            f"More than {opened // size} patients, so that sums cannot be solved for them.",
            "Leave out covariates, set max_steps lower, or add sites.",
        )
