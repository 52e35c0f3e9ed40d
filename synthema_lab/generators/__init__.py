"""How is a synthetic cohort learnt and drawn? (one protocol, several methods)"""

from __future__ import annotations

import difflib

import pandas as pd

from ..errors import ArgumentRefused
from .counts import addition
from .independent import Independent, floor_table
from .loading import load_model
from .marginal import Marginal
from .measured import Custody, fit_measured
from .model import FittedModel
from .vae import Vae, VaeModel

_METHODS = {method.name: method for method in (Marginal, Independent, Vae)}

__all__ = [
    "Custody",
    "FittedModel",
    "Independent",
    "Marginal",
    "Vae",
    "VaeModel",
    "addition",
    "describe",
    "fit_measured",
    "floor_table",
    "get",
    "load_model",
]


def get(name: str) -> Marginal | Independent | Vae:
    """A generator by name.

    Parameters
    ----------
    name : {"marginal", "independent", "vae"}

    Raises
    ------
    ArgumentRefused
        For any other name, with the nearest one.

    Examples
    --------
    >>> get("marginal").name
    'marginal'
    """
    if name in _METHODS:
        return _METHODS[name]()
    near = difflib.get_close_matches(str(name), _METHODS, n=1)
    raise ArgumentRefused(
        f"There is no generator named '{name}'.",
        f"One of: {', '.join(_METHODS)}.",
        f"Did you mean '{near[0]}'?" if near else "Use --generator marginal.",
    )


def describe() -> pd.DataFrame:
    """Which generator to use when, one row a method.

    Examples
    --------
    >>> list(describe().index)
    ['marginal', 'independent', 'vae']
    """
    rows = {
        name: {
            "title": method.title,
            "use": method.use_when,
            "privacy": method.privacy,
            "federated": method.federated,
        }
        for name, method in _METHODS.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("generator")
