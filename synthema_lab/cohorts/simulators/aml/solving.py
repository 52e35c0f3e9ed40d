"""Which baselines and chances give the survival, remissions and transplants aimed at?

Hazard ratios, remission and survival by risk group are known; what is drawn from are
baselines that lead there, given the patients that the simulator makes. They are solved
on a large simulation and kept in ``outcome.yaml``; a test solves them again. Run this
after changing anything that comes before the outcome.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synthema_lab.cohorts.simulators.aml.classes import draw_classes
from synthema_lab.cohorts.simulators.aml.complete import at_diagnosis, group_of
from synthema_lab.cohorts.simulators.aml.constants import constants, logistic
from synthema_lab.cohorts.simulators.aml.response import (
    EARLY,
    LATE_SLOPE,
    NEVER_LATER,
    SLOPE,
    draw_response,
    lived,
)
from synthema_lab.cohorts.simulators.aml.survival import (
    GROUPS,
    draw_death,
    log_hazard,
    solve_hazard,
)
from synthema_lab.cohorts.simulators.aml.transplant import draw_transplant

Solved = dict[str, dict[str, list[float] | float]]


def solved(patients: int, rng: np.random.Generator) -> Solved:
    """The solved parts of ``outcome.yaml``, by key and risk group.

    Parameters
    ----------
    patients : int
        100,000 or more for the third digit.
    rng : Generator

    Returns
    -------
    dict
        ``cumulative_hazard``, ``remission_logit``, ``late_remission_logit`` and
        ``transplant_chance``. Each is solved with the others as they stand in the file.
    """
    told = constants("outcome")
    columns = at_diagnosis(draw_classes(patients, rng), rng)
    group = group_of(columns)
    relative = log_hazard(columns)
    death = draw_death(group, columns, rng)
    given: Solved = {
        key: {} for key in ("cumulative_hazard", "remission_logit", "late_remission_logit")
    }
    for code, name in enumerate(GROUPS):
        there = group == code
        curve = np.array(told["survival"][name])
        hazard = solve_hazard(relative[there], curve)
        given["cumulative_hazard"][name] = [round(float(value), 4) for value in hazard]
        first, later = _remissions(name, death[there])
        given["remission_logit"][name] = round(first, 3)
        given["late_remission_logit"][name] = round(later, 3)
    course = columns | draw_response(group, death, columns, rng)
    everyone = dict.fromkeys(GROUPS, 1.0)
    phase = draw_transplant(group, death, course, rng, everyone)["phase"]
    given["transplant_chance"] = {}
    for code, name in enumerate(GROUPS):
        could = float((phase[group == code] == "CR1").mean())
        aimed = told["transplant_cr1"][name] / 100
        given["transplant_chance"][name] = round(aimed / could, 3) if aimed else 0.0
    return given


def _remissions(group: str, death: np.ndarray) -> tuple[float, float]:
    """Log-odds of a remission after induction and of a later one in a risk group."""
    told = constants("outcome")
    at_first, ever = told["remission"][group] / 100, told["remission_ever"][group] / 100
    beyond = death > EARLY
    first = _where(lambda x: (beyond * logistic(x + SLOPE * lived(death))).mean(), at_first)
    failed = (death > NEVER_LATER) * (1 - logistic(first + SLOPE * lived(death)))
    later = _where(
        lambda x: (failed * logistic(x + LATE_SLOPE * lived(death))).mean(), ever - at_first
    )
    return first, later


def _where(rising: Callable[[float], float], value: float) -> float:
    """Where a rising function reaches a value, by bisection between -6 and 6."""
    low, high = -6.0, 6.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < value else (low, middle)
    return (low + high) / 2
