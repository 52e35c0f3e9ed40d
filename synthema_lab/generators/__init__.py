"""How is a synthetic cohort learnt and drawn? (one protocol, several methods)"""

from __future__ import annotations

import pandas as pd

from ..dictionary.spelling import nearest
from ..errors import ArgumentRefused, ExtraMissing
from .augmentation import augment
from .counts import addition
from .independent import Independent, floor_table
from .loading import load_model
from .marginal import Marginal
from .measured import Custody, fit_measured
from .model import FittedModel
from .peers import PoolModel, Synthcity, available
from .prior import require_prior, with_prior
from .trees import Trees, TreesModel
from .vae import Vae, VaeModel

_METHODS = {method.name: method for method in (Marginal, Trees, Independent, Vae)}
_PEER = "synthcity:"

__all__ = [
    "Custody",
    "FittedModel",
    "Independent",
    "Marginal",
    "PoolModel",
    "Synthcity",
    "Trees",
    "TreesModel",
    "Vae",
    "VaeModel",
    "addition",
    "augment",
    "describe",
    "fit_measured",
    "floor_table",
    "get",
    "load_model",
    "names",
    "require_prior",
    "with_prior",
]


def names() -> tuple[str, ...]:
    """All generators that can be asked for here; synthcity's plug-ins last, where it is installed.

    Examples
    --------
    >>> names()[:4]
    ('marginal', 'trees', 'independent', 'vae')
    """
    try:
        plugins = tuple(available())
    except ExtraMissing:
        plugins = ()
    return (*_METHODS, *(f"{_PEER}{plugin}" for plugin in plugins))


def get(name: str) -> Marginal | Trees | Independent | Vae | Synthcity:
    """A generator by name.

    Parameters
    ----------
    name : {"marginal", "trees", "independent", "vae"} or str
        Or ``"synthcity:"`` and the name of a plug-in, such as ``"synthcity:ctgan"``.

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
    if str(name).startswith(_PEER):
        return Synthcity(str(name).removeprefix(_PEER))
    near = nearest(str(name), names())
    raise ArgumentRefused(
        f"There is no generator named '{name}'.",
        f"One of: {', '.join(_METHODS)}, or {_PEER}PLUGIN.",
        f"Did you mean '{near}'?" if near else "Use --generator marginal.",
    )


def describe() -> pd.DataFrame:
    """Which generator to use when, one row a method.

    Examples
    --------
    >>> list(describe().index)
    ['marginal', 'trees', 'independent', 'vae', 'synthcity:<plugin>']
    """
    rows = {
        name: {
            "title": method.title,
            "use": method.use_when,
            "privacy": method.privacy,
            "federated": method.federated,
        }
        for name, method in (*_METHODS.items(), (Synthcity.name, Synthcity))
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("generator")
