"""How are groups of simulated patients named in a condition?"""

from __future__ import annotations

SCA = "genotype in ['HbSS', 'HbSb0']"
VARIANT = "genotype not in ['HbSS', 'HbSb0']"
ADULT = "age_years >= 18"
CHILD = "age_years < 18"
UNTREATED = "hu_current == 0 and tx_program == 'none'"
STEADY = "steady_state == 1"


def of(genotype: str, *conditions: str) -> str:
    """Patients of a genotype who meet the conditions.

    Examples
    --------
    >>> of("HbSS", ADULT)
    "genotype == 'HbSS' and age_years >= 18"
    """
    return " and ".join([f"genotype == '{genotype}'", *conditions])


def every(*conditions: str) -> str:
    """Patients who meet all conditions.

    Examples
    --------
    >>> every(ADULT, UNTREATED)
    "age_years >= 18 and hu_current == 0 and tx_program == 'none'"
    """
    return " and ".join(conditions)
