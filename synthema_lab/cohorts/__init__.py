"""Where do patients come from, and which site do they belong to?"""

from __future__ import annotations

from synthema_lab.cohorts.catalogue import (
    available_cohorts,
    load_cohort,
    simulated_against_target,
)
from synthema_lab.cohorts.cohort import Cohort
from synthema_lab.cohorts.duplicates import check_sites
from synthema_lab.cohorts.split import split_holdout, split_sites
from synthema_lab.cohorts.tables import read_table, write_table

__all__ = [
    "Cohort",
    "available_cohorts",
    "check_sites",
    "load_cohort",
    "read_table",
    "simulated_against_target",
    "split_holdout",
    "split_sites",
    "write_table",
]
