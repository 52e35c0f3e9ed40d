"""What should simulated patients with AML reproduce, from which source, and how nearly?

``TARGETS`` is the one table. All but a few come from the AMLSG cohort (tag C). The
shares of genes, aberrations and risk groups are held within 2 points, survival at one,
two and five years within 4 points, and each of the 81 associations on its side of 1.
``untargeted`` lists the facts that are known and not aimed at, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from synthema_lab.cohorts.simulators.aml.constants import constants
from synthema_lab.cohorts.simulators.aml.prognosis import hazard_ratio, median_survival
from synthema_lab.cohorts.simulators.calibration import Target
from synthema_lab.cohorts.simulators.measures import (
    correlation,
    kaplan_meier,
    mean,
    odds_ratio,
    quantile,
    sd,
    share,
)

AMLSG = "AMLSG, 1540 patients (Papaemmanuil 2016; Gerstung 2017)"
TCGA = "TCGA-LAML, 193 patients, those without M3"
RELEASE = "AMLSG, 1540 patients, classification of Papaemmanuil 2016"

GENES = {
    "NPM1": 28.2, "FLT3_ITD": 22.1, "FLT3_TKD": 7.9, "DNMT3A": 21.6, "NRAS": 17.1, "KRAS": 4.4,
    "IDH2": 9.5, "IDH1": 6.8, "TET2": 8.6, "RUNX1": 8.2, "PTPN11": 7.6, "TP53": 6.2,
    "KMT2A_PTD": 5.7, "SRSF2": 5.6, "CEBPA_bzip": 5.1, "WT1": 4.9, "ASXL1": 4.0, "STAG2": 3.9,
    "KIT": 3.7, "EZH2": 2.7, "RAD21": 2.5, "SF3B1": 2.3, "U2AF1": 2.3, "BCOR": 2.3, "NF1": 2.1,
    "PHF6": 2.0, "GATA2": 2.0, "CBL": 1.9, "ZRSR2": 0.8, "JAK2": 0.7,
}  # fmt: skip

KARYOTYPE = {
    "normal_karyotype": 47.9, "complex_kt": 11.2, "monosomal_kt": 9.2, "plus8": 10.1,
    "del5q_minus5": 7.0, "inv16": 5.8, "minus7": 5.7, "abn17p": 5.2, "t_15_17": 4.6,
    "t_8_21": 4.4, "del9q": 3.7, "minusY": 3.2, "del7q": 2.9, "kmt2a_other": 2.6, "inv3": 1.6,
    "plus13": 1.5, "t_9_11": 1.2, "t_6_9": 1.1, "t_9_22": 0.1,
}  # fmt: skip

CLASSES = {
    "npm1": 418, "chromatin_spliceosome": 275, "tp53_aneuploidy": 199, "no_class": 166,
    "inv16": 81, "cebpa_biallelic": 66, "no_drivers": 62, "t_8_21": 60, "t_15_17": 60,
    "ambiguous": 56, "kmt2a": 44, "inv3": 20, "idh2_r172": 18, "t_6_9": 15,
}  # fmt: skip

LABORATORY = {
    # variable: unit, mean, standard deviation, 5th, 25th, 50th, 75th and 95th percentile
    "age_years": ("a", 48.4, 12.3, 26, 40, 50, 57, 67),
    "hb_gdl": ("g/dL", 9.2, 2.0, 6.1, 7.8, 9.1, 10.4, 12.5),
    "plt_gl": ("10*9/L", 82, 87, 13, 29, 53, 102, 249),
    "wbc_gl": ("10*9/L", 36, 52, 1.1, 3.4, 14.2, 51.4, 141),
    "ldh_ul": ("U/L", 627, 646, 163, 265, 435, 749, 1672),
    "bm_blasts_pct": ("%", 67, 25, 20, 49, 75, 90, 95),
    "pb_blasts_pct": ("%", 42, 32, 0, 10, 37, 72, 92),
}

CORRELATIONS = {
    ("wbc_gl", "ldh_ul"): 0.62, ("wbc_gl", "pb_blasts_pct"): 0.55,
    ("wbc_gl", "bm_blasts_pct"): 0.35, ("ldh_ul", "pb_blasts_pct"): 0.40,
    ("bm_blasts_pct", "pb_blasts_pct"): 0.47, ("ldh_ul", "bm_blasts_pct"): 0.28,
    ("hb_gdl", "plt_gl"): 0.19, ("plt_gl", "ldh_ul"): -0.16, ("age_years", "wbc_gl"): -0.15,
    ("age_years", "ldh_ul"): -0.13,
}  # fmt: skip

OUTCOME = {
    # group: overall survival at 1, 2 and 5 years; remission; early death; event-free and
    # relapse-free survival at 5 years; transplant in first remission; all in %
    "favorable": (86, 75, 62, 89, 5, 47, 53, 25),
    "intermediate": (65, 50, 38, 68, 7, 21, 35, 34),
    "adverse": (55, 32, 21, 52, 11, 7, 21, 28),
    "APL": (82, 80, 75, 88, 11, 68, 77, 0),
}

CONDITIONS = {
    "mut_CEBPA_any": "mut_CEBPA_bzip == 1 or mut_CEBPA_other == 1",
    "mut_CEBPA_biallelic": "mut_CEBPA_bzip == 1 and mut_CEBPA_other == 1",
    "mut_IDH2": "mut_IDH2_R140 == 1 or mut_IDH2_R172 == 1",
}


def condition(variable: str) -> str:
    """How the presence of a mutation or aberration is asked for.

    Examples
    --------
    >>> condition("mut_IDH2"), condition("inv16")
    ('mut_IDH2_R140 == 1 or mut_IDH2_R172 == 1', 'inv16 == 1')
    """
    return CONDITIONS.get(variable, f"{variable} == 1")


def _genetics() -> Iterator[Target]:
    for name, percent in CLASSES.items():
        yield Target(f"Class {name}", 100 * percent / 1540, "%", RELEASE, "C",
                     share(f"genomic_class == '{name}'"))  # fmt: skip
    for name, percent in GENES.items():
        yield Target(f"{name} mutated", percent, "%", AMLSG, "C", share(condition(f"mut_{name}")))
    yield Target("CEBPA mutated in any way", 8.9, "%", AMLSG, "C",
                 share(CONDITIONS["mut_CEBPA_any"]))  # fmt: skip
    yield Target("IDH2 R140 among IDH2 mutated", 73.3, "%", AMLSG, "C",
                 share("mut_IDH2_R140 == 1", condition("mut_IDH2")), 4)  # fmt: skip
    for name, percent in KARYOTYPE.items():
        yield Target(f"Karyotype {name}", percent, "%", AMLSG, "C", share(condition(name)))
    for one, other, ratio in constants("genetics")["pairs"]:
        yield Target(f"Odds ratio {one} and {other}", ratio, "1", AMLSG, "C",
                     odds_ratio(condition(one), condition(other)), kind="side")  # fmt: skip
    for at, ratio in ((0.25, 0.13), (0.5, 0.29), (0.75, 0.44)):
        yield Target(f"FLT3-ITD ratio, quantile {at}", ratio, "1", AMLSG, "C",
                     quantile("flt3_itd_ar", at), 0.03, "absolute")  # fmt: skip
    yield Target("TP53 allele fraction, median", 54, "%", AMLSG, "C", quantile("tp53_vaf", 0.5),
                 0.1, "relative")  # fmt: skip


def _presentation() -> Iterator[Target]:
    yield Target("Men", 53.3, "%", AMLSG, "C", share("sex == 'M'"))
    for name, percent in (("de_novo", 89.4), ("therapy_related", 4.4), ("secondary", 4.0)):
        yield Target(f"Ontogeny {name}", percent, "%", AMLSG, "C", share(f"aml_type == '{name}'"))
    for score, percent in enumerate((25.5, 61.8, 11.4)):
        yield Target(f"ECOG {score}", percent, "%", AMLSG, "C", share(f"ecog == {score}"))
    yield Target("Splenomegaly", 34, "%", AMLSG, "C", share("splenomegaly == 1"))
    for name, percent in (("M0", 9.5), ("M1", 22), ("M2", 22), ("M4", 21), ("M5", 11)):
        yield Target(f"FAB {name}, without M3", percent / 0.895, "%", TCGA, "C",
                     share(f"fab == '{name}'", "fab != 'M3'"), 5)  # fmt: skip
    for name, (unit, average, spread, *quantiles) in LABORATORY.items():
        yield Target(f"{name}, mean", average, unit, AMLSG, "C", mean(name), 0.05, "relative")
        yield Target(f"{name}, sd", spread, unit, AMLSG, "C", sd(name), 0.10, "relative")
        for at, value in zip((0.05, 0.25, 0.5, 0.75, 0.95), quantiles, strict=True):
            kind, tolerance = ("absolute", 3) if unit == "%" else ("relative", 0.1)
            yield Target(f"{name}, quantile {at}", value, unit, AMLSG, "C",
                         quantile(name, at), tolerance, kind)  # fmt: skip
    for (one, other), rho in CORRELATIONS.items():
        yield Target(f"Spearman {one} and {other}", rho, "1", AMLSG, "C",
                     correlation(one, other), 0.06, "absolute")  # fmt: skip


def _outcome() -> Iterator[Target]:
    for group, count in (("favorable", 480), ("intermediate", 487), ("adverse", 508), ("APL", 65)):
        yield Target(f"ELN 2022 {group}", 100 * count / 1540, "%", AMLSG, "C",
                     share(f"eln2022 == '{group}'"))  # fmt: skip
    for years, percent in ((1, 69), (2, 53), (5, 41)):
        yield Target(f"Overall survival at {years} y, all", percent, "%", AMLSG, "C",
                     kaplan_meier("os_days", "os_event", 365.25 * years), 4)  # fmt: skip
    answered = "response_induction in ['CR', 'CRh/CRi']"
    yield Target("Remission after induction, all", 70, "%", AMLSG, "C", share(answered), 3)
    early = "response_induction == 'ED'"
    yield Target("Early death, all", 8, "%", AMLSG, "C", share(early))
    for group, (one, two, five, cr, ed, efs, rfs, hct) in OUTCOME.items():
        of = f"eln2022 == '{group}'"
        for years, percent in ((1, one), (2, two), (5, five)):
            yield Target(f"Overall survival at {years} y, {group}", percent, "%", AMLSG, "C",
                         kaplan_meier("os_days", "os_event", 365.25 * years, of), 4)  # fmt: skip
        for what, end, percent in (("Event", "efs", efs), ("Relapse", "rfs", rfs)):
            yield Target(f"{what}-free survival at 5 y, {group}", percent, "%", AMLSG, "C",
                         kaplan_meier(f"{end}_days", f"{end}_event", 1826.25, of), 5)  # fmt: skip
        yield Target(f"Remission after induction, {group}", cr, "%", AMLSG, "C",
                     share(answered, of), 3)  # fmt: skip
        yield Target(f"Early death, {group}", ed, "%", AMLSG, "C", share(early, of))
        yield Target(f"Transplant in first remission, {group}", hct, "%", AMLSG, "C",
                     share("transplant_in_cr1 == 1", of), 3)  # fmt: skip
    for ages, low, high, percent in (("18-39", 18, 39, 59), ("40-59", 40, 59, 41),
                                     ("60-69", 60, 69, 22)):  # fmt: skip
        yield Target(f"Overall survival at 5 y, age {ages}", percent, "%", AMLSG, "C",
                     kaplan_meier("os_days", "os_event", 1826.25,
                                  f"{low} <= age_years <= {high}"), 6)  # fmt: skip
    # Tolerance: two standard errors of the target, which rests on 66 to 418 patients.
    for name, percent, tolerance in (("inv16", 79, 9), ("cebpa_biallelic", 72, 11), ("npm1", 48, 5),
                                     ("chromatin_spliceosome", 28, 6),
                                     ("tp53_aneuploidy", 17, 6)):  # fmt: skip
        yield Target(f"Overall survival at 5 y, class {name}", percent, "%", AMLSG, "C",
                     kaplan_meier("os_days", "os_event", 1826.25, f"genomic_class == '{name}'"),
                     tolerance)  # fmt: skip
    for group, months in (("intermediate", 23.7), ("adverse", 13.4)):
        yield Target(f"Median survival, {group}", months * 30.4375, "d", AMLSG, "C",
                     median_survival(f"eln2022 == '{group}'"), 0.1, "relative")  # fmt: skip
    yield Target("Median survival, all", 850, "d", AMLSG, "C", median_survival(), 0.1, "relative")
    yield Target("Median follow-up", 5.9 * 365.25, "d", AMLSG, "C",
                 median_survival(censored=True), 0.1, "relative")  # fmt: skip
    yield Target("Day of first remission, median", 43, "d", AMLSG, "C", quantile("cr1_day", 0.5),
                 0.1, "relative")  # fmt: skip
    yield Target("Day of transplant in first remission, median", 143, "d", AMLSG, "C",
                 quantile("hct_day", 0.5, "hct_phase == 'CR1'"), 0.1, "relative")  # fmt: skip
    # About two standard errors of the target, more for what few patients have.
    rare = ("mut_CEBPA_bzip", "inv16", "t_15_17", "inv3", "plus13")
    for factor, ratio in constants("outcome")["hazard_ratios"].items():
        yield Target(f"Hazard ratio of death, {factor}", ratio, "1", AMLSG, "C",
                     hazard_ratio(factor), 0.35 if factor in rare else 0.25,
                     "relative")  # fmt: skip


TARGETS: tuple[Target, ...] = tuple(chain(_genetics(), _presentation(), _outcome()))
"""Every calibrated quantity, with its source and tag."""
