"""What are laboratory values in adults without treatment, by publication?"""

from __future__ import annotations

from synthema_lab.cohorts.simulators.calibration import Target
from synthema_lab.cohorts.simulators.measures import (
    correlation,
    difference,
    mean,
    median,
    quantile,
    sd,
    share,
)
from synthema_lab.cohorts.simulators.scd.conditions import ADULT, STEADY, UNTREATED, every, of

_LIONNET_LIKE = "PMC10362538, table 1 (639 and 639 adults)"
_GRADY = "Grady, 303 patients with HbSC"
_PLATT = "Platt 1994"
_AJH = "AJH 2002; 70: 206"
_RECALLED, _ASSUMED = "Recalled", "Assumed"


def _adults(genotype: str) -> str:
    return of(genotype, ADULT, UNTREATED, STEADY)


def _row(label, genotype, unit, measure, value, source, tag) -> Target:
    quantity = f"{label}, {genotype} adults"
    return Target(quantity, value, unit, source, tag, measure, 0.05, "relative")


def _mean_sd(label, name, unit, genotype, average, spread, source, tag, tag_sd=None):
    """Mean and standard deviation; the second may be known less well."""
    group = _adults(genotype)
    return (
        _row(f"{label}, mean", genotype, unit, mean(name, group), average, source, tag),
        _row(f"{label}, deviation", genotype, unit, sd(name, group), spread, source, tag_sd or tag),
    )


def _quartiles(label, name, unit, genotype, low, middle, high, source, tag):
    """Median and both quartiles."""
    group = _adults(genotype)
    return (
        _row(f"{label}, lower quartile", genotype, unit, quantile(name, 0.25, group), low,
             source, tag),
        _row(f"{label}, median", genotype, unit, median(name, group), middle, source, tag),
        _row(f"{label}, upper quartile", genotype, unit, quantile(name, 0.75, group), high,
             source, tag),
    )  # fmt: skip


def _hbf_at(age: float, value: float, about: float = 0.5) -> Target:
    group = f"genotype == 'HbSS' and {UNTREATED} and {age - about} <= age_years <= {age + about}"
    return Target(f"HbF, median at {age:g} years, HbSS", value, "%", "Assumed age curve", "A",
                  median("hbf_pct", group), 0.05, "relative")  # fmt: skip


HAEMOGLOBIN = (
    *_mean_sd("Haemoglobin", "hb_gdl", "g/dL", "HbSS", 8.1, 1.2, _LIONNET_LIKE, "V"),
    *_mean_sd("Haemoglobin", "hb_gdl", "g/dL", "HbSb0", 8.6, 1.3, _RECALLED, "R"),
    *_mean_sd("Haemoglobin", "hb_gdl", "g/dL", "HbSC", 11.1, 1.3, _LIONNET_LIKE, "V"),
    *_mean_sd("Haemoglobin", "hb_gdl", "g/dL", "HbSb+", 10.8, 1.5, _RECALLED, "R"),
    Target("Haemoglobin, men less women, HbSS adults", 0.6, "g/dL",
           "Sign West 1992, size assumed", "A",
           difference(mean("hb_gdl", every(_adults("HbSS"), "sex == 'M'")),
                      mean("hb_gdl", every(_adults("HbSS"), "sex == 'F'"))), 0.05, "absolute"),
    _row("HbF, median", "HbSS", "%", median("hbf_pct", _adults("HbSS")), 5.0, _RECALLED, "R"),
    _row("HbF, upper quartile", "HbSS", "%", quantile("hbf_pct", 0.75, _adults("HbSS")), 8.6,
         _PLATT, "V"),
    _row("HbF, median", "HbSb0", "%", median("hbf_pct", _adults("HbSb0")), 6.5, _RECALLED, "R"),
    *_quartiles("HbF", "hbf_pct", "%", "HbSC", 1.0, 1.5, 2.7, _GRADY, "V"),
    _row("HbF, mean", "HbSC", "%", mean("hbf_pct", _adults("HbSC")), 2.5, _AJH, "V"),
    _row("HbF, median", "HbSb+", "%", median("hbf_pct", _adults("HbSb+")), 3.5, _RECALLED, "R"),
    _hbf_at(2, 15.7),
    _hbf_at(5, 9.0),
    _hbf_at(10, 5.75, about=1.5),
    *_mean_sd("MCV", "mcv_fl", "fL", "HbSS", 89, 8, _RECALLED, "R"),
    *_mean_sd("MCV", "mcv_fl", "fL", "HbSb0", 69, 6, _RECALLED, "R"),
    *_mean_sd("MCV", "mcv_fl", "fL", "HbSC", 84.4, 7, _AJH + "; deviation recalled", "V", "R"),
    *_mean_sd("MCV", "mcv_fl", "fL", "HbSb+", 70, 7, _RECALLED, "R"),
    *_mean_sd("MCHC", "mchc_gdl", "g/dL", "HbSS", 34, 1.3, _ASSUMED, "A"),
    *_mean_sd("MCHC", "mchc_gdl", "g/dL", "HbSC", 35, 1.3, _ASSUMED, "A"),
    *_mean_sd("HbA2", "hba2_pct", "%", "HbSS", 2.9, 0.5, _RECALLED, "R"),
    *_mean_sd("HbA2", "hba2_pct", "%", "HbSb0", 4.8, 0.7, _RECALLED, "R"),
    *_mean_sd("HbS", "hbs_pct", "%", "HbSC", 48, 3, _RECALLED + " (45 to 50 verified)", "R"),
    *_mean_sd("HbS", "hbs_pct", "%", "HbSb+", 70, 8, _RECALLED, "R"),
)  # fmt: skip

COUNTS = (
    *_mean_sd("Leukocytes", "wbc_gl", "10*9/L", "HbSS", 11.8, 3.6, _RECALLED, "R"),
    *_mean_sd("Leukocytes", "wbc_gl", "10*9/L", "HbSC", 8.6, 2.8, _RECALLED, "R"),
    _row("Leukocytes, mean", "HbSb0", "10*9/L", mean("wbc_gl", _adults("HbSb0")), 11.0,
         _RECALLED, "R"),
    _row("Leukocytes, mean", "HbSb+", "10*9/L", mean("wbc_gl", _adults("HbSb+")), 8.7,
         _RECALLED, "R"),
    *_mean_sd("Neutrophils", "anc_gl", "10*9/L", "HbSS", 6.2, 2.6, _RECALLED, "R"),
    *_mean_sd("Neutrophils", "anc_gl", "10*9/L", "HbSC", 4.9, 2.1, _RECALLED, "R"),
    *_mean_sd("Platelets", "plt_gl", "10*9/L", "HbSS", 405, 135, _RECALLED, "R"),
    *_mean_sd("Platelets", "plt_gl", "10*9/L", "HbSC", 260, 110, _RECALLED, "R"),
    _row("Platelets, mean", "HbSb0", "10*9/L", mean("plt_gl", _adults("HbSb0")), 380,
         _RECALLED, "R"),
    _row("Platelets, mean", "HbSb+", "10*9/L", mean("plt_gl", _adults("HbSb+")), 285,
         _RECALLED, "R"),
    *_mean_sd("Reticulocytes", "retic_pct", "%", "HbSS", 10.5, 4.5, _RECALLED, "R"),
    *_mean_sd("Reticulocytes", "retic_pct", "%", "HbSC", 4.2, 1.8, _RECALLED, "R"),
    *_quartiles("Reticulocytes, absolute", "retic_gl", "10*9/L", "HbSC", 106, 135, 170,
                _GRADY, "V"),
)  # fmt: skip

CHEMISTRY = (
    *_quartiles("LDH", "ldh_ul", "U/L", "HbSS", 320, 420, 560, _RECALLED, "R"),
    *_quartiles("LDH", "ldh_ul", "U/L", "HbSC", 198, 237, 279, _GRADY, "V"),
    _row("LDH, median", "HbSb0", "U/L", median("ldh_ul", _adults("HbSb0")), 400, _RECALLED, "R"),
    _row("LDH, median", "HbSb+", "U/L", median("ldh_ul", _adults("HbSb+")), 250, _RECALLED, "R"),
    *_quartiles("Bilirubin", "bili_tot_mgdl", "mg/dL", "HbSS", 2.0, 2.9, 4.2, _RECALLED, "R"),
    _row("Bilirubin, median", "HbSC", "mg/dL", median("bili_tot_mgdl", _adults("HbSC")), 1.3,
         _RECALLED, "R"),
    *_quartiles("Ferritin", "ferritin_ngml", "ng/mL", "HbSS", 100, 200, 450, _RECALLED, "R"),
    _row("Ferritin, median", "HbSC", "ng/mL", median("ferritin_ngml", _adults("HbSC")), 110,
         _RECALLED, "R"),
    *_quartiles("CRP", "crp_mgl", "mg/L", "HbSS", 2.0, 4.5, 9.0, _RECALLED, "R"),
    _row("CRP, median", "HbSC", "mg/L", median("crp_mgl", _adults("HbSC")), 3.5, _RECALLED, "R"),
    _row("Creatinine of women, median", "HbSS", "mg/dL",
         median("creat_mgdl", every(_adults("HbSS"), "sex == 'F'")), 0.55, _RECALLED, "R"),
    _row("Creatinine of men, median", "HbSS", "mg/dL",
         median("creat_mgdl", every(_adults("HbSS"), "sex == 'M'")), 0.70, _RECALLED, "R"),
    _row("Creatinine of women, median", "HbSC", "mg/dL",
         median("creat_mgdl", every(_adults("HbSC"), "sex == 'F'")), 0.70, _RECALLED, "R"),
    _row("NT-proBNP, median", "HbSS", "pg/mL", median("ntprobnp_pgml", _adults("HbSS")), 75,
         _ASSUMED, "A"),
    Target("NT-proBNP of 160 pg/mL and more, HbSS adults", 24.1, "%",
           "Walk-PHaSST, PLoS One 2014", "V", share("ntprobnp_pgml >= 160", _adults("HbSS"))),
    _row("NT-proBNP, median", "HbSC", "pg/mL", median("ntprobnp_pgml", _adults("HbSC")), 55,
         _ASSUMED, "A"),
    _row("Saturation, mean", "HbSS", "%", mean("spo2_pct", _adults("HbSS")), 96, _RECALLED, "R"),
    _row("Saturation, mean", "HbSC", "%", mean("spo2_pct", _adults("HbSC")), 98, _RECALLED, "R"),
)  # fmt: skip


def _together(one: str, other: str, value: float) -> Target:
    return Target(
        f"Correlation of {one} and {other}, HbSS adults", value, "1", "Assumed; sign published",
        "A", correlation(one, other, _adults("HbSS")), 0.05, "absolute",
    )  # fmt: skip


ASSOCIATIONS = tuple(
    _together(one, other, value)
    for one, other, value in (
        ("hb_gdl", "ldh_ul", -0.40), ("hb_gdl", "retic_pct", -0.45), ("hb_gdl", "hbf_pct", 0.30),
        ("hb_gdl", "bili_tot_mgdl", -0.25), ("ldh_ul", "ast_ul", 0.60),
        ("ldh_ul", "bili_tot_mgdl", 0.35), ("retic_pct", "bili_tot_mgdl", 0.40),
        ("wbc_gl", "plt_gl", 0.30), ("wbc_gl", "crp_mgl", 0.30), ("hbf_pct", "mcv_fl", 0.35),
        ("hbf_pct", "wbc_gl", -0.20), ("ldh_ul", "trv_ms", 0.25), ("age_years", "trv_ms", 0.35),
        ("age_years", "creat_mgdl", 0.45), ("creat_mgdl", "ntprobnp_pgml", 0.40),
    )
)  # fmt: skip
