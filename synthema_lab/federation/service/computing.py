"""Where are a site's vectors computed?

`InProcess` computes where it is called, for notebooks and tests; `Apart` (in
`apart`) in a confined process of its own, for hospitals. Both read the table
through the same function, and so come to the same vectors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from ...cohorts import read_table
from ...dictionary import DataDictionary
from ...errors import DataMismatch
from ...generators.measured import require_patients
from ..procedures import Contribution, Given, SiteTask, procedure_of
from ..procedures.holdout import split_patients
from ..rounds.series import SeriesTerms
from ..site.folder import SiteFolder
from ..site.policy import Dataset
from ..study.study import Study


class Computing(Protocol):
    """Computes the vectors of one study at one site, for one series of rounds."""

    def contribution(self, opening: int, model: bytes) -> Contribution:
        """See `procedures.SiteTask`."""
        ...

    def close(self) -> None:
        """Let go of the patients."""
        ...


class InProcess:
    """Computes here.

    Parameters
    ----------
    site : SiteFolder
    study : Study
    terms : SeriesTerms
    taken : int
        See `procedures.Given`.
    """

    def __init__(self, site: SiteFolder, study: Study, terms: SeriesTerms, taken: int) -> None:
        self._task = task_of(asked_of(site, study, terms, taken))

    def contribution(self, opening: int, model: bytes) -> Contribution:
        """See `procedures.SiteTask`."""
        return self._task.contribution(opening, model)

    def close(self) -> None:
        """Let go of the patients."""
        del self._task


def asked_of(site: SiteFolder, study: Study, terms: SeriesTerms, taken: int) -> dict[str, Any]:
    """All that a task needs to know of a site, as plain values.

    The one secret among them is that by which the holdout of this cohort is fixed.
    """
    dataset: Dataset = site.policy.datasets[study.cohort]
    return {
        "study": study.as_dict(),
        "dictionary": dataset.dictionary,
        "table": str(dataset.table),
        "held_out": dataset.holdout if isinstance(dataset.holdout, float) else str(dataset.holdout),
        "secret": site.derived("holdout", study.cohort).hex(),
        "site": site.identity.name,
        "sites": list(terms.sites),
        "shares": terms.shares(study),
        "taken": taken,
    }


def _require_apart(patients: Any, held_out: Any, dictionary: DataDictionary) -> None:
    """Refuse a patient who is learnt from and held out: epsilon counts them once."""
    name = dictionary.patient
    if name not in patients or name not in held_out:
        return
    both = int(held_out[name].isin(set(patients[name])).sum())
    if both:
        raise DataMismatch(
            f"{both} patients are in the table and in that of those held out.",
            "Each patient in one of them.",
            "Take them out of one, and let the study be run again.",
        )


def task_of(asked: dict[str, Any]) -> SiteTask:
    """The task, with its table read.

    Raises
    ------
    DataMismatch
        If the table does not fit its dictionary.
    """
    study = Study.from_dict(asked["study"])
    dictionary = DataDictionary.load(asked["dictionary"])
    names = [name for name, _ in study.variables]
    if dictionary.patient not in names:
        names.append(dictionary.patient)

    def patients_of(path: str) -> Any:
        table = read_table(Path(path))
        if study.budget.epsilon is not None and dictionary.patient not in table:
            raise DataMismatch(
                f"The table has no {dictionary.patient}, by which a patient is known.",
                "One row a patient, which is checked by pseudonym: epsilon is stated for one row.",
                "Put the pseudonym back into the table; it takes part in nothing but this check.",
            )
        return require_patients(table[[name for name in names if name in table]], dictionary)

    patients, held_out = patients_of(asked["table"]), asked["held_out"]
    if isinstance(held_out, str):
        held_out = patients_of(held_out)
        _require_apart(patients, held_out, dictionary)
    else:
        secret = bytes.fromhex(asked["secret"])
        patients, held_out = split_patients(patients, dictionary, secret, held_out)
    given = Given(
        study, dictionary, patients, held_out, asked["site"], tuple(asked["sites"]),
        asked["shares"], asked["taken"],
    )  # fmt: skip
    return procedure_of(study).task(given)
