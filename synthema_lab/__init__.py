"""Hospitals learn together without showing a patient.

The workbench that the notebooks touch: ``import synthema_lab as lab``. Names
are looked up when first used, so that the import itself is fast.

Examples
--------
>>> import synthema_lab as lab
>>> lab.secure_sum([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).tolist()
[9.0, 12.0]
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_NAMES = {
    "Cohort": ("cohorts", "Cohort"),
    "cohorts": ("cohorts", None),
    "DataDictionary": ("dictionary", "DataDictionary"),
    "deidentify": ("deidentify", None),
    "federation": ("federation", None),
    "figures": ("workbench.figures", None),
    "fit": ("workbench.fitting", "fit"),
    "FittedModel": ("generators", "FittedModel"),
    "generators": ("generators", None),
    "headlines": ("workbench.overviews", "headlines"),
    "Ledger": ("privacy", "Ledger"),
    "ledger": ("workbench.fitting", "ledger"),
    "load_cohort": ("cohorts", "load_cohort"),
    "overviews": ("workbench.overviews", None),
    "recorded": ("workbench.recorded", "recorded"),
    "refit": ("workbench.refits", "refit"),
    "released": ("workbench.repeating", "released"),
    "read_table": ("cohorts", "read_table"),
    "secure_sum": ("federation", "secure_sum"),
    "simulated_against_target": ("cohorts", "simulated_against_target"),
    "split_holdout": ("cohorts", "split_holdout"),
    "start": ("workbench.session", "start"),
    "validate": ("validation", "validate"),
    "validation": ("validation", None),
    "write_table": ("cohorts", "write_table"),
}

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'synthema_lab' has no attribute '{name}'")
    module_name, attribute = _NAMES[name]
    module = importlib.import_module(f".{module_name}", __name__)
    value = module if attribute is None else getattr(module, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
