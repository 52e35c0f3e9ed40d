"""How finely may trees look at patients?"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..asked import is_whole, require_setting, settings_from

_WHOLE = (("min_leaf", 10, 10_000), ("smooth_over", 10, 10_000), ("trees", 1, 100))
_FEW_VARIABLES = 20
_LEAF, _LEAF_OF_FEW_VARIABLES = 10, 25

_require = functools.partial(require_setting, "the trees")


@dataclass(frozen=True)
class TreesSettings:
    """The constants of a sequential synthesis.

    Parameters
    ----------
    min_leaf : int, optional
        Fewest patients in a leaf, from 10 to 10,000. By default 10, and up to 25 in
        a table of fewer than 20 variables, where a leaf of 10 tells nearly all of
        a patient and a membership attack succeeds more often.
    smooth_over : int, optional
        Fewest patients whose continuous values are told apart from others': a
        value that fewer share is drawn from an interval that holds at least so
        many, from 10 to 10,000. By default twice `min_leaf`.
    trees : int
        Trees a variable, from 1 to 100. Each synthetic patient follows one of
        them, so that their average is drawn from.
    features : float
        Share of the earlier variables that a split may choose from, above 0 and
        at most 1.
    patients : float
        Share of the patients that shape a tree, above 0 and at most 1; its leaves
        are filled with all of them.
    balanced : bool
        Whether draws are spread evenly along the outcome; see `draws`.

    Raises
    ------
    ArgumentRefused

    Examples
    --------
    >>> TreesSettings(min_leaf=20).trees
    10
    """

    min_leaf: int | None = None
    smooth_over: int | None = None
    trees: int = 10
    features: float = 1.0
    patients: float = 0.66
    balanced: bool = True

    def __post_init__(self) -> None:
        for name, least, most in _WHOLE:
            value = getattr(self, name)
            holds = (is_whole(value) and least <= value <= most) or (
                value is None and name != "trees"
            )
            _require(name, holds, f"a whole number, {least} to {most}")
        for name in ("features", "patients"):
            value = getattr(self, name)
            holds = isinstance(value, int | float) and not isinstance(value, bool)
            require_setting(
                "the trees", name, holds and 0 < value <= 1, "a number above 0, at most 1"
            )
        _require("balanced", isinstance(self.balanced, bool), "True or False")

    def for_table(self, variables: int, patients: int) -> TreesSettings:
        """The settings with what was left open filled in.

        Parameters
        ----------
        variables, patients : int
            How many the table has. A leaf takes a quarter of the patients at most,
            unless that were fewer than 10.

        Examples
        --------
        >>> TreesSettings().for_table(variables=30, patients=1000).min_leaf
        10
        >>> TreesSettings().for_table(variables=7, patients=1000).smooth_over
        50
        """
        usual = _LEAF
        if variables < _FEW_VARIABLES:
            usual = max(_LEAF, min(_LEAF_OF_FEW_VARIABLES, patients // 4))
        leaf = self.min_leaf or usual
        return replace(self, min_leaf=leaf, smooth_over=self.smooth_over or 2 * leaf)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> TreesSettings:
        """From the settings of a fit.

        Raises
        ------
        ArgumentRefused
            If one is unknown or cannot be used.
        """
        return settings_from(cls, "the trees", given)
