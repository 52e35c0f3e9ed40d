"""Are torch and Opacus installed?"""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from ...errors import ExtraMissing


def required(name: str) -> ModuleType:
    """Import a module of the extra `deep`, when it is first needed.

    Parameters
    ----------
    name : str
        Such as ``torch`` or ``opacus.grad_sample``.

    Raises
    ------
    ExtraMissing
        If its package is not installed.

    Examples
    --------
    >>> required("json").__name__
    'json'
    """
    package = name.partition(".")[0]
    if importlib.util.find_spec(package) is None:
        raise ExtraMissing(
            f"The package {package}, with which networks are trained, is not installed.",
            "The extra 'deep'.",
            "Type: pip install 'synthema-lab[deep]'",
        )
    return importlib.import_module(name)
