"""To what is the simulator held?

One row for each published or computed figure: value, unit, source, tag (V
verified, C computed, R recalled, A assumed) and how it is taken off complete
simulated patients. Shares may deviate by 2 points, other figures by 5%.
`untargeted` lists the facts that are not here, with the reason.
"""

from __future__ import annotations

from synthema_lab.cohorts.simulators.calibration import Target
from synthema_lab.cohorts.simulators.scd.targets_blood import (
    ASSOCIATIONS,
    CHEMISTRY,
    COUNTS,
    HAEMOGLOBIN,
)
from synthema_lab.cohorts.simulators.scd.targets_events import (
    COMPLICATIONS,
    EVENTS,
    MORTALITY,
)
from synthema_lab.cohorts.simulators.scd.targets_people import GENETICS, POPULATION, TREATMENT

TARGETS: tuple[Target, ...] = (
    *POPULATION, *GENETICS, *HAEMOGLOBIN, *COUNTS, *CHEMISTRY, *ASSOCIATIONS, *TREATMENT,
    *EVENTS, *COMPLICATIONS, *MORTALITY,
)  # fmt: skip

# Genotypes so rare that what is said of them alone is measured on patients of their own.
RARE = ("HbSb0", "HbSb+")
_OF_THE_WHOLE = {target.quantity for target in (*POPULATION, *GENETICS, *TREATMENT)}


def rare_genotype(target: Target) -> str | None:
    """The rare genotype that a target speaks of alone, if any.

    Examples
    --------
    >>> {rare_genotype(target) for target in TARGETS} == {None, "HbSb0", "HbSb+"}
    True
    """
    if target.quantity in _OF_THE_WHOLE:
        return None
    return next((genotype for genotype in RARE if genotype in target.quantity), None)
