"""Which procedure does a study name?"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ...errors import LabError
from ..study.errors import StudyRefused

if TYPE_CHECKING:
    from ...dictionary import DataDictionary
    from ...privacy import PrivacyEvent
    from ..study.study import Study
    from .procedure import Procedure

_WHERE = {
    "marginal": (".counting", "Counting"),
    "independent": (".counting", "Counting"),
    "vae": (".averaged", "Averaged"),
    "validate": (".evaluation", "Evaluating"),
}
PROCEDURES = tuple(_WHERE)
"""What a study's generator may be."""


def procedure_of(study: Study) -> Procedure:
    """The procedure that a study names; see `procedure`.

    Examples
    --------
    >>> from synthema_lab.federation.study.example import example_study
    >>> procedure_of(example_study()).name
    'marginal'
    """
    return procedure(study.generator)


def procedure(name: str) -> Procedure:
    """The procedure of a name.

    Raises
    ------
    StudyRefused
        If this version has none of that name.
    """
    if name not in _WHERE:
        raise StudyRefused(
            f"The study asks for the generator {name}, which is not known here.",
            f"One of: {', '.join(PROCEDURES)}.",
            "Name one of these under generator.",
        )
    module, kind = _WHERE[name]
    return getattr(importlib.import_module(module, __package__), kind)(name)


def events_of(study: Study, dictionary: DataDictionary) -> tuple[PrivacyEvent, ...]:
    """What a study costs; nothing where it asks for no noise, or for what cannot be done."""
    try:
        return procedure_of(study).plan(study, dictionary).events
    except LabError:
        return ()
