"""What are a patient's blood counts and chemistry before any treatment?"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.scd.margins import CREATININE_OF_MEN, MARGINS, soft_cap

# Effect of one and two alpha-globin deletions: on reticulocytes less 2 and 4 points of 10.5, LDH
# times 0.88 and 0.75, bilirubin times 0.85 and 0.70 (recalled).
_ALPHA = {
    "retic": np.log([1.0, 8.5 / 10.5, 6.5 / 10.5]),
    "ldh": np.log([1.0, 0.88, 0.75]),
    "bili": np.log([1.0, 0.85, 0.70]),
}
_ALPHA_SHARES = np.array([0.669, 0.293, 0.038])
# Neither alpha-thalassaemia nor BCL11A T: 2.29 points more reticulocytes (Blood Adv 2017). Half of
# it comes through the effects above; this is the rest, solved by simulation.
_NEITHER_RETIC, _NEITHER_SHARE = 0.085, 0.376
# Spread below the median over that above it: published quartiles of ferritin (100, 200, 450) and
# CRP (2, 4.5, 9) lie unevenly about their medians.
_LOWER = {"ferritin": np.log(2.0) / np.log(2.25), "crp": np.log(2.25) / np.log(2.0)}
# Correlation of age with creatinine among adults, as a correlation of normal scores.
_AGE_CREATININE = 0.48


def untreated(
    people: dict[str, np.ndarray], scores: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Counts and chemistry as they would be without treatment.

    Parameters
    ----------
    people : dict of str to array
        With genetics and ``height``.
    scores : dict of str to array
        From `residuals.draw`.
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to array, shape (patients,)
        ``wbc``, ``anc``, ``plt`` (10*9/L), ``retic`` (%), ``ldh``, ``ast``,
        ``alt`` (U/L), ``bili``, ``bili_dir``, ``creat`` (mg/dL), ``crp``
        (mg/L), ``ntprobnp`` (pg/mL), ``ferritin`` (ng/mL).
    """
    genotype, age, count = people["genotype"], people["age"], len(people["age"])

    def log_normal(name: str, score: np.ndarray) -> np.ndarray:
        """The logarithm, with alpha-thalassaemia; its effect is taken out of the spread."""
        location, spread = MARGINS[name]
        effect, used = np.zeros(count), 0.0
        if name in _ALPHA:
            size = _ALPHA[name]
            average = size @ _ALPHA_SHARES
            used = size**2 @ _ALPHA_SHARES - average**2
            effect = size[people["alpha_deleted"]] - average
        if name == "retic":
            effect = effect + _NEITHER_RETIC * (people["neither"] - _NEITHER_SHARE)
            used += _NEITHER_RETIC**2 * _NEITHER_SHARE * (1 - _NEITHER_SHARE)
        own = score * np.where(score < 0, _LOWER.get(name, 1.0), 1.0)
        return location[genotype] + np.sqrt(spread[genotype] ** 2 - used) * own + effect

    wbc = np.exp(log_normal("wbc", scores["wbc"]))
    # Platelets fall with age (West 1992); 0.3% a year about the adults' mean of 33 years.
    plt = np.exp(log_normal("plt", scores["plt"]) - 0.003 * np.minimum(age - 33, 30))
    bili = soft_cap(np.exp(log_normal("bili", scores["bili"])), 15.0, 28.0)
    ast = np.exp(log_normal("ast", scores["ast"]))
    with_age = scores["creat"] * np.sqrt(1 - _AGE_CREATININE**2)
    creat_score = np.where(
        people["adult"], _AGE_CREATININE * people["age_score"] + with_age, scores["creat"]
    )
    creat = np.exp(log_normal("creat", creat_score)) * _growth(age)
    creat *= np.where(people["male"] & (age >= 14), CREATININE_OF_MEN, 1.0)
    # NT-proBNP of children is not far from that of adults after infancy; assumed equal.
    return {
        "wbc": soft_cap(wbc, 35.0, 44.0),
        "anc": wbc * _neutrophils(genotype, rng.standard_normal(count)),
        "plt": soft_cap(plt, 900.0, 1180.0),
        "retic": soft_cap(np.exp(log_normal("retic", scores["retic"])), 28.0, 39.0),
        "ldh": np.maximum(
            soft_cap(np.exp(log_normal("ldh", scores["ldh"])), 2000.0, 2950.0), 125.0
        ),
        "bili": np.maximum(bili, 0.4),
        "bili_dir": np.maximum(bili, 0.4) * _direct(rng.standard_normal(count)),
        "ast": soft_cap(ast, 300.0, 590.0),
        "alt": soft_cap(0.62 * ast * np.exp(0.32 * rng.standard_normal(count)), 300.0, 590.0),
        # Never so little that a child would filter more than 210 mL/min (bedside Schwartz).
        "creat": np.maximum(creat, np.where(age < 18, 0.413 * people["height"] / 205, 0.18)),
        "crp": soft_cap(np.exp(log_normal("crp", scores["crp"])), 200.0, 390.0),
        "ntprobnp": np.maximum(
            soft_cap(np.exp(log_normal("ntprobnp", scores["ntprobnp"])), 9e3, 19e3), 5.0
        ),
        "ferritin": np.exp(log_normal("ferritin", rng.standard_normal(count))) * _iron(age),
    }


def _neutrophils(genotype: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Neutrophils as a share of leukocytes; from the published means and deviations of both."""
    share = np.array([0.525, 0.57, 0.527, 0.575, 0.55])[genotype]
    spread = np.array([0.146, 0.155, 0.168, 0.155, 0.15])[genotype]
    return np.clip(share + spread * score, 0.12, 0.93)


def _direct(score: np.ndarray) -> np.ndarray:
    """Direct bilirubin as a share of the total; assumed."""
    return np.clip(0.17 * np.exp(0.35 * score), 0.05, 0.85)


def _growth(age: np.ndarray) -> np.ndarray:
    """Creatinine of a child over that of an adult woman; it rises most from 14 years."""
    return np.interp(age, [1, 3, 6, 10, 14, 18], [0.50, 0.58, 0.68, 0.76, 0.86, 1.0])


def _iron(age: np.ndarray) -> np.ndarray:
    """Ferritin of a child over that of an adult without transfusions; assumed."""
    return np.interp(age, [1, 5, 18], [0.5, 0.7, 1.0])
