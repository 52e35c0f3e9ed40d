"""How does a researcher look at hospitals, and draft a study for them?"""

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
from ..site.exchange import card_of, deliver, exchange_of
from ..study import SignedStudy, Study, complete
from ..study.keyfile import key_at, place
from .captioned import captioned
from .drafted import content_of
from .hospital import Hospital
from .reasons import reasons
from .shown import window_of
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
        rounds: int = 1,
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
        rounds, repeats : int
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
        """
        signed = SignedStudy.sign(study, self.researcher)
        for hospital in self._hospitals.values():
            deliver(hospital.exchange, f"{study.hash}.yaml", signed.to_yaml())
        usual = Path("~/.local/state/synthema-lab/studies").expanduser()
        return Submission(
            signed, self.researcher, self.dictionary(study.cohort),
            {name: one.exchange for name, one in self._hospitals.items()},
            Path(kept or usual) / study.hash[:32],
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


def connect(
    *folders: str | os.PathLike[str], key: Identity | str | os.PathLike[str] | None = None
) -> Hospitals:
    """Look at hospitals, through the exchange folders that they share with a researcher.

    Parameters
    ----------
    *folders : path
        One for each hospital.
    key : Identity or path, optional
        The researcher's; ``$SYNTHEMA_RESEARCHER_KEY``, else
        ``~/.config/synthema/researcher.key``, which is made at the first use.

    Returns
    -------
    Hospitals

    Raises
    ------
    SiteRefused
        If there is no hospital, or something is not what it has signed.
    ArgumentRefused
        If two hospitals bear one name.
    """
    found: dict[str, Hospital] = {}
    for folder in folders:
        exchange = exchange_of(folder)
        member, _ = card_of(exchange)
        if member.name in found:
            raise ArgumentRefused(
                f"Two hospitals are called {member.name}.",
                "One folder for each hospital.",
                "Leave one out.",
            )
        found[member.name] = Hospital(member.name, member, exchange, window_of(exchange, member))
    if not found:
        raise ArgumentRefused(
            "No folder was given.", "The exchange folder of each hospital.",
            "Use connect('/srv/north/exchange', ...).",
        )  # fmt: skip
    return Hospitals(found, key if key is None or isinstance(key, Identity) else Path(key))
