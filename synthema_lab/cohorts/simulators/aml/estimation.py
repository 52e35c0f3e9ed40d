"""How were the constants of genes, karyotype and laboratory values estimated?

With ridge regressions on the public AMLSG table, so that nothing rests on few patients
by itself. A test estimates them again where the table is at hand. Afterwards, by hand:
bases were moved until simulated shares met the observed ones, some residual
covariances were raised a little (see ``laboratory.yaml``), ends of quantiles are round.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from synthema_lab.cohorts.simulators.aml.classes import class_names
from synthema_lab.cohorts.simulators.aml.constants import constants, logistic
from synthema_lab.cohorts.simulators.aml.cytogenetics import ABERRATIONS
from synthema_lab.cohorts.simulators.aml.network import node_names
from synthema_lab.cohorts.simulators.aml.release import REARRANGED

CLASS_SD, PARTNER_SD, NONE_YET_SD = 2.0, 1.0, 2.0
"""Standard deviations of the normal priors on effects, on the logit."""

SCORE_RIDGE = 4.0
"""Ridge of the regressions of normal scores, in patients."""


def estimate_node(name: str, patients: pd.DataFrame) -> dict:
    """Base, class effects and partner effects of one mutation or aberration.

    Parameters
    ----------
    name : str
        One of `network.node_names`; its partners are those of ``genetics.yaml``.
    patients : DataFrame
        As `release.read_release` gives it.

    Returns
    -------
    dict
        ``base``, ``class`` (by class), ``with`` (by partner) and, for what makes a
        class, ``none_yet``.
    """
    node = constants("genetics")["network"][name]
    patients = patients[_possible(name, patients)]
    classes = class_names()
    partners = list(node.get("with", {}))
    parts = [np.ones((len(patients), 1))]
    parts.append((patients[["genomic_class"]].to_numpy() == np.array([classes])).astype(float))
    parts.append(patients[partners].fillna(0).to_numpy())
    spread = [1e3, *[CLASS_SD] * len(classes), *[PARTNER_SD] * len(partners)]
    if "none_yet" in node:
        parts.append(_none_yet(name, patients)[:, None])
        spread.append(NONE_YET_SD)
    effect = _ridge_logistic(np.hstack(parts), patients[name].to_numpy(), np.array(spread))
    split = 1 + len(classes)
    return {
        "base": effect[0],
        "class": dict(zip(classes, effect[1:split], strict=True)),
        "with": dict(zip(partners, effect[split : split + len(partners)], strict=True)),
        **({"none_yet": effect[-1]} if "none_yet" in node else {}),
    }


def _possible(name: str, patients: pd.DataFrame) -> pd.Series:
    """In whom it is recorded and can occur."""
    there = patients[name].notna()
    rearranged = patients[list(REARRANGED)].fillna(0).max(axis=1) == 1
    if name in ("normal_karyotype", "complex_kt"):
        there &= ~rearranged
    if name in ABERRATIONS:
        there &= patients["normal_karyotype"] == 0
    if name == "minusY":
        there &= patients["male"] == 1
    return there


def _none_yet(name: str, patients: pd.DataFrame) -> np.ndarray:
    order = node_names()
    for made, marks in constants("genetics")["makes_class"].items():
        if name in marks:
            earlier = [mark for mark in marks if order.index(mark) < order.index(name)]
            none = patients[earlier].fillna(0).max(axis=1) == 0
            return (none & (patients["genomic_class"] == made)).to_numpy(float)
    return np.zeros(len(patients))


def _ridge_logistic(rows: np.ndarray, there: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Effects at the mode of the posterior, by damped Newton steps."""
    effect, penalty = np.zeros(rows.shape[1]), 1 / spread**2
    for _ in range(100):
        expected = logistic(rows @ effect)
        weight = expected * (1 - expected) + 1e-9
        curvature = (rows * weight[:, None]).T @ rows + np.diag(penalty)
        step = np.linalg.solve(curvature, rows.T @ (there - expected) - penalty * effect)
        step *= min(1.0, 3 / max(1e-9, np.abs(step).max()))
        effect = effect + step
        if np.abs(step).max() < 1e-8:
            break
    return effect


def normal_scores(values: pd.Series) -> pd.Series:
    """Ranks as standard normal quantiles; ties share one, missing values stay.

    Examples
    --------
    >>> normal_scores(pd.Series([3.0, 1.0, 2.0])).round(2).tolist()
    [0.97, -0.97, 0.0]
    """
    share = (values.rank() - 0.5) / values.notna().sum()
    return pd.Series(ndtri(share), index=values.index)


def estimate_regressions(patients: pd.DataFrame) -> tuple[dict, pd.DataFrame]:
    """Effects of genes and age on normal scores, and the covariance of what is left.

    Parameters
    ----------
    patients : DataFrame
        As `release.read_release` gives it.

    Returns
    -------
    dict
        By variable: ``base``, ``effects``, and ``residual_sd`` for age.
    DataFrame, shape (variables, variables)
    """
    kept = constants("laboratory")["regressions"]
    patients = patients.assign(age_score=normal_scores(patients["age_years"]))
    found, residuals = {}, {}
    for name, told in kept.items():
        scores = normal_scores(patients[name])
        there = scores.notna().to_numpy()
        factors = patients[list(told["effects"])].fillna(0).to_numpy()[there]
        rows = np.column_stack([np.ones(len(factors)), factors])
        ridge = np.diag([0.0, *[SCORE_RIDGE] * factors.shape[1]])
        effect = np.linalg.solve(rows.T @ rows + ridge, rows.T @ scores[there].to_numpy())
        left = pd.Series(np.nan, index=scores.index)
        left[there] = scores[there].to_numpy() - rows @ effect
        found[name] = {
            "base": effect[0],
            "effects": dict(zip(told["effects"], effect[1:], strict=True)),
        }
        residuals[name] = left
    found["age_years"]["residual_sd"] = float(residuals.pop("age_years").std())
    return found, pd.DataFrame(residuals).cov()
