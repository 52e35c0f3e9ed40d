"""Which published facts is the simulator not held to, and why?

Where two sources disagree, one of them is simulated and stands in `targets`;
the other is here, so that nothing is dropped in silence.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Untargeted:
    """A published fact that is not simulated.

    Attributes
    ----------
    fact, source, tag, reason : str
        The tag as in `calibration.Target`.
    """

    fact: str
    source: str
    tag: str
    reason: str


_OTHER = "another population; the European mix is simulated"
_CURE = "trial arms and pooled before-after effects are no cohort's margins"

UNTARGETED: tuple[Untargeted, ...] = tuple(
    Untargeted(*row)
    for row in (
        ("Two and more painful crises in the year: 7% of all", "RADeep 2025", "V",
         "follows from its adult and child shares, which are simulated as crises with a stay"),
        ("SS 63%; 69% up to 17 years", "C-Data 2006", "V", _OTHER),
        ("SS 67.2, SC 32.5, Sb+ 0.3%; 52.9% male", "Kumasi, Front Genet 2022", "V", _OTHER),
        ("ACS ever 51% of children, 76% of adults", "C-Data 2006", "V",
         "adults contradict GRNDaD (60.9 and 41%), which tells genotypes apart and is simulated"),
        ("Ischaemic stroke 6% of children, 11% of adults", "C-Data 2006", "V",
         "contradicts the CSSCD prevalence of 4.01%, which is simulated"),
        ("Stroke 16% of SCA and 9.6% of variant adults", "GRNDaD 2020", "V",
         "contradicts the CSSCD prevalence of 4.01%, which is simulated"),
        ("Haemoglobin 8.71 (0.84), 10.63 (1.28), 12.3 (0.94)", "Anionwu, 41 values", "C",
         "contradicts 639 and 639 adults, which are simulated; kept as an external check"),
        ("HbSC: median haemoglobin 11.5", "Grady", "V",
         "0.4 above the mean of 639 adults, which is simulated"),
        ("ACS of adults in a later analysis: 5.6 and 2.3 in 100 a", "CSSCD re-analysis", "V",
         "contradicts Castro 1994, which gives children too and is simulated"),
        ("Proliferative retinopathy in HbSC at long follow-up: 22.9%", "AJH 2002", "V",
         "contradicts 3.1% of adults, simulated for its comparison with HbSS"),
        ("Priapism by self-report 30 to 40% in HbSS, 20% in HbSC", "recalled; Lionnet 2012", "V",
         "asked instead of recorded; the recorded 10.3 and 4.4% are simulated"),
        ("Silent infarcts of 21.8% at 6 to 19 years", "CSSCD 2002", "V",
         "older scanners; 27% by 6 and 37% by 14 years are simulated"),
        ("With silent infarcts: new stroke 1.03, progression 7.06 in 100 a", "Blood 2002", "V",
         "the cohort is a cross-section with survival; strokes after the visit are not simulated"),
        ("Leg ulcers of 9.97 and 5.73 in 100 a", "Koshy 1989", "V",
         "count recurrences; their ratio by alpha-thalassaemia is built in, prevalence simulated"),
        ("Necrosis: hazard ratios of severe disease 2.77 and ACS 1.61", "California", "V",
         "severity is defined by events; pain-prone patients have 1.6 times the hazard of others"),
        ("Doppler conditional ever in 20%, of whom 23% convert in 18 months", "Memphis 2008", "V",
         "repeated examinations; one velocity a patient is simulated"),
        ("Doppler 143 (35) in untreated US children", "assumed alternative", "A",
         "the verified mean of 131 is simulated"),
        ("XmnI on ln HbF: +0.56 and +0.14", "Makani 2011", "V",
         "contradict each other; 0.35 between them is simulated"),
        ("Allele frequencies in Tanzania: HMIP .01, XmnI .01", "Makani 2011", "V", _OTHER),
        ("Alpha-thalassaemia: haemoglobin +0.4 and +1.0", "recalled", "R",
         "contradicts the verified -0.29 of patients with neither modifier; +0.22 and +0.66"),
        ("HbF under hydroxycarbamide by quartile: 18.1, 8.8, 4.2, 3.9%", "MSH, Blood 1997", "V",
         "mean 8.75%, all who were assigned; adherent patients with 1.9 times their HbF are "
         "simulated"),
        ("Hydroxycarbamide: Doppler -1.03 and jet -1.37 deviations", "Syst Rev 2024", "V",
         _CURE + "; -15 cm/s and no change of the jet are simulated"),
        ("Hydroxycarbamide: transfused, risk ratio 0.65", "MSH, recalled", "R", _CURE),
        ("Hydroxycarbamide response by baseline HbF, counts, dose", "Blood 2002; 99: 10", "V",
         "no size given; a response is proportional to the value without treatment"),
        ("Children on hydroxycarbamide: ACS 3.3, AVN 1.1 in 100 a", "Belgium 2005", "V",
         "one treated registry; untreated rates and the trial's ratio are simulated"),
        ("Crizanlizumab 1.63 against 2.98 crises, voxelotor, L-glutamine", "JAMA 2022", "V",
         "recorded as ever used, withdrawn or not authorised in the EU; no effect is simulated"),
        ("Transfusion: HbS below 30%, strokes -92%, infarcts 6 against 13%", "STOP, SIT", "V",
         "a goal of treatment and trial effects; donor haemoglobin averages 53%"),
        ("Transfusion: hazard of death 0.71 (not significant)", "Blood Adv 2023", "V",
         "its interval includes 1"),
        ("Median age at death 42 and 48 (SS), 60 and 68 (SC), by sex", "Platt 1994", "V",
         "1980s; the modern curve with 49.3 years is simulated, without a difference by sex"),
        ("Death: crises 2.68, ferritin 4.0, filtration 2.73, ACS, seizures, leukocytes, HbF",
         "Walk-PHaSST; Platt 1994", "V",
         "same deaths as jet and NT-proBNP, whose joint ratio is simulated"),
        ("Stroke: more with ACS, pressure, TIA; haemorrhage at 20 to 29", "CSSCD", "V",
         "no size given; haemoglobin and the absence of modifiers raise it here"),
        ("Central African beta-S lowest, Senegal and Arab-Indian highest HbF", "recalled", "R",
         "an order without sizes: built in, and a test holds the order"),
        ("Chelation, antibodies, spleen, gallstones, iron, growth, dose", "none", "A",
         "assumed without a published margin to hold them to"),
        ("Cells and sickle cells on a field, solidity, eccentricity", "Uganda", "C",
         "of a photograph, in no variable of the dictionary"),
    )
)  # fmt: skip
