"""Who is treated, and what does treatment do to the blood?

Assignment depends on severity (pain-prone patients, stroke, Doppler), age,
genotype and centre and not on laboratory values, so that untreated patients
keep the published laboratory values. Effects are those of adherent patients.
"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.scd.centres import of_centres
from synthema_lab.cohorts.simulators.scd.margins import soft_cap

# Shares before severity and centre act; solved by simulation so that 45% of adults with SCA and 14%
# with a variant take hydroxycarbamide, 20.4 and 7% of adults are in a transfusion programme
# (GRNDaD) and 32% of all were transfused (C-Data).
_HU_SCA_ADULT, _HU_SCA_CHILD = 0.478, 0.490
_HU_VARIANT_ADULT, _HU_VARIANT_CHILD = 0.130, 0.050
_CHRONIC_SCA_ADULT, _CHRONIC_SCA_CHILD = 0.160, 0.080
_CHRONIC_VARIANT = 0.050
_EPISODIC_SCA, _EPISODIC_VARIANT = 0.265, 0.120
_PRONE, _QUIET = 1.15, 0.68  # how much more often the pain-prone and the quiet get it

# Hydroxycarbamide, adherent (recalled and assumed): what it adds or multiplies.
HU_HBF_ADULT, HU_HBF_CHILD = 1.9, 3.05
HU_MCV, HU_HB = 12.0, 0.9
HU_FACTORS = {"wbc": 0.72, "anc": 0.70, "retic": 0.65, "plt": 0.90, "ldh": 0.80, "bili": 0.70}
# A transfusion programme: own values less their share, donors' values beside them (assumed).
_TX_FACTORS = {"retic": 0.60, "ldh": 0.85, "wbc": 0.95}
_DONOR_MCV = 88.0


def assign(people: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Who takes hydroxycarbamide and who is transfused.

    Parameters
    ----------
    people : dict of str to array
        With ``prone``, ``stroke`` (ever) and ``tcd`` (cm/s).
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to array, shape (patients,)
        ``hu``, ``tx`` (0 none, 1 episodic, 2 chronic simple, 3 chronic
        exchange), ``steady``, ``transfused`` (% donor haemoglobin).
    """
    count, adult, sca = len(people["age"]), people["adult"], people["sca"]
    severity = np.where(people["prone"], _PRONE, _QUIET)
    chance = np.select(
        [sca & adult, sca, adult],
        [_CHRONIC_SCA_ADULT, _CHRONIC_SCA_CHILD, _CHRONIC_VARIANT],
        default=0.02,
    )
    chance = np.where(sca & ~adult & (people["tcd"] >= 200) & (people["age"] < 17), 0.85, chance)
    chance = np.where(people["stroke"], 0.75, np.minimum(chance * severity, 0.95))
    chronic = rng.random(count) < chance
    exchange = rng.random(count) < of_centres("exchange")[people["centre"]]
    exchange &= people["age"] >= 7
    episodic = rng.random(count) < np.where(sca, _EPISODIC_SCA, _EPISODIC_VARIANT)
    tx = np.select([chronic & exchange, chronic, episodic], [3, 2, 1], 0)
    chance = np.select(
        [sca & adult, sca, adult],
        [_HU_SCA_ADULT, _HU_SCA_CHILD * np.interp(people["age"], [1, 2, 5], [0.1, 0.6, 1.0]),
         _HU_VARIANT_ADULT],
        default=_HU_VARIANT_CHILD,
    )  # fmt: skip
    chance = chance * severity * np.where(chronic, 0.55, 1.06)
    chance = chance * of_centres("hydroxycarbamide")[people["centre"]]
    steady = ~chronic & (rng.random(count) < 0.92)
    recent = (tx == 1) & ~steady
    donors = np.clip(53 + 5 * rng.standard_normal(count), 35, 60)
    return {
        "hu": rng.random(count) < np.minimum(chance, 0.97),
        "tx": tx,
        "steady": steady,
        "transfused": np.select([tx >= 2, recent], [donors, donors - 33], 0.0),
    }


def on_blood(
    people: dict[str, np.ndarray], blood: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Laboratory values under each patient's treatment.

    Parameters
    ----------
    people : dict of str to array
        With `assign`'s columns.
    blood : dict of str to array
        Values without treatment.
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to array, shape (patients,)
        All of `blood`, changed where treatment changes it, and ``transfused``.
        Hydroxycarbamide first, then transfusion, then what an acute event does
        to a patient who is not in steady state.
    """
    hu, chronic, count = people["hu"], people["tx"] >= 2, len(people["age"])
    after = dict(blood)
    raised = np.where(people["adult"], HU_HBF_ADULT, HU_HBF_CHILD)
    after["hbf"] = np.where(hu, soft_cap(blood["hbf"] * raised, 30.0, 44.5), blood["hbf"])
    after["hb"] = blood["hb"] + HU_HB * hu
    after["mcv"] = blood["mcv"] + HU_MCV * hu
    for name, factor in HU_FACTORS.items():
        after[name] = blood[name] * np.where(hu, factor, 1.0)
    after["bili_dir"] = np.maximum(blood["bili_dir"] * np.where(hu, HU_FACTORS["bili"], 1.0), 0.05)
    after["bili_dir"] = np.minimum(after["bili_dir"], 0.9 * after["bili"])
    after["ast"] = blood["ast"] * np.where(hu, 0.88, 1.0)
    donors = people["transfused"] / 100
    lifted = np.where(people["sca"], 9.3, 10.4) + 0.45 * (after["hb"] - blood["hb_mean"])
    lifted = lifted + 0.4 * rng.standard_normal(count)
    after["hb"] = np.where(chronic, np.maximum(lifted, after["hb"]), after["hb"])
    after["mcv"] = (1 - donors) * after["mcv"] + donors * _DONOR_MCV
    for name, factor in _TX_FACTORS.items():
        after[name] = after[name] * np.where(chronic, factor, 1.0)
    # Median 2000, quartiles 1000 and 3800 in a programme (recalled); twice as much after episodes.
    loaded = np.exp(np.log(1950.0) + 0.99 * rng.standard_normal(count))
    after["ferritin"] = np.where(
        chronic, loaded, after["ferritin"] * np.where(people["tx"] == 1, 2.0, 1.0)
    )
    acute = ~people["steady"] & ~chronic
    after["hb"] = np.where(acute, after["hb"] - 0.5, after["hb"])
    for name, factor in {"wbc": 1.2, "anc": 1.3, "crp": 2.5, "ldh": 1.2, "ast": 1.15}.items():
        after[name] = after[name] * np.where(acute, factor, 1.0)
    after["anc"] = np.minimum(after["anc"], 0.95 * after["wbc"])
    for name in ("ldh", "ferritin"):
        after[name] = after[name] * of_centres(name)[people["centre"]]
    after["ldh"] = np.maximum(after["ldh"], 92.0)
    after["ferritin"] = np.maximum(soft_cap(after["ferritin"], 9000.0, 14500.0), 3.0)
    after["crp"] = soft_cap(after["crp"], 250.0, 390.0)
    return after


def medication(
    people: dict[str, np.ndarray], blood: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Dose, chelation, newer drugs, prophylaxis and alloimmunisation; shares are assumed."""
    age, count = people["age"], len(people["age"])
    tx, uniform = people["tx"], rng.random(count)
    dose = np.round(np.clip(21.5 + 4.2 * rng.standard_normal(count), 10.0, 35.0), 1)
    loaded = (blood["ferritin"] > 1000) & (tx >= 1) & (age >= 2)
    chelated = loaded & (rng.random(count) < np.where(tx == 2, 0.85, np.where(tx == 3, 0.45, 0.3)))
    which = np.select([uniform < 0.82, uniform < 0.92], [1, 2], 3)
    british = of_centres("country")[people["centre"]] == "GB"
    prone = people["prone"] & (age >= 16)
    prophylaxis = np.interp(age, [1, 5, 10, 18, 30], [0.94, 0.92, 0.70, 0.40, 0.25])
    prophylaxis = prophylaxis * np.where(people["sca"], 1.0, 0.75)
    exposure = np.select([tx >= 2, tx == 1], [0.24, 0.14], 0.04)
    return {
        "dose": np.where(people["hu"], dose, np.nan),
        "chelation": np.where(chelated, which, 0),
        "crizanlizumab": prone & (rng.random(count) < np.where(british, 0.06, 0.025)),
        "voxelotor": (age >= 12) & people["sca"] & (rng.random(count) < 0.03),
        "l_glutamine": np.zeros(count, dtype=bool),
        "penicillin": rng.random(count) < prophylaxis,
        "alloimmunised": rng.random(count) < exposure * np.interp(age, [1, 10, 30], [0.4, 0.8, 1]),
    }
