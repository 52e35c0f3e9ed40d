"""Where does a submitted study stand, and how is it waited for?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ...dictionary import DataDictionary
from ...secure_aggregation import Identity
from ..conduct import progress_bar, run_study
from ..site.answers import AWAY, FORGED, NOT_SEEN, answer_or_why_not
from ..site.standing import BROKEN, CANCELLED, FINISHED, HOLDS, OVER, TAKEN_BACK, WAITING
from ..study.signed import SignedStudy, cancellation
from ..study.study import Study
from .captioned import captioned
from .sending import send

_NEXT = {
    NOT_SEEN: "It is seen when the hospital's site serves: synthema site serve",
    AWAY: "Mount or synchronise the folder again.",
    FORGED: "Wait until it is synchronised; else ask the hospital by telephone.",
    WAITING: "Its data owner has to look at it: synthema site review",
    HOLDS: "It can be run.",
    TAKEN_BACK: "Ask the hospital why.",
    CANCELLED: "Submit another study.",
    OVER: "Submit another study, which is wanted for longer.",
    FINISHED: "Nothing: it is done.",
    BROKEN: "Look at what the run said, and submit another study.",
}
_OUTSIDE = "Change the study and submit it again, or ask the data owner to widen the policy."


class Submission:
    """A study that was sent to hospitals.

    Parameters
    ----------
    signed : SignedStudy
    researcher : Identity
    dictionary : DataDictionary
    exchanges : mapping of str to pathlib.Path
        By hospital.
    kept : pathlib.Path
        Where the researcher's state of this study is.
    """

    def __init__(
        self,
        signed: SignedStudy,
        researcher: Identity,
        dictionary: DataDictionary,
        exchanges: Mapping[str, Path],
        kept: Path,
    ) -> None:
        self.signed, self.kept = signed, kept
        self._researcher, self._dictionary = researcher, dictionary
        self._exchanges = dict(exchanges)

    @property
    def exchanges(self) -> dict[str, Path]:
        """Exchange folders by hospital."""
        return dict(self._exchanges)

    @property
    def study(self) -> Study:
        """The study."""
        return self.signed.study

    def status(self) -> pd.DataFrame:
        """Where it stands at each hospital, as the hospital has signed it.

        Returns
        -------
        pandas.DataFrame
            By hospital: state, rounds begun, until, next. One whose folder is
            away, or holds what it has not signed, has a row that says so.
        """
        rows = []
        for name, exchange in self._exchanges.items():
            told = answer_or_why_not(self.study, name, exchange)
            reasons, begun = told["reasons"], told.get("rounds_begun", 0)
            approved = told.get("rounds_approved", 0)
            rows.append({
                "hospital": name,
                "state": f"outside its policy: {' '.join(reasons)}" if reasons else told["state"],
                "rounds begun": f"{begun} of {approved}" if approved else str(begun),
                "until": told.get("until", ""),
                "next": _OUTSIDE if reasons else _NEXT.get(told["state"], ""),
            })  # fmt: skip
        return pd.DataFrame(rows).set_index("hospital")

    def wait(self, approval_within: float = 600.0, patience: float = 120.0, progress: bool = True
             ) -> Any:  # fmt: skip
        """Run the study to its end, with a bar that says what the sites do.

        Parameters
        ----------
        approval_within : float
            Seconds that approvals are waited for.
        patience : float
            Seconds that the sites are waited for at each step.
        progress : bool

        Returns
        -------
        object
            What the study comes to, such as a `FittedModel`.

        Raises
        ------
        ApprovalMissing
            If too few hospitals have approved it by then.
        SiteSilent
            If too few answer. Waiting again goes on where it stopped.
        BudgetExhausted, StudyStopped
            If hospitals refuse; the study is over.
        """
        with progress_bar(progress) as told:
            return run_study(
                self.study, self._dictionary, self._researcher, self._exchanges, self.kept,
                peers=self.kept.parent / "peers", patience=patience,
                approval_within=approval_within, told=told, progress=told.after,
            )  # fmt: skip

    def withdraw(self) -> None:
        """Withdraw it at all hospitals; what was spent stays spent.

        Raises
        ------
        ArgumentRefused
            If the word could not be left for some, with their names.
        """
        word = cancellation(self.study, self._researcher)
        send(self._exchanges, f"{self.study.hash}.cancel.yaml", word)

    def __str__(self) -> str:
        return f"{self.study.title}, study {self.study.hash[:12]}\n{self.status().to_string()}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        caption = f"{self.study.title}, study {self.study.hash[:12]}"
        return captioned(self.status(), caption)
