"""How often do events happen, what is seen, and when do patients die, by publication?"""

from __future__ import annotations

from synthema_lab.cohorts.simulators.age_at_death import alive_at, median_age
from synthema_lab.cohorts.simulators.calibration import Target
from synthema_lab.cohorts.simulators.measures import (
    mean,
    rate,
    ratio,
    sd,
    share,
    slope,
)
from synthema_lab.cohorts.simulators.regression import coefficient
from synthema_lab.cohorts.simulators.scd.conditions import (
    ADULT,
    CHILD,
    SCA,
    STEADY,
    UNTREATED,
    VARIANT,
    every,
    of,
)

_PAIRED = "PMC10362538 (639 and 639 adults), pain as in the CSSCD: medical care"
_CASTRO = "Castro 1994, CSSCD"
_FREMPONG = "Ohene-Frempong 1998, CSSCD"
_MILNER = "Milner 1991, CSSCD, on imaging"
_GRNDAD = "GRNDaD, Blood 2020; 136 Suppl 1: 34"
_RADEEP = "RADeep, Blood 2025; 146 Suppl 1: 179"
_WALK = "Walk-PHaSST, PMC3818240"


def _share(quantity, value, condition, where, source, tag) -> Target:
    return Target(quantity, value, "%", source, tag, share(condition, where))


def _rate(quantity, value, unit, measure, source, tag) -> Target:
    return Target(quantity, value, unit, source, tag, measure, 0.05, "relative")


def _untreated(genotype: str, *conditions: str) -> str:
    return of(genotype, *conditions, UNTREATED)


def _pain(genotype: str, value: float, source: str, tag: str, *conditions: str) -> Target:
    who = "adults" if conditions else "all ages"
    measure = rate("expected_voc_12m", _untreated(genotype, *conditions), per=1)
    return _rate(f"Painful crises, expected, {genotype} untreated, {who}", value, "1/a", measure,
                 source, tag)  # fmt: skip


def _chest(quantity: str, value: float, where: str) -> Target:
    return _rate(f"ACS, expected, {quantity} untreated", value, "1/100 a",
                 rate("expected_acs_12m", where), _CASTRO, "V")  # fmt: skip


EVENTS = (
    _rate("Painful crises, HbSS untreated adults", 1.23, "1/a",
          rate("voc_12m", _untreated("HbSS", ADULT), per=1), _PAIRED, "V"),
    _share("No crisis in the year, HbSS untreated adults", 45.2, "voc_12m == 0",
           _untreated("HbSS", ADULT), _PAIRED, "V"),
    _share("Three crises and more, HbSS untreated adults", 21.6, "voc_12m >= 3",
           _untreated("HbSS", ADULT), _PAIRED, "V"),
    _rate("Painful crises, HbSC untreated adults", 0.746, "1/a",
          rate("voc_12m", _untreated("HbSC", ADULT), per=1), _PAIRED, "V"),
    _share("No crisis in the year, HbSC untreated adults", 53.8, "voc_12m == 0",
           _untreated("HbSC", ADULT), _PAIRED, "V"),
    _share("Three crises and more, HbSC untreated adults", 8.9, "voc_12m >= 3",
           _untreated("HbSC", ADULT), _PAIRED, "V"),
    _pain("HbSS", 0.8, "Recalled, Platt 1991", "R"),
    _pain("HbSb0", 1.0, "Recalled, Platt 1991", "R"),
    _pain("HbSC", 0.4, "Recalled, Platt 1991", "R"),
    _pain("HbSb+", 0.4, "Recalled, Platt 1991", "R"),
    _share("Two crises and more that led to a stay, adults", 9.9, "voc_admitted_12m >= 2", ADULT,
           _RADEEP + ", its definition", "V"),
    _share("Two crises and more that led to a stay, children", 5.1, "voc_admitted_12m >= 2", CHILD,
           _RADEEP + ", its definition", "V"),
    _share("Two stays and more, adults", 13.3, "hosp_12m >= 2", ADULT,
           _RADEEP + ", all vaso-occlusive events, read as stays", "V"),
    _share("Two stays and more, children", 12.1, "hosp_12m >= 2", CHILD,
           _RADEEP + ", all vaso-occlusive events, read as stays", "V"),
    _chest("HbSS", 12.8, _untreated("HbSS")),
    _chest("HbSS 2 to 4 years,", 25.3, _untreated("HbSS", "2 <= age_years < 5")),
    _chest("HbSS adults,", 8.8, _untreated("HbSS", ADULT)),
    _chest("HbSb0", 9.4, _untreated("HbSb0")),
    _chest("HbSC", 5.2, _untreated("HbSC")),
    _chest("HbSb+", 3.9, _untreated("HbSb+")),
    _share("ACS ever, SCA adults", 60.9, "acs_ever == 1", every(SCA, ADULT), _GRNDAD, "V"),
    _share("ACS ever, variant adults", 41.0, "acs_ever == 1", every(VARIANT, ADULT), _GRNDAD, "V"),
    Target("HbF on ln rate of crises, per point, HbSS untreated", -0.035, "ln",
           "Assumed rate model", "A",
           coefficient("expected_voc_12m", "hbf_pct",
                       ["hb_gdl", "wbc_gl", "age_years"],
                       _untreated("HbSS", "age_years >= 25", "expected_voc_12m > 0.15")),
           0.01, "absolute"),
)  # fmt: skip


def _incidence(genotype: str, value: float, name: str, label: str, years: str, source, tag, *where):
    return _rate(f"{label}, expected, {genotype}", value, "1/100 a",
                 _per_year(name, years, of(genotype, "age_years > 5", *where) if years == "since_5"
                           else of(genotype)), source, tag)  # fmt: skip


def _first_stroke(genotype: str, value: float, tag: str) -> Target:
    label = "First stroke without prevention"
    return _incidence(genotype, value, "expected_stroke_natural", label, "", _FREMPONG, tag)


def _per_year(name: str, years: str, where: str):
    """Expected events over years lived, from birth or from 5 years."""

    def measure(patients):
        lived = patients["age_years"] - (5 if years == "since_5" else 0)
        return rate(name, where, years="lived")(patients.assign(lived=lived.astype("float64")))

    return measure


_NEITHER = "alpha_thal == 'aa/aa' and bcl11a_rs1427407_T == 0"
_OTHERWISE = "(alpha_thal != 'aa/aa' or bcl11a_rs1427407_T > 0)"


def _odds(where_one: str, where_other: str):
    """Odds ratio of expected risks of stroke."""

    def measure(patients):
        one, one_error = mean("expected_stroke", where_one)(patients)
        other, other_error = mean("expected_stroke", where_other)(patients)
        value = one / (1 - one) / (other / (1 - other))
        return value, value * ((one_error / one) ** 2 + (other_error / other) ** 2) ** 0.5

    return measure


_CHILDREN = "2 <= age_years < 17 and hu_current == 0"
_ECHO = of("HbSS", ADULT, STEADY)

COMPLICATIONS = (
    _first_stroke("HbSS", 0.61, "V"),
    _first_stroke("HbSC", 0.15, "R"),
    _first_stroke("HbSb0", 0.08, "R"),
    _first_stroke("HbSb+", 0.09, "R"),
    _share("Stroke ever, HbSS", 4.01, "stroke_ever == 1", of("HbSS"), _FREMPONG, "V"),
    _rate("Stroke, neither alpha-thalassaemia nor BCL11A T, HbSS", 2.0, "odds ratio",
          _odds(of("HbSS", _NEITHER), of("HbSS", _OTHERWISE)), "Blood Adv 2017; 1: 693", "V"),
    _share("Silent infarct at 6 years, HbSS", 27.0, "mri_sci == 1",
           of("HbSS", "5.3 <= age_years <= 6.7"), "Blood 2012; 119: 4587", "V"),
    _share("Silent infarct at 14 years, HbSS", 37.0, "mri_sci == 1",
           of("HbSS", "12.5 <= age_years <= 15.5"), "Blood 2012; 119: 4587", "V"),
    _share("Silent infarct, HbSC", 7.5, "mri_sci == 1", of("HbSC", "6 <= age_years < 20"),
           "Recalled: 5 to 10%", "R"),
    _incidence("HbSS", 4.5, "expected_avn_natural", "Necrosis with alpha-thalassaemia", "since_5",
               _MILNER, "V", "alpha_thal != 'aa/aa'"),
    _incidence("HbSS", 2.4, "expected_avn_natural", "Necrosis without alpha-thalassaemia",
               "since_5", _MILNER, "V", "alpha_thal == 'aa/aa'"),
    _incidence("HbSb0", 3.6, "expected_avn_natural", "Necrosis", "since_5", _MILNER, "V"),
    _incidence("HbSC", 1.9, "expected_avn_natural", "Necrosis", "since_5", _MILNER, "V"),
    _incidence("HbSb+", 3.3, "expected_avn_natural", "Necrosis", "since_5", _MILNER, "V"),
    _share("Necrosis diagnosed, adults", 22.0, "avn_ever == 1", ADULT, "California registry", "V"),
    _share("Leg ulcer ever at 20 years, HbSS", 5.0, "leg_ulcer_ever == 1",
           of("HbSS", "18.5 <= age_years <= 21.5"), "Assumed", "A"),
    _share("Leg ulcer ever at 50 years, HbSS", 20.0, "leg_ulcer_ever == 1",
           of("HbSS", "44 <= age_years <= 56"), "Assumed", "A"),
    _share("Leg ulcer ever, HbSS", 2.5, "leg_ulcer_ever == 1", of("HbSS"), "Koshy 1989", "V"),
    _share("Priapism ever, HbSS men", 10.3, "priapism_ever == 1", of("HbSS", ADULT), _PAIRED, "V"),
    _share("Priapism ever, HbSC men", 4.4, "priapism_ever == 1", of("HbSC", ADULT), _PAIRED, "V"),
    _share("Retinopathy, HbSS adults", 0.6, "retinopathy == 1", of("HbSS", ADULT), _PAIRED, "V"),
    _share("Retinopathy, HbSC adults", 3.1, "retinopathy == 1", of("HbSC", ADULT), _PAIRED, "V"),
    _share("Nephropathy, HbSS adults", 8.5, "ckd == 1", of("HbSS", ADULT), _PAIRED, "V"),
    _share("Nephropathy, HbSC adults", 1.1, "ckd == 1", of("HbSC", ADULT), _PAIRED, "V"),
    _share("Albuminuria, SCA adults", 39.5, "uacr_mgg >= 30", every(SCA, ADULT), _GRNDAD, "V"),
    _share("Albuminuria, variant adults", 19.4, "uacr_mgg >= 30", every(VARIANT, ADULT), _GRNDAD,
           "V"),
    _rate("Albuminuria, hydroxycarbamide over none, SCA adults", 0.42, "1",
          ratio(share("uacr_mgg >= 30", every(SCA, ADULT, "hu_current == 1")),
                share("uacr_mgg >= 30", every(SCA, ADULT, "hu_current == 0"))),
          "Syst Rev 2024", "V"),
    _share("Jet of 2.5 m/s and more, HbSS adults", 41.0, "trv_ms >= 2.5", _ECHO,
           "Dutch cohort, Blood 116: 1641", "V"),
    _share("Jet of 3.0 m/s and more, HbSS adults", 11.0, "trv_ms >= 3.0", _ECHO,
           "Dutch cohort; 11.2% in Walk-PHaSST", "V"),
    _share("Jet of 2.5 m/s and more, HbSC adults", 13.0, "trv_ms >= 2.5",
           of("HbSC", ADULT, STEADY), "Dutch cohort, Blood 116: 1641", "V"),
    _rate("Doppler velocity, mean, HbSS children", 131.0, "cm/s",
          mean("tcd_any_cms", of("HbSS", _CHILDREN)), "PMC8843185", "V"),
    _rate("Doppler velocity, deviation, HbSS children", 27.0, "cm/s",
          sd("tcd_any_cms", of("HbSS", _CHILDREN)), "Assumed", "A"),
    _rate("Doppler velocity, mean, HbSb0 children", 128.0, "cm/s",
          mean("tcd_any_cms", of("HbSb0", _CHILDREN)), "Assumed", "A"),
    _rate("Doppler velocity, mean, HbSC children", 107.0, "cm/s",
          mean("tcd_any_cms", of("HbSC", _CHILDREN)), "PMC8843185", "V"),
    Target("Doppler velocity on haemoglobin, HbSS children", -6.0, "cm/s per g/dL", "Assumed", "A",
           slope("tcd_any_cms", "hb_gdl", of("HbSS", _CHILDREN, UNTREATED, STEADY)), 0.6,
           "absolute"),
    Target("Doppler velocity on age, HbSS children", -1.3, "cm/s per a", "Assumed", "A",
           slope("tcd_any_cms", "age_years", of("HbSS", _CHILDREN)), 0.2, "absolute"),
    *(
        _rate(f"Smear: {label}, {what}, HbSS", value, "1", measure(name, of("HbSS")),
              "422 fields, Uganda (computed)", "C")
        for label, name, average, spread in (
            ("median aspect ratio", "smear_aspect_med", 1.40, 0.19),
            ("circularity", "smear_circ_mean", 0.756, 0.074),
            ("aspect ratio above 2", "smear_frac_ar2", 0.15, 0.11),
        )
        for what, value, measure in (("mean", average, mean), ("deviation", spread, sd))
    ),
    _share("Irreversibly sickled cells 5 to 25%, HbSS", 95.0, "0.05 <= smear_frac_sickle <= 0.25",
           of("HbSS", UNTREATED), "Recalled, read as a central 95%", "R"),
    _share("Irreversibly sickled cells below 2%, HbSC", 95.0, "smear_frac_sickle < 0.02",
           of("HbSC", UNTREATED), "Recalled, read as 95%", "R"),
)  # fmt: skip

_GOMPERTZ = "Gompertz fitted to Blood Adv 2023; 7: 3775 (49.3 years, 98% at 18)"
_FLAGS = (
    "hu_current == 1",
    "trv_ms >= 3 and ntprobnp_pgml < 160",
    "trv_ms < 3 and ntprobnp_pgml >= 160",
    "trv_ms >= 3 and ntprobnp_pgml >= 160",
)


def _hazard(what: str, value: float, flag: int, source: str) -> Target:
    beside = ["age_years", "age_years ** 2", *(f for at, f in enumerate(_FLAGS) if at != flag)]
    measure = coefficient("expected_deaths", _FLAGS[flag], beside, of("HbSS", ADULT), ratio=True)
    return _rate(f"Hazard of death, {what}, HbSS adults", value, "ratio", measure, source, "V")


MORTALITY = (
    Target(
        "Alive at 18 years, HbSS", 98.0, "%", _GOMPERTZ, "V",
        alive_at(18, "age_years", "fu_years", "vital_status", of("HbSS"))),
    _rate("Age at death, median, HbSS", 49.3, "a",
          median_age("age_years", "fu_years", "vital_status", of("HbSS")), _GOMPERTZ, "V"),
    _rate("Age at death, median, HbSC", 60.2, "a",
          median_age("age_years", "fu_years", "vital_status", of("HbSC")),
          "Gompertz scaled by 0.30", "A"),
    _hazard("hydroxycarbamide", 0.38, 0, "Blood Adv 2023; 7: 3775"),
    _hazard("jet of 3 m/s and more", 11.1, 1, _WALK),
    _hazard("NT-proBNP of 160 and more", 4.6, 2, _WALK),
    _hazard("jet and NT-proBNP", 14.9, 3, _WALK),
)  # fmt: skip
