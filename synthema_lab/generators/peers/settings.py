"""What may be set of a fit by a plug-in, and within which limits does it run?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import pandas as pd

from ...dictionary.spelling import nearest
from ...errors import ArgumentRefused
from .catalogue import LEAF, Plugin, plugin_named

FAIR = {
    "adsgan": {"n_iter": 300},
    "ctgan": {"n_iter": 300},
    "ddpm": {"n_iter": 2000, "num_timesteps": 200},
    "dpgan": {"n_iter": 300},
    "rtvae": {"n_iter": 300},
    "survae": {"n_iter": 300},
    "survival_ctgan": {"n_iter": 300},
    "survival_gan": {"n_iter": 300},
    "survival_nflow": {"n_iter": 500},
    "syn_seq": {LEAF: 10},
    "tvae": {"n_iter": 300},
}
"""Minutes on one processor for a thousand patients, where the library's own default takes
hours (`ctgan` and its like) or learns too little and draws slowly (`ddpm`)."""

_LARGEST_POOL = 1_000_000


@dataclass(frozen=True)
class PeerSettings:
    """The limits of one fit.

    Parameters
    ----------
    pool : int
        Rows drawn when the fit ends and kept with the model, from 1 to a
        million: `sample` gives no more than these.
    time_limit : float
        Seconds for learning and drawing together.
    memory_limit : float
        GiB of main memory that the learning process and its own children may
        hold.

    Raises
    ------
    ArgumentRefused

    Examples
    --------
    >>> PeerSettings(time_limit=60).pool
    20000
    """

    pool: int = 20_000
    time_limit: float = 1800.0
    memory_limit: float = 4.0

    def __post_init__(self) -> None:
        pool = self.pool
        whole = isinstance(pool, int) and not isinstance(pool, bool)
        if not (whole and 1 <= pool <= _LARGEST_POOL):
            _refuse("pool", f"a whole number of rows, 1 to {_LARGEST_POOL:,}")
        for name in ("time_limit", "memory_limit"):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (number and math.isfinite(value) and value > 0):
                _refuse(name, f"a number of {'seconds' if name == 'time_limit' else 'GiB'} above 0")


def settings_of(
    plugin: Plugin, given: Mapping[str, object]
) -> tuple[PeerSettings, dict[str, object]]:
    """The limits of a fit, and the plug-in's parameters.

    Parameters
    ----------
    plugin : Plugin
    given : mapping
        Limits by the names of `PeerSettings`, all else by the plug-in's own
        names (see `describe_plugin`).

    Raises
    ------
    ArgumentRefused
        If one is unknown, with the nearest name, or is not of its type.
    """
    limits = [one.name for one in fields(PeerSettings)]
    known = [*limits, *plugin.parameters]
    for name, value in given.items():
        if name not in known:
            near = nearest(name, known)
            raise ArgumentRefused(
                f"synthcity:{plugin.name} has no setting {name}.",
                f"Of: {', '.join(known)}.",
                f"Did you mean {near}?" if near else "Leave it out.",
            )
        if name in plugin.parameters and not _is(value, plugin.parameters[name].kind):
            _refuse(name, f"of type {plugin.parameters[name].kind.__name__}")
    parameters = {name: value for name, value in given.items() if name not in limits}
    settings = PeerSettings(**{name: given[name] for name in limits if name in given})
    return settings, FAIR.get(plugin.name, {}) | parameters


def describe_plugin(name: str) -> pd.DataFrame:
    """What can be set of a plug-in: type and default here, one row a parameter.

    Examples
    --------
    >>> describe_plugin("ctgan").loc["n_iter"].tolist()
    ['int', 300]
    """
    fair = FAIR.get(name, {})
    rows = {
        one.name: {"type": one.kind.__name__, "default": fair.get(one.name, one.default)}
        for one in plugin_named(name).parameters.values()
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["type", "default"], dtype=object)
    return table.rename_axis("parameter")


def _is(value: object, kind: type) -> bool:
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if kind is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, kind)


def _refuse(name: str, expected: str) -> None:
    raise ArgumentRefused(
        f"The setting {name} cannot be used.", f"{name}: {expected}.", "Correct the setting."
    )
