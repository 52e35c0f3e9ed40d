"""What does the measurement of a generator tell of one patient who is unlike all others?

Only the measurement stage is repeated: the counts that are opened, with fresh noise
from the operating system, and not the fit, which adds nothing by post-processing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused

from .auditing import Audit, audit_epsilon
from .bootstrap import LEVEL

if TYPE_CHECKING:
    from synthema_lab.generators.count_plan import CountPlan


class Measurement:
    """The measurement stage of a plan as a `Mechanism`: the log-likelihood ratio of what it opens.

    Everybody else's counts are known to the attacker and cancel, since sums are
    linear; they are counted once, and only centre the moments. The noise is
    drawn where a release draws it, from the operating system, at every run.

    Parameters
    ----------
    plan : CountPlan
        With noise.
    codes : ndarray of int, shape (patients, names)
        Everybody else. The canary has the rarest code of everything: far from
        all others, so that its moments reach the length at which they are cut.
    """

    def __init__(self, plan: CountPlan, codes: np.ndarray) -> None:
        from synthema_lab.generators.counts import marginal_counts

        self.plan, sizes = plan, plan.encoder.sizes
        self.others = marginal_counts(codes, sizes, plan.cliques)
        held = [np.bincount(c, minlength=size) for c, size in zip(codes.T, sizes, strict=True)]
        self.canary = np.array([[one.argmin() for one in held]], dtype=np.int64)
        self.own = marginal_counts(self.canary, sizes, plan.cliques)
        cells = [math.prod(sizes[place] for place in clique) for clique in plan.cliques]
        self.variances = np.repeat(plan.variances, cells)
        lengths = [one.length for one in plan.vectors]
        self.vector_variances = np.repeat(plan.vector_variances or (), lengths)

    def __call__(self, present: bool) -> float:
        rows = self.canary if present else self.canary[:0]
        opened = self.plan.vector_of_codes(rows, 1)
        seen = [(opened, self.own, self.variances)]
        if self.plan.vectors:
            before = opened + self.others
            own = np.concatenate([one.total(self.canary) for one in self.plan.moments(before)])
            seen.append((self.plan.vector_of_codes(rows, 1, before), own, self.vector_variances))
        return sum(float((own * (sums - own / 2) / noise).sum()) for sums, own, noise in seen)


def audit_marginal(
    patients: pd.DataFrame, dictionary: DataDictionary, epsilon: float, delta: float = 1e-5,
    worlds: int = 1000, seed: int = 0, level: float = LEVEL,
) -> Audit:  # fmt: skip
    """Audit what the generator `marginal` opens, against a canary far from everybody.

    Parameters
    ----------
    patients : DataFrame
        One row a patient. The time grows with the square of the number of its
        variables; fewer columns put the same code to the test.
    dictionary : DataDictionary
    epsilon, delta : float
        The budget; `Audit.stated` is what the accountant proves for the noise it gives.
    worlds, level
        As in `audit_epsilon`.
    seed : int
        Halves the worlds. The noise has no seed, so that two audits differ.

    Raises
    ------
    ArgumentRefused
    """
    from synthema_lab.generators import get
    from synthema_lab.privacy import epsilon_of

    if epsilon is None:
        raise ArgumentRefused("No noise, no epsilon to audit.", "A number.", "Use epsilon=3.0.")
    conformed = dictionary.conform(patients)
    plan = get("marginal").plan(dictionary, conformed.columns, epsilon, delta)
    stated = epsilon_of(plan.events, delta)
    stage = Measurement(plan, plan.encoder.encode(conformed))
    return audit_epsilon(stage, worlds, np.random.default_rng(seed), stated, delta, level)
