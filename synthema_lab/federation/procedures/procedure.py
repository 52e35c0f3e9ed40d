"""What must a procedure say before, do at a site, and make of the sums?

Three parts, which meet only in bytes and numbers. `Plan` is public and the same
everywhere. `SiteTask` runs where the patients are, in the site's worker.
`Assembly` runs where the sums are opened and never sees a patient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary
from ...privacy import PrivacyEvent
from ...secure_aggregation import OpenedSum

if TYPE_CHECKING:
    from ..study.study import Study


@dataclass(frozen=True)
class Plan:
    """What a study opens and what it costs, known before any patient is read.

    Attributes
    ----------
    lengths : tuple of int
        Numbers in a site's vector, one entry for each sum that is opened.
    events : tuple of PrivacyEvent
        What all openings cost together; charged once, before the first vector
        is made. Empty without noise.
    """

    lengths: tuple[int, ...]
    events: tuple[PrivacyEvent, ...] = ()


@dataclass(frozen=True)
class Given:
    """What a site's task works with.

    Attributes
    ----------
    study : Study
    dictionary : DataDictionary
    patients : pandas.DataFrame
        The patients to learn from, conformed; the study's variables, and the
        pseudonym where the table has one.
    held_out : pandas.DataFrame
        The site's fixed holdout, never learnt from.
    site : str
    sites : tuple of str
        All sites that take part, in order of name.
    shares : int
        How many sites' shares make up the noise: the sites that must stay in a
        round, less those that may collude.
    taken : int
        Vectors of this study that were made before the site was started again.
    """

    study: Study
    dictionary: DataDictionary
    patients: pd.DataFrame = field(repr=False)
    held_out: pd.DataFrame = field(repr=False)
    site: str
    sites: tuple[str, ...]
    shares: int
    taken: int = 0


@dataclass(frozen=True, eq=False)
class Contribution:
    """What a site gives to a sum; for the secure sum, never to be sent as it is.

    Attributes
    ----------
    vector : numpy.ndarray of int64 or float64, shape (length,)
        With its share of noise.
    model : bytes
        Digest of the model that it was made for, 32 bytes.
    """

    vector: np.ndarray = field(repr=False)
    model: bytes


class SiteTask(Protocol):
    """What a site computes for a study."""

    def contribution(self, opening: int, model: bytes) -> Contribution:
        """The vector of one opening.

        Parameters
        ----------
        opening : int
            From 0.
        model : bytes
            As `Assembly.model` gave it.
        """
        ...


class Assembly(Protocol):
    """What is made of the opened sums."""

    @property
    def model(self) -> bytes:
        """What the sites are sent before the next vector; empty where they need nothing."""
        ...

    @property
    def digest(self) -> bytes:
        """Digest of `model`, 32 bytes, as the sites compute it."""
        ...

    def take(self, opened: OpenedSum) -> None:
        """Take the sum of the next opening."""
        ...

    def result(self, progress: Callable[[float], None] | None = None) -> Any:
        """What the study comes to, once all is opened; has ``save(path)``."""
        ...

    def save(self) -> bytes:
        """All that was taken so far, to go on from after a restart."""
        ...

    def restore(self, saved: bytes) -> None:
        """Go on from what `save` gave."""
        ...


class Procedure(Protocol):
    """One thing that a study can ask for; `Study.generator` names it.

    Attributes
    ----------
    name : str
    openings : int
        How many sums it opens, where the study does not say.
    """

    name: str
    openings: int

    def terms(self, sites: int, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Sum terms that suit it, as a study's section ``secure_aggregation`` names them.

        Parameters
        ----------
        sites : int
        settings : mapping
            Of the study's generator.
        """
        ...

    def plan(self, study: Study, dictionary: DataDictionary) -> Plan:
        """What is opened and what it costs.

        Raises
        ------
        StudyRefused
            If the study's settings are not those of this procedure.
        """
        ...

    def task(self, given: Given) -> SiteTask:
        """A site's part."""
        ...

    def assembly(
        self, study: Study, dictionary: DataDictionary, sites: tuple[str, ...], shares: int
    ) -> Assembly:
        """The researcher's part; `sites` and `shares` as in `Given`."""
        ...
