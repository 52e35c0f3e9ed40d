"""How old is the patient, and what do blood and marrow show at diagnosis?

Normal scores are drawn first: a mean by genes and age, and residuals that hang
together (haemoglobin with platelets; white cells with LDH and blasts). Quantiles of
the cohort bring each score back to a value. ECOG and spleen are cut from such scores.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from synthema_lab.cohorts.simulators.aml.constants import Columns, chance, constants, logistic

LOGARITHMIC = ("plt_gl", "wbc_gl", "ldh_ul")
"""Interpolated between quantiles on the logarithm."""

DECIMALS = {"age_years": 0, "hb_gdl": 1, "plt_gl": 0, "wbc_gl": 1, "ldh_ul": 0,
            "bm_blasts_pct": 0, "pb_blasts_pct": 0}  # fmt: skip

ECOG_SHARES = (0.255, 0.618, 0.114, 0.0115, 0.0015)
SPLENOMEGALY = 0.344
SCORE_SD = {"ecog": 0.81, "splenomegaly": 0.72}
"""Standard deviation of the normal scores of variables with few values, whose ties narrow them."""


def draw_age(columns: Columns, rng: np.random.Generator) -> Columns:
    """``age_years`` (whole years, at least 18) and ``age_score`` (standard normal)."""
    told = constants("laboratory")["regressions"]["age_years"]
    size = len(columns["male"])
    score = _mean(told, columns) + told["residual_sd"] * rng.standard_normal(size)
    return {"age_score": score, "age_years": value_of("age_years", score)}


def draw_laboratory(columns: Columns, rng: np.random.Generator) -> Columns:
    """Values at diagnosis, ECOG and splenomegaly; units as in the dictionary.

    Parameters
    ----------
    columns : mapping of name to ndarray
        Lesions, karyotype, genes, ``male`` and ``age_score``.
    rng : Generator
    """
    told = constants("laboratory")
    covariance = np.array(told["residual_covariance"])
    size = len(columns["male"])
    residual = rng.standard_normal((size, len(covariance))) @ np.linalg.cholesky(covariance).T
    scores = {
        name: _mean(told["regressions"][name], columns) + residual[:, number]
        for number, name in enumerate(told["residual_order"])
    }
    drawn = {name: value_of(name, scores[name]) for name in scores if name in DECIMALS}
    ecog, spleen = (scores[name] / SCORE_SD[name] for name in ("ecog", "splenomegaly"))
    drawn["ecog"] = np.searchsorted(ndtri(np.cumsum(ECOG_SHARES)[:-1]), ecog).astype(float)
    drawn["splenomegaly"] = (spleen > ndtri(1 - SPLENOMEGALY)).astype(float)
    return drawn | _assumed(columns | drawn, rng)


def value_of(name: str, score: np.ndarray) -> np.ndarray:
    """The value that has this normal score in the cohort, rounded as it is recorded.

    Examples
    --------
    >>> value_of("hb_gdl", np.array([-1.2816, 0.0])).tolist()
    [6.8, 9.1]
    """
    quantiles = constants("laboratory")["quantiles"]
    values = np.array(quantiles[name], dtype=float)
    if name in LOGARITHMIC:
        drawn = np.exp(np.interp(ndtr(score), quantiles["at"], np.log(values)))
    else:
        drawn = np.interp(ndtr(score), quantiles["at"], values)
    return np.round(drawn, DECIMALS[name])


def _mean(told: dict, columns: Columns) -> np.ndarray:
    mean = np.full(len(columns["male"]), told["base"])
    for name, effect in told["effects"].items():
        mean = mean + effect * columns[name]
    return mean


def _assumed(columns: Columns, rng: np.random.Generator) -> Columns:
    """What the release does not record: shares and centres are assumed (A)."""
    size = len(columns["male"])
    wbc, age = columns["wbc_gl"], columns["age_years"]
    promyelocytic = columns["t_15_17"] == 1
    # Neutrophils are what is left of the white cells beside blasts and lymphocytes.
    left = wbc * (1 - columns["pb_blasts_pct"] / 100)
    neutrophils = np.minimum(left * rng.beta(3, 4, size), wbc * 0.99)
    creatinine = 0.62 + 0.2 * columns["male"] + 0.004 * (age - 50)
    creatinine = np.clip(creatinine, 0.4, None) * np.exp(0.22 * rng.standard_normal(size))
    albumin = 38 - 0.06 * (age - 50) - 1.2 * (columns["ecog"] - 1) + 4.5 * rng.standard_normal(size)
    fibrinogen = np.where(promyelocytic, 1.4, 3.9) * np.exp(0.38 * rng.standard_normal(size))
    monocytic = columns["inv16"] + columns["t_9_11"] + columns["kmt2a_other"]
    extramedullary = logistic(-2.9 + 0.35 * np.log1p(wbc / 10) + 0.7 * monocytic)
    return {
        "anc_gl": np.floor(np.minimum(neutrophils, 150) * 100) / 100,
        "creat_mgdl": np.round(np.clip(creatinine, 0.3, 10), 2),
        "albumin_gl": np.round(np.clip(albumin, 16, 54), 0),
        "fibrinogen_gl": np.round(np.clip(fibrinogen, 0.4, 9.5), 1),
        "extramedullary": chance(extramedullary, size, rng),
        "fever_dx": chance(logistic(-1.1 + 0.15 * np.log1p(wbc)), size, rng),
    }
