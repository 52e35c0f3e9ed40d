"""Who are the patients, what do they carry, and how are they treated, by publication?"""

from __future__ import annotations

from synthema_lab.cohorts.simulators.calibration import Target
from synthema_lab.cohorts.simulators.measures import (
    difference,
    mean,
    median,
    odds_ratio,
    quantile,
    ratio,
    share,
)
from synthema_lab.cohorts.simulators.regression import coefficient, explained
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
from synthema_lab.cohorts.simulators.scd.trial import chest_ratio, crisis_ratio

_RADEEP = "RADeep, Blood 2025; 146 Suppl 1: 179"
_CASIRE = "CASiRe, PMC7669607"
_GHBF = "g(HbF), Blood Adv"
_MAKANI = "Makani 2011, PMC5555384, table 2"
_GRNDAD = "GRNDaD, Blood 2020; 136 Suppl 1: 34"
_NATURAL = of("HbSS", ADULT, UNTREATED, STEADY)
_WEST = "ancestry_region == 'west_africa' and genotype == 'HbSS'"
_ALLELES = ("bcl11a_rs1427407_T", "hmip_rs9399137_C", "xmni_rs7482144_A")


def _people(quantity: str, value: float, condition: str, source: str, tag: str, where=None):
    return Target(quantity, value, "%", source, tag, share(condition, where))


POPULATION = (
    _people("Genotype HbSS", 71.6, "genotype == 'HbSS'", _RADEEP + " (SCA, read as HbSS)", "V"),
    _people("Genotype HbSC", 15.0, "genotype == 'HbSC'", _RADEEP, "V"),
    _people("Genotype HbS-beta", 10.9, "genotype in ['HbSb0', 'HbSb+']", _RADEEP, "V"),
    _people("Genotype HbS with another variant", 2.5, "genotype == 'HbS_other'", _RADEEP, "V"),
    _people("HbSb0 among HbS-beta", 38.5, "genotype == 'HbSb0'", "assumed split", "A",
            "genotype in ['HbSb0', 'HbSb+']"),
    _people("Women and girls", 52.5, "sex == 'F'", _RADEEP, "V"),
    _people("Under 18 years", 62.1, "age_years < 18", _RADEEP, "V"),
    Target("Age, median", 14.0, "a", _RADEEP, "V", median("age_years"), 0.05, "relative"),
    _people("Found by newborn screening", 41.3, "dx_mode == 'newborn_screening'", _RADEEP, "V"),
    _people("Genotype confirmed by DNA", 32.1, "genotype_confirmed == 1", _RADEEP, "V"),
    _people("Family from West Africa", 73.0, "ancestry_region == 'west_africa'", _CASIRE, "V"),
    _people("Family from Europe", 10.0, "ancestry_region == 'mediterranean'",
            _CASIRE + " (recorded as Mediterranean)", "V"),
    _people("Family from the Caribbean", 8.0, "ancestry_region == 'caribbean'", _CASIRE, "V"),
)  # fmt: skip


def _allele(quantity: str, value: float, name: str, source: str, tag: str, where=None) -> Target:
    halves = ratio(mean(name, where), lambda patients: (0.02, 0.0))
    return Target(quantity, value, "%", source, tag, halves)


def _haplotype(value: float, pair: str, source: str) -> Target:
    return _people(f"{pair} among HbSS of West African family", value, f"bs_haplotype == '{pair}'",
                   source, "R", _WEST)  # fmt: skip


_EUROPE = "Recalled for Europe (chromosomes BEN .60, CAR .20, SEN .10), squared"
GENETICS = (
    _allele("BCL11A rs1427407 T allele", 25.5, "bcl11a_rs1427407_T", "Recalled: .24 to .27", "R"),
    _allele("HMIP rs9399137 C allele", 7.0, "hmip_rs9399137_C", _MAKANI + ", London", "V"),
    _allele("XmnI rs7482144 A allele, West African family", 7.0, "xmni_rs7482144_A",
            _MAKANI + ", London", "V", "ancestry_region == 'west_africa'"),
    Target("BCL11A T on ln HbF, per allele, HbSS adults", 0.425, "ln %", _MAKANI + " (.41 to .44)",
           "V", coefficient("hbf_pct", _ALLELES[0], _ALLELES[1:], _NATURAL), 0.05, "relative"),
    Target("HMIP C on ln HbF, per allele, HbSS adults", 0.60, "ln %",
           _MAKANI + " (midway between .53 and .67)", "V",
           coefficient("hbf_pct", _ALLELES[1], [_ALLELES[0], _ALLELES[2]], _NATURAL),
           0.05, "relative"),
    Target("XmnI A on ln HbF, per allele, HbSS from 8 years", 0.35, "ln %",
           "Assumed between .56 and .14 of " + _MAKANI, "A",
           coefficient("hbf_pct", _ALLELES[2], [*_ALLELES[:2], "age_years < 12"],
                       of("HbSS", "age_years >= 8", UNTREATED, STEADY)), 0.05, "relative"),
    Target("Variance of ln HbF explained by the alleles, SCA adults", 21.8, "%", _GHBF, "V",
           explained("hbf_pct", _ALLELES, every(SCA, ADULT, UNTREATED, STEADY))),
    Target("Variance of ln HbF explained by the alleles, HbSC adults", 27.5, "%", _GHBF, "V",
           explained("hbf_pct", _ALLELES, of("HbSC", ADULT, UNTREATED, STEADY))),
    _people("One alpha-globin gene deleted", 30.0, "alpha_thal == '-a/aa'", "Recalled, US and UK",
            "R"),
    _people("Two alpha-globin genes deleted", 3.5, "alpha_thal == '-a/-a'", "Recalled, US and UK",
            "R"),
    _people("Any alpha-globin deletion, HbSC", 29.0, "alpha_thal in ['-a/aa', '-a/-a']",
            "AJH 2002; 70: 206 (US)", "V", "genotype == 'HbSC'"),
    _people("One alpha-globin gene deleted, Central African family", 23.6, "alpha_thal == '-a/aa'",
            "Kinshasa", "V", "ancestry_region == 'central_africa'"),
    _people("Two alpha-globin genes deleted, Central African family", 25.5,
            "alpha_thal == '-a/-a'", "Kinshasa", "V", "ancestry_region == 'central_africa'"),
    _people("G6PD deficiency, males", 11.5, "g6pd_deficient == 1", "Recalled: 10 to 13%", "R",
            "sex == 'M'"),
    _people("G6PD deficiency, females", 3.0, "g6pd_deficient == 1", "Recalled: 2 to 4%", "R",
            "sex == 'F'"),
    _haplotype(36.0, "BEN/BEN", _EUROPE),
    _haplotype(4.0, "CAR/CAR", _EUROPE),
    _haplotype(1.0, "SEN/SEN", _EUROPE),
    Target("Neither alpha-thalassaemia nor BCL11A T: haemoglobin, HbSS adults", -0.29, "g/dL",
           "Blood Adv 2017; 1: 693", "V",
           difference(mean("hb_gdl", every(_NATURAL, "alpha_thal == 'aa/aa'",
                                           "bcl11a_rs1427407_T == 0")),
                      mean("hb_gdl", every(_NATURAL, "(alpha_thal != 'aa/aa' or "
                                                     "bcl11a_rs1427407_T > 0)"))),
           0.05, "absolute"),
    Target("Neither alpha-thalassaemia nor BCL11A T: reticulocytes, HbSS adults", 2.29, "points",
           "Blood Adv 2017; 1: 693", "V",
           difference(mean("retic_pct", every(_NATURAL, "alpha_thal == 'aa/aa'",
                                              "bcl11a_rs1427407_T == 0")),
                      mean("retic_pct", every(_NATURAL, "(alpha_thal != 'aa/aa' or "
                                                        "bcl11a_rs1427407_T > 0)"))),
           0.20, "absolute"),
)  # fmt: skip


_TREATED = of("HbSS", ADULT, "hu_current == 1 and tx_program == 'none'", STEADY)


def _effect(what: str, value: float, variable: str, added: bool, unit: str, allowed=0.05):
    """Effect of hydroxycarbamide: treated adults with HbSS beside untreated ones."""
    take = mean if added else median
    compare = difference if added else ratio
    measure = compare(take(variable, _TREATED), take(variable, _NATURAL))
    source = "Recalled, adherent patients"
    return Target(f"Hydroxycarbamide: {what}", value, unit, source, "R", measure, allowed,
                  "relative")  # fmt: skip


TREATMENT = (
    _people("Hydroxycarbamide, SCA adults", 45.0, "hu_current == 1", _GRNDAD, "V",
            every(SCA, ADULT)),
    _people("Hydroxycarbamide, variant adults", 14.0, "hu_current == 1", _GRNDAD, "V",
            every(VARIANT, ADULT)),
    _people("Transfusion programme, SCA adults", 20.4,
            "tx_program in ['chronic_simple', 'chronic_exchange']", _GRNDAD, "V",
            every(SCA, ADULT)),
    _people("Transfusion programme, variant adults", 7.0,
            "tx_program in ['chronic_simple', 'chronic_exchange']", _GRNDAD, "V",
            every(VARIANT, ADULT)),
    _people("Transfused, everyone", 32.0, "tx_program != 'none'",
            "C-Data, Blood 2006; 108: 1200 (in the last year)", "V"),
    _effect("HbF, times", 1.9, "hbf_pct", False, "1"),
    _effect("MCV, plus", 12.0, "mcv_fl", True, "fL"),
    _effect("haemoglobin, plus", 0.9, "hb_gdl", True, "g/dL"),
    _effect("leukocytes, times", 0.72, "wbc_gl", False, "1"),
    _effect("neutrophils, times", 0.70, "anc_gl", False, "1"),
    _effect("reticulocytes, times", 0.65, "retic_pct", False, "1"),
    _effect("platelets, times", 0.90, "plt_gl", False, "1"),
    _effect("LDH, times", 0.80, "ldh_ul", False, "1"),
    _effect("bilirubin, times", 0.70, "bili_tot_mgdl", False, "1"),
    Target("Hydroxycarbamide: HbF of children with SCA, median", 20.0, "%",
           "Recalled: 15 to 25% at the tolerated dose", "R",
           median("hbf_pct", every(SCA, CHILD, "hu_current == 1 and tx_program == 'none'")),
           0.05, "relative"),
    Target("Hydroxycarbamide: crises, everyone treated over nobody", 0.56, "1",
           "Recalled, MSH (-44%)", "R", crisis_ratio, 0.05, "relative"),
    Target("Hydroxycarbamide: ACS, everyone treated over nobody", 0.50, "1",
           "Recalled, MSH (about .5)", "R", chest_ratio, 0.05, "relative"),
    Target("Hydroxycarbamide: Doppler velocity, SCA from 6 years, plus", -15.0, "cm/s", "Recalled",
           "R", difference(
               mean("tcd_tammv_cms", every(SCA, "age_years >= 6 and hu_current == 1")),
               mean("tcd_tammv_cms", every(SCA, "age_years >= 6 and hu_current == 0"))),
           0.05, "relative"),
    Target("Transfusion programme: ferritin, median", 2000.0, "ng/mL",
           "Recalled: 2000 (1000 to 3800)", "R",
           median("ferritin_ngml", "tx_program in ['chronic_simple', 'chronic_exchange']"),
           0.05, "relative"),
    Target("Transfusion programme: ferritin, upper quartile", 3800.0, "ng/mL",
           "Recalled: 2000 (1000 to 3800)", "R",
           quantile("ferritin_ngml", 0.75, "tx_program in ['chronic_simple', 'chronic_exchange']"),
           0.05, "relative"),
    Target("Ferritin above 1000 and transfusion programme", 20.0, "odds ratio",
           "Assumed: strong association", "A",
           odds_ratio("ferritin_ngml > 1000",
                      "tx_program in ['chronic_simple', 'chronic_exchange']"), 1.0, "side"),
)  # fmt: skip
