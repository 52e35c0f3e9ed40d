"""How is a synthetic cohort judged by hospitals that never pool their patients?

Each scores the cohort against its own patients, learnt from and held out; only
sums over public cells leave. The measures are those of `validation`.
"""

from __future__ import annotations

from .cells import Layout
from .cohort import SyntheticAbsent, bring, brought, canonical, digest_of, read_synthetic
from .judged import judged
from .local import site_counts
from .reasons import NOT_SUMMED
from .result import Evaluation

__all__ = [
    "NOT_SUMMED",
    "Evaluation",
    "Layout",
    "SyntheticAbsent",
    "bring",
    "brought",
    "canonical",
    "digest_of",
    "judged",
    "read_synthetic",
    "site_counts",
]
