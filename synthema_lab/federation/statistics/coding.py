"""How does a site code its patients for a regression?

Pure functions of one site's complete cases and of the public design. What is
made here never leaves the site.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...dictionary.variable import Variable
from ...errors import DataMismatch
from .design import Design


def coded(patients: pd.DataFrame, design: Design) -> np.ndarray:
    """One site's patients on the public scale, shape (patients, columns), within -1 and 1.

    Parameters
    ----------
    patients : DataFrame
        Conformed, without missing values.
    design : Design

    Raises
    ------
    DataMismatch
        If values lie beyond the dictionary's hard limits.

    Examples
    --------
    >>> from synthema_lab.dictionary import DataDictionary
    >>> from synthema_lab.federation.statistics.design import plan_design
    >>> dictionary = DataDictionary.load("leuksurv")
    >>> design = plan_design(dictionary, ["deprivation", "sex"])
    >>> site = pd.DataFrame({"deprivation": [3.0, 14.0], "sex": ["F", "M"]})
    >>> coded(dictionary.conform(site), design).tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    """
    variables = design.dictionary.variables
    covariates = np.empty((len(patients), len(design.columns)))
    for position, column in enumerate(design.columns):
        variable = variables[column.variable]
        if column.indicator:
            covariates[:, position] = codes(patients[column.variable], variable) == column.level
        else:
            values = numbers(patients[column.variable], variable)
            covariates[:, position] = (values - column.centre) / column.half_width
    return covariates


def codes(values: pd.Series, variable: Variable) -> np.ndarray:
    """The positions of a category's levels, or 0 and 1 of a boolean."""
    if variable.type == "category":
        return values.cat.codes.to_numpy()
    return values.to_numpy(dtype=np.int64)


def numbers(values: pd.Series, variable: Variable) -> np.ndarray:
    """Numbers within their hard limits.

    Raises
    ------
    DataMismatch
        With the count of those beyond.
    """
    values = values.to_numpy(dtype=float)
    if variable.range is not None:
        beyond = int(((values < variable.range[0]) | (values > variable.range[1])).sum())
        if beyond:
            raise DataMismatch(
                f"{beyond} values of {variable.name} at a site lie beyond its hard limits.",
                f"{variable.allowed}, as the dictionary says.",
                "See dictionary.check(patients) at that site; nothing has left it.",
            )
    return values
