"""How are kidneys affected: albumin in urine, and creatinine in chronic disease?"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.scd.margins import soft_cap

# Median albumin/creatinine (mg/g) and deviation of its logarithm, solved so that 39.5% of adults
# with SCA and 19.4% with variants reach 30 (GRNDaD), while hydroxycarbamide lowers that risk to
# 0.42 (Syst Rev 2024): untreated 53 and 21%.
_UACR_SCA, _UACR_VARIANT, _UACR_SIGMA = 29.8, 8.8, 1.4
_UACR_HU = -1.29
_UACR_CHILD = 0.42
_UACR_CKD = 1.6


def draw(
    people: dict[str, np.ndarray], blood: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Albumin/creatinine ``uacr`` (mg/g), and ``creat`` (mg/dL) raised in kidney disease."""
    count, ckd = len(people["age"]), people["ckd"]
    median = np.where(people["sca"], _UACR_SCA, _UACR_VARIANT)
    median = median * np.interp(people["age"], [3, 18, 60], [_UACR_CHILD, 0.85, 1.5])
    logarithm = np.log(median) + _UACR_SIGMA * rng.standard_normal(count)
    logarithm = logarithm + _UACR_HU * people["hu"] + _UACR_CKD * ckd
    raised = 1 + 0.9 * np.exp(0.6 * rng.standard_normal(count))
    return {
        "uacr": soft_cap(np.exp(logarithm), 2500.0, 5900.0),
        "creat": soft_cap(blood["creat"] * np.where(ckd, raised, 1.0), 6.0, 11.5),
    }
