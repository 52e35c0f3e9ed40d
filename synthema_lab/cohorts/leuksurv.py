"""How did adults with acute myeloid leukaemia fare in North West England, 1982-1998?"""

from __future__ import annotations

import warnings

import pandas as pd

from synthema_lab.cohorts.cohort import Cohort
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import DataMismatch, ExtraMissing

CITATION = (
    "Henderson R, Shimakura S, Gorst D. Modeling spatial variation in leukemia survival data. "
    "Journal of the American Statistical Association 2002; 97(460): 965-972."
)
SOURCE = (
    "Data set LeukSurv of the Python package SurvSet, which took it from the R package "
    "spBayesSurv; North West Leukaemia Register."
)
LICENCE = "SurvSet: GPL-3.0. Imported from the installed package; no row is copied into this one."

SITES = {
    "north_west": ("2", "5", "7", "14"),
    "north_east": ("1", "3", "4", "6", "8", "9", "10", "11", "12"),
    "south_west": ("13", "15", "24"),
    "south_east": ("16", "17", "18", "19", "20", "21", "22", "23"),
}
"""Which of the 24 districts form a site.

Neighbouring districts were put together by where they lie, which gives sites of
uneven size, as hospitals are. The grouping is fixed and public.
"""

_COLUMNS = {
    "pid", "event", "time", "fac_sex", "fac_district", "num_xcoord", "num_ycoord",
    "num_age", "num_wbc", "num_tpi",
}  # fmt: skip
_PATIENTS = 1043


def load() -> Cohort:
    """Load LeukSurv: 1043 patients, 879 deaths, 9 variables, none missing.

    All cases of acute myeloid leukaemia in adults and adolescents of a
    register of 24 districts, unselected, so older and with a poorer outlook
    than trial cohorts.

    ============ ======================= ==============================================
    variable     unit                    what
    ============ ======================= ==============================================
    patient_id                           pseudonym, a running number
    district                             district of residence, 1 to 24
    age_years    a                       age at diagnosis
    sex                                  F or M
    wbc_gl       10*9/L                  white cells at diagnosis, truncated at 500
    deprivation  1                       Townsend score, higher is less affluent
    os_days      d                       time to death or last contact
    os_event                             1 died, 0 alive at last contact
    age_group                            derived from age
    ============ ======================= ==============================================

    The homes' coordinates that the source holds are dropped: they locate a patient.

    Returns
    -------
    Cohort
        ``cohort.sites()`` gives four sites by district.

    Raises
    ------
    ExtraMissing
        If SurvSet is not installed.
    DataMismatch
        If the installed SurvSet holds another version of the data.

    References
    ----------
    Henderson R, Shimakura S, Gorst D. JASA 2002; 97(460): 965-972.

    Examples
    --------
    >>> cohort = load()
    >>> cohort.patients.shape, cohort.events
    ((1043, 9), 879)
    """
    raw = _raw()
    if set(raw.columns) != _COLUMNS or len(raw) != _PATIENTS:
        raise DataMismatch(
            "The installed SurvSet holds another version of LeukSurv.",
            f"{_PATIENTS} rows with the columns {', '.join(sorted(_COLUMNS))}.",
            "Type: pip install 'synthema-lab[data]'",
        )
    dictionary = DataDictionary.load("leuksurv")
    patients = pd.DataFrame(
        {
            "patient_id": [f"LS-{number:04d}" for number in raw["pid"].astype(int)],
            "district": raw["fac_district"].astype(str),
            "age_years": raw["num_age"],
            "sex": raw["fac_sex"].astype(str).map({"0": "F", "1": "M"}),
            "wbc_gl": raw["num_wbc"],
            "deprivation": raw["num_tpi"],
            "os_days": raw["time"],
            "os_event": raw["event"],
        }
    )
    return Cohort(
        name="leuksurv",
        patients=dictionary.derive(patients),
        dictionary=dictionary,
        source=SOURCE,
        licence=LICENCE,
        citation=CITATION,
        site_of_centre={
            district: site for site, districts in SITES.items() for district in districts
        },
    )


def _raw() -> pd.DataFrame:
    with warnings.catch_warnings():
        # SurvSet's pickles were written with an older numpy and name its old modules.
        warnings.filterwarnings("ignore", message=r"numpy\.core\.", category=DeprecationWarning)
        try:
            from SurvSet.data import SurvLoader
        except ImportError:
            SurvLoader = None  # noqa: N806
        if SurvLoader is None:
            raise ExtraMissing(
                "The package SurvSet, which holds LeukSurv, is not installed.",
                "The extra 'data'.",
                "Type: pip install 'synthema-lab[data]'",
            )
        return SurvLoader().load_dataset("LeukSurv")["df"].reset_index(drop=True)
