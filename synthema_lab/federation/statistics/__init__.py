"""Which figures can hospitals compute together without showing a patient?

Each statistic sums one vector a site, opens the sum, and lists it. What may be
shown of it is decided by the disclosure rule.
"""

from __future__ import annotations

from .consortium import Consortium
from .counts import Count, count
from .cox_fit import CoxFit
from .cox_regression import cox
from .disclosure import DisclosureRefused
from .grid import time_grid
from .histograms import Histogram, histogram
from .linear import LinearFit, linear_regression
from .log_rank import LogRank, logrank
from .moments import Moments, mean_variance
from .noise import DistributedNoise, Sensitivity
from .openings import Opening
from .question import Question, RowsUsed
from .survival_curve import SurvivalCurve, SurvivalCurves, kaplan_meier
from .tables import Contingency, contingency
from .unfitted import (
    CollinearDesign,
    GroupTooSmall,
    MonotoneLikelihood,
    NoiseUnsupported,
    NotConverged,
    TooFewPatients,
)

__all__ = [
    "CollinearDesign",
    "Consortium",
    "Contingency",
    "Count",
    "CoxFit",
    "DisclosureRefused",
    "DistributedNoise",
    "GroupTooSmall",
    "Histogram",
    "LinearFit",
    "LogRank",
    "Moments",
    "MonotoneLikelihood",
    "NoiseUnsupported",
    "NotConverged",
    "Opening",
    "Question",
    "RowsUsed",
    "Sensitivity",
    "SurvivalCurve",
    "SurvivalCurves",
    "TooFewPatients",
    "contingency",
    "count",
    "cox",
    "histogram",
    "kaplan_meier",
    "linear_regression",
    "logrank",
    "mean_variance",
    "time_grid",
]
