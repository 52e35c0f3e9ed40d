"""How does a researcher draft a study for several hospitals, and submit it?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ...dictionary import DataDictionary
from ...errors import ArgumentRefused, DataMismatch
from ...secure_aggregation import Identity
from ..evaluation import bring
from ..procedures.dry_run import DryRun, dry_run
from ..rounds.series import RESEARCHER
from ..site.exchange import card_of
from ..study import SignedStudy, Study, complete
from ..study.keyfile import key_at, place
from .captioned import captioned
from .drafted import content_of
from .hospital import Hospital
from .kept import found, keep, place_of
from .reasons import reasons
from .sending import require_fit, send
from .submission import Submission

SMALLEST_CELL = 10
_COMPARED = "The synthetic cohort is compared with the patients in it."


class Hospitals:
    """Several hospitals; each is an attribute under its name. See `connect`."""

    def __init__(self, hospitals: Mapping[str, Hospital], key: Identity | Path | None) -> None:
        self._hospitals, self._key = dict(sorted(hospitals.items())), key

    def __getattr__(self, name: str) -> Hospital:
        hospitals = self.__dict__.get("_hospitals", {})
        if name in hospitals:
            return hospitals[name]
        raise AttributeError(f"There is no hospital {name}. There is: {', '.join(hospitals)}.")

    def __getitem__(self, name: str) -> Hospital:
        if name not in self._hospitals:
            raise ArgumentRefused(
                f"There is no hospital {name}.", f"One of: {', '.join(self._hospitals)}.",
                "Name one of these.",
            )  # fmt: skip
        return self._hospitals[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._hospitals]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the hospitals, in order."""
        return tuple(self._hospitals)

    @property
    def researcher(self) -> Identity:
        """The researcher's key; made where there is none."""
        if isinstance(self._key, Identity):
            return self._key
        return key_at(place(self._key, "SYNTHEMA_RESEARCHER_KEY", RESEARCHER), RESEARCHER)[0]

    def dictionary(self, cohort: str = "") -> DataDictionary:
        """The data dictionary of a cohort, which must be the same everywhere.

        Raises
        ------
        DataMismatch
            If it is not.
        """
        found = {name: one.dictionary(cohort) for name, one in self._hospitals.items()}
        digests = {one.digest for one in found.values()}
        if len(digests) > 1:
            first = next(iter(found.values())).digest
            others = [name for name, one in found.items() if one.digest != first]
            raise DataMismatch(
                f"The hospitals have different data dictionaries: {', '.join(others)} another "
                f"than {self.names[0]}.",
                "One dictionary for a cohort.",
                "Ask them to take the same, or leave some out.",
            )
        return next(iter(found.values()))

    def mock(self, cohort: str = "") -> dict[str, pd.DataFrame]:
        """Invented patients of a cohort, by hospital."""
        return {name: one.mock(cohort) for name, one in self._hospitals.items()}

    def reasons(self, cohort: str = "") -> dict[str, str]:
        """Every variable that can be learnt at all hospitals, with a first reason; see `reasons`.

        To be given to `draft` once they say what this study needs them for.
        """
        shared = set.intersection(*(set(one) for one in self.mock(cohort).values()))
        return reasons(self.dictionary(cohort), sorted(shared))

    def draft(
        self,
        title: str,
        variables: Mapping[str, str],
        *,
        who: Mapping[str, str],
        cohort: str = "",
        generator: str = "marginal",
        settings: Mapping[str, Any] | None = None,
        epsilon: float | None = 3.0,
        delta: float = 1e-5,
        colluding: int = 1,
        rounds: int | None = None,
        repeats: int = 2,
        all_must_stay: bool = False,
        days: int = 90,
        opened: str = "",
        smallest_cell: int | None = None,
    ) -> Study:
        """A study for these hospitals, to be looked at before it is submitted.

        Parameters
        ----------
        title : str
        variables : mapping of str to str
            Each variable that is needed, and why; no others are read.
        who : mapping of str to str
            name, institution, purpose and legal_basis, in the researcher's words.
        cohort : str
            The only one that is shown, if not given.
        generator : str
        settings : mapping, optional
            Of the generator, such as ``{"seed": 1}``.
        epsilon : float or None
            What it may spend at each hospital; None for no noise.
        delta : float
        colluding : int
            Sites whose share of the noise is not counted on.
        rounds : int, optional
            As many as the generator needs, if not given.
        repeats : int
            Rounds that may be run again.
        all_must_stay : bool
            Whether a round needs every hospital. Then all of them share the noise,
            so that there is less of it; but one that is away holds up the rest.
        days : int
            How long it is wanted.
        opened : str
            What is opened, in plain words; by generator if not given.
        smallest_cell : int, optional
            Puts what is opened without noise under disclosure control: cells
            with fewer patients are not shown.

        Raises
        ------
        StudyRefused, ArgumentRefused
        """
        dictionary = self.dictionary(cohort)
        name = cohort or next(iter(next(iter(self._hospitals.values())).cohorts))
        content = content_of(
            len(self.names), title, variables, who, name, dictionary, generator, settings or {},
            epsilon, delta, colluding, rounds, repeats, all_must_stay, days, opened, smallest_cell,
        )  # fmt: skip
        members = {name: one.member for name, one in self._hospitals.items()}
        return complete(content, self.researcher, members)

    def judge(
        self,
        synthetic: pd.DataFrame,
        *,
        who: Mapping[str, str],
        title: str = "How good is a synthetic cohort?",
        cohort: str = "",
        epsilon: float | None = None,
        smallest_cell: int = SMALLEST_CELL,
        **others: Any,
    ) -> Study:
        """A study in which every hospital scores a synthetic cohort against its own patients.

        Parameters
        ----------
        synthetic : pandas.DataFrame
            Approved by its digest, and sent with the first round.
        who, title, cohort
            As for `draft`.
        epsilon : float, optional
            Without it, sums are opened exactly and shown under disclosure control.
        smallest_cell : int
        **others
            See `draft`.

        Returns
        -------
        Study
            To be submitted; its result is an `Evaluation`.
        """
        dictionary = self.dictionary(cohort)
        known = {name: why for name, why in self.reasons(cohort).items() if name in synthetic}
        return self.draft(
            title, dict.fromkeys(known, _COMPARED), who=who, cohort=cohort, generator="validate",
            settings={"synthetic": bring(synthetic, dictionary)}, epsilon=epsilon,
            smallest_cell=None if epsilon is not None else smallest_cell, **others,
        )  # fmt: skip

    def rehearse(self, study: Study) -> DryRun:
        """The study tried on invented patients; nothing is asked of a hospital."""
        return dry_run(study, self.dictionary(study.cohort))

    def submit(self, study: Study, kept: str | os.PathLike[str] | None = None) -> Submission:
        """Sign a study and send it; returns at once.

        Parameters
        ----------
        study : Study
        kept : path, optional
            Folder for what the researcher keeps of it until it is over;
            ``~/.local/state/synthema-lab/studies`` if not given.

        Raises
        ------
        ArgumentRefused
            If a hospital would refuse it for certain; nothing is sent then. Or
            if it could not be left for some hospitals, with their names.
        """
        signed = SignedStudy.sign(study, self.researcher)
        for name, hospital in self._hospitals.items():
            require_fit(study, name, card_of(hospital.exchange)[1])
        submitted = self._submission(signed, kept)
        keep(signed, kept)
        send(submitted.exchanges, f"{study.hash}.yaml", signed.to_yaml())
        return submitted

    def submitted(self, study: str, kept: str | os.PathLike[str] | None = None) -> Submission:
        """A study that was submitted before, such as from a notebook that was restarted.

        Parameters
        ----------
        study : str
            Its hash, or the beginning of it.
        kept : path, optional
            As it was given to `submit`.

        Raises
        ------
        ArgumentRefused
            If there is no such study here, or more than one begins like that.
        """
        return self._submission(found(study, kept), kept)

    def _submission(self, signed: SignedStudy, kept: str | os.PathLike[str] | None) -> Submission:
        return Submission(
            signed, self.researcher, self.dictionary(signed.study.cohort),
            {name: one.exchange for name, one in self._hospitals.items()},
            place_of(signed.hash, kept),
        )  # fmt: skip

    def table(self) -> pd.DataFrame:
        """The hospitals: key and cohorts."""
        rows = [
            {
                "hospital": one.name, "fingerprint of its key": one.fingerprint,
                "cohorts": ", ".join(one.cohorts) or "none",
                "invented patients": sum(len(shown.mock) for shown in one.cohorts.values()),
            }
            for one in self._hospitals.values()
        ]  # fmt: skip
        return pd.DataFrame(rows).set_index("hospital")

    def __str__(self) -> str:
        return f"{len(self._hospitals)} hospitals\n{self.table()}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return captioned(self.table(), f"{len(self._hospitals)} hospitals, as they show themselves")
