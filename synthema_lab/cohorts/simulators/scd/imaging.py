"""What do Doppler, echocardiography and magnetic resonance show?"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.scd.margins import MARGINS, soft_cap

# Highest velocity by transcranial Doppler in children (cm/s): mean and deviation by genotype
# (HbSS, HbSC, HbSb0, HbSb+, other), and what one unit more of each predictor adds.
_TCD_MEAN = np.array([131.0, 107.0, 128.0, 105.0, 112.0])
_TCD_SD = np.array([27.0, 20.0, 27.0, 20.0, 22.0])
_TCD_AGE, _TCD_HB, _TCD_SPO2 = -1.3, -6.0, -0.8
_TCD_WBC, _TCD_PLT = 0.4, 0.01
_TCD_MEAN_AGE = 9.0  # of children at 2 to 16 years
HU_TCD = -14.7  # solved for -15 between treated and untreated children
# Tricuspid jet (m/s), log-normal in adults; by genotype.
_TRV_MU = np.array([0.875, 0.770, 0.875, 0.770, 0.800])
_TRV_SIGMA = np.array([0.182, 0.130, 0.182, 0.130, 0.150])
_TRV_CHILD = -0.06
_AGE_TRV = 0.35
# Integral of the hazard of silent infarction by age in HbSS: 27% by 6 and 37% by 14 years.
_SCI_AGES, _SCI_SUM = [0, 6, 14, 80], [0.0, 0.3147, 0.4620, 1.68]
_SCI_GENOTYPE = np.array([1.0, 0.18, 1.0, 0.18, 0.30])


def doppler(
    people: dict[str, np.ndarray], blood: dict[str, np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """Velocity without treatment, in everyone; it is recorded at screening age only."""
    genotype, count = people["genotype"], len(people["age"])
    mean, spread = _TCD_MEAN[genotype], _TCD_SD[genotype]
    effect = _TCD_AGE * (np.minimum(people["age"], 17) - _TCD_MEAN_AGE)
    effect = effect + _TCD_HB * (blood["hb"] - blood["hb_mean"])
    effect = effect + _TCD_SPO2 * (people["spo2"] - 96.5)
    effect = effect + _TCD_WBC * (blood["wbc"] - np.exp(MARGINS["wbc"][0][genotype]))
    effect = effect + _TCD_PLT * (blood["plt"] - np.exp(MARGINS["plt"][0][genotype]))
    explained = (4.2 * _TCD_AGE) ** 2 + (MARGINS["hb"][1][genotype] * _TCD_HB) ** 2 + 10.0
    rest = np.sqrt(np.maximum(spread**2 - explained, 60.0))
    return np.clip(mean + effect + rest * rng.standard_normal(count), 45.0, 290.0)


def heart(
    people: dict[str, np.ndarray], trv_score: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Tricuspid jet velocity ``trv`` (m/s) and pulmonary hypertension ``ph`` by catheter."""
    genotype = people["genotype"]
    score = np.where(
        people["adult"],
        _AGE_TRV * people["age_score"] + np.sqrt(1 - _AGE_TRV**2) * trv_score,
        trv_score,
    )
    location = _TRV_MU[genotype] + np.where(people["adult"], 0.0, _TRV_CHILD)
    trv = np.clip(np.exp(location + _TRV_SIGMA[genotype] * score), 1.55, 4.9)
    chance = np.select([trv >= 3.0, trv >= 2.5], [0.38, 0.06], 0.01) * people["adult"]
    return {"trv": trv, "ph": rng.random(len(trv)) < chance}


def brain(
    people: dict[str, np.ndarray], blood: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Silent infarcts: ``sci``, ``lesions``, ``volume`` (mL); stenosis ``mra`` (0 to 3).

    More in boys and men, with low haemoglobin and high systolic pressure.
    """
    age, count = people["age"], len(people["age"])
    relative = np.exp(-0.20 * (blood["hb"] - blood["hb_mean"]) + 0.012 * people["sbp_above"])
    relative = relative * np.where(people["male"], 1.12, 0.86)
    hazard = np.interp(age, _SCI_AGES, _SCI_SUM) * _SCI_GENOTYPE[people["genotype"]] * relative
    found = rng.random(count) < -np.expm1(-hazard)
    lesions = np.where(found, 1 + np.minimum(rng.geometric(0.30, count) - 1, 38), 0)
    volume = lesions * 0.55 * np.exp(0.9 * rng.standard_normal(count))
    volume = np.where(found, np.maximum(soft_cap(volume, 30.0, 58.0), 0.1), 0.0)
    uniform = rng.random(count)
    severe = np.select([people["stroke"], found], [0.45, 0.06], 0.015) * np.where(
        people["sca"], 1.0, 0.3
    )
    mra = np.select(
        [uniform < 0.5 * severe, uniform < severe, uniform < 2.0 * severe], [3, 2, 1], 0
    )
    return {"sci": found, "lesions": lesions, "volume": volume, "mra": mra}


def iron(
    people: dict[str, np.ndarray], blood: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Iron in liver ``lic`` (mg/g dry weight) and heart ``t2s`` (ms), from ferritin; assumed."""
    count = len(people["age"])
    lic = 1.1 * (blood["ferritin"] / 150) ** 0.72 * np.exp(0.40 * rng.standard_normal(count))
    lic = np.maximum(soft_cap(lic, 25.0, 44.0), 0.5)
    t2s = 36.0 - 4.5 * np.log(np.maximum(lic / 10, 0.5)) + 4.5 * rng.standard_normal(count)
    return {"lic": lic, "t2s": np.clip(t2s, 8.0, 52.0)}
