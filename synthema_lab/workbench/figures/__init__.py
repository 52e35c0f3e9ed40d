"""What does a notebook draw? A picture, its data, a caption and alternative text."""

from __future__ import annotations

from .against_target import against_target
from .audit import audit
from .calibration import calibration
from .co_occurrence import co_occurrence
from .cohort import sites
from .comutation import comutation
from .contrasts import contrasts
from .deidentification import deidentification
from .differences import differences
from .fidelity import marginals, missingness
from .findings import findings
from .followup import cohort_survival
from .gains import attack_gains
from .hazards import hazard_ratios
from .headline import headline
from .methods import methods
from .noise import noise, opened
from .privacy import attack_roc
from .scarcity import rows_drawn
from .secure_sum import round_bytes, sum_opens, what_is_sent
from .spending import spending, what_epsilon_allows
from .style import Plot, house_style
from .survival import kaplan_meier
from .together import odds_ratios

__all__ = [
    "Plot",
    "against_target",
    "attack_gains",
    "attack_roc",
    "audit",
    "calibration",
    "co_occurrence",
    "cohort_survival",
    "comutation",
    "contrasts",
    "deidentification",
    "differences",
    "findings",
    "hazard_ratios",
    "headline",
    "house_style",
    "kaplan_meier",
    "marginals",
    "methods",
    "missingness",
    "noise",
    "odds_ratios",
    "opened",
    "round_bytes",
    "rows_drawn",
    "sites",
    "spending",
    "sum_opens",
    "what_epsilon_allows",
    "what_is_sent",
]
