"""What does a study look like, written out?

For documentation and tests: three hospitals, five variables, one round. The
keys are drawn afresh, so nobody can mistake it for a real request.
"""

from __future__ import annotations

from typing import Any

from ...dictionary import DataDictionary
from ...secure_aggregation import Identity
from .study import Study

HOSPITALS = ("east", "north", "south")


def example_content(
    researcher: Identity | None = None, sites: list[Identity] | None = None
) -> dict[str, Any]:
    """The example as plain values, to be changed and given to `Study.from_dict`."""
    from importlib.metadata import version

    researcher = researcher or Identity.new("researcher")
    sites = sites or [Identity.new(name) for name in HOSPITALS]
    return {
        "title": "Survival after diagnosis",
        "researcher": {
            "name": "Dr Ines Moreau",
            "institution": "Institute of Haematology",
            "purpose": "To test whether the white blood cell count still predicts survival.",
            "legal_basis": "Scientific research, Article 9(2)(j) GDPR; ethics vote 2026-114.",
            "key": researcher.member().key.hex(),
        },
        "cohort": {"name": "leuksurv", "dictionary": DataDictionary.load("leuksurv").digest},
        "variables": {
            "age_years": "Age is the strongest known predictor and must be adjusted for.",
            "os_days": "The outcome.",
            "os_event": "The outcome.",
            "sex": "Survival differs by sex.",
            "wbc_gl": "The question of the study.",
        },
        "generator": {"name": "marginal", "settings": {"seed": 1}},
        "rounds": {"asked": 2, "repeats": 2},
        "sites": {one.name: {"key": one.member().key.hex(), "expires": 0} for one in sites},
        "secure_aggregation": {
            "modulus_bits": 32, "scale": 1, "clip": 100_000.0, "threshold": None,
            "minimum_sites": 3, "noise_bound": 0,
        },
        "budget": {"epsilon": 3.0, "delta": 1e-5, "colluding": 1},
        "outputs": {
            "synthetic_cohort": {
                "what": "A table of invented patients, drawn from the summed and noised counts.",
                "protection": "epsilon",
            }
        },
        "smallest_cell": None,
        "package_version": version("synthema-lab"),
        "expires": "2099-12-31",
    }  # fmt: skip


def example_study() -> Study:
    """The example as a study.

    Examples
    --------
    >>> example_study().sites[0].name
    'east'
    """
    return Study.from_dict(example_content())
