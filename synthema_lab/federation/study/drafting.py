"""What is filled in for a researcher who drafts a study?

A draft is the study's YAML with what a person knows. The digest of the
dictionary, the researcher's public key, the version of the package and the
keys of the hospitals are filled in from what is here; what is written in the
draft is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from ...dictionary import DataDictionary
from ...secure_aggregation import Identity, Member
from .fields import Fields
from .study import KEYS, Study


def installed_version() -> str:
    """The version of this package that is installed here."""
    return version("synthema-lab")


def complete(
    draft: Mapping[str, Any], researcher: Identity, sites: Mapping[str, Member] | None = None
) -> Study:
    """The study of a draft.

    Parameters
    ----------
    draft : mapping
        As read from YAML; ``cohort.dictionary`` may be a file or a name such as
        ``leuksurv``; ``researcher.key``, ``package_version`` and ``sites`` may
        be left out.
    researcher : Identity
    sites : mapping of str to Member, optional
        The hospitals to ask, where the draft names none.

    Raises
    ------
    StudyRefused, ArgumentRefused

    Examples
    --------
    >>> from synthema_lab.federation.study.example import example_content
    >>> researcher = Identity.new("researcher")
    >>> draft = example_content(researcher)
    >>> _ = draft.pop("package_version"), draft["researcher"].pop("key")
    >>> draft["cohort"]["dictionary"] = "leuksurv"
    >>> complete(draft, researcher).package_version == installed_version()
    True
    """
    part = Fields(draft, "The draft", KEYS)
    content = dict(part.content)
    asks = part.mapping("researcher")
    content["researcher"] = {"key": researcher.member().key.hex(), **asks}
    cohort = part.mapping("cohort")
    named = cohort.get("dictionary", cohort.get("name"))
    if isinstance(named, str) and not re.fullmatch(r"[0-9a-f]{64}", named):
        cohort["dictionary"] = DataDictionary.load(named).digest
    content["cohort"] = cohort
    content.setdefault("package_version", installed_version())
    if not part.given("sites") and sites:
        content["sites"] = {
            name: {"key": one.key.hex(), "expires": one.expires} for name, one in sites.items()
        }
    return Study.from_dict(content)
