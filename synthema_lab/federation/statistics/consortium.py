"""How do sites that keep their patients answer a question together?

Every statistic is split in two. Its local part is a pure function of one
site's patients and of what is public; it gives one vector. The vectors are
summed without being shown, and the opened part is a function of the sum. So
the same local function runs here, for notebooks, and inside a hospital.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary, Variable
from ...errors import ArgumentRefused, DataMismatch
from ...secure_aggregation import default_threshold
from ..secure_sum import secure_total
from .landmarks import hold_apart
from .noise import DistributedNoise, Sensitivity
from .openings import Opening, as_table
from .question import Question, RowsUsed, fitted, require
from .vector import Local, agreed, answer, question_digest, summed

Total = Callable[[Sequence[np.ndarray]], np.ndarray]


class Consortium:
    """Sites that answer questions by sums that are opened, and by nothing else.

    Parameters
    ----------
    sites : mapping of str to DataFrame
        At least three sites by name, one row a patient, columns as in the
        dictionary. Each patient is at one site.
    dictionary : DataDictionary
    smallest_cell : int
        Counts from 1 to below this are not shown; see `disclosure`. 1 shows all.
    noise : DistributedNoise, optional
        Added by the sites to every vector before it is masked.
    total : callable, optional
        Sums one int64 vector a site for tables of counts, in place of the
        secure sum: such as a multiparty computation that zeroes small cells
        before the table is opened. Where it has an attribute `smallest_cell`,
        a zero in its tables means "none, or fewer than that". Not with noise.
    largest_site : int
        Public bound on the number of patients at a site. Clips follow from it.
    finest_interval : float, optional
        Narrowest interval of a time grid, in the unit of the outcome's time; four
        weeks if not given.

    Attributes
    ----------
    opened : list of Opening
        Everything the coordinator has seen, in order.
    edges : dict of str to list of numpy.ndarray
        The time grids that were asked for and the times that conditions named, by variable.

    Raises
    ------
    TooFewSites
        With fewer than three sites.
    DataMismatch
        If a site's rows do not fit the dictionary.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort = load_cohort("leuksurv")
    >>> consortium = Consortium(cohort.sites(), cohort.dictionary)
    >>> consortium
    Consortium of 4 sites (leuksurv), cells below 5 not shown, without noise; 0 sums opened
    >>> consortium.rows(["wbc_gl"])
    RowsUsed(used=1043, unused=0)
    >>> print(consortium.opened[0])
    patients with wbc_gl: 2 whole numbers, exact, without noise
    """

    def __init__(
        self,
        sites: Mapping[str, pd.DataFrame],
        dictionary: DataDictionary,
        *,
        smallest_cell: int = 5,
        noise: DistributedNoise | None = None,
        total: Total | None = None,
        largest_site: int = 2**17,
        finest_interval: float | None = None,
    ) -> None:
        if not isinstance(sites, Mapping):
            raise ArgumentRefused(
                "The sites have no names.",
                "A mapping from each site's name to its patients.",
                'Use Consortium({"north": ..., "east": ..., "south": ...}, dictionary).',
            )
        for name, value in (("smallest_cell", smallest_cell), ("largest_site", largest_site)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ArgumentRefused(
                    f"{name} is not a whole number from 1.", "1 or more.", f"Use {name}=5."
                )
        if noise is not None and total is not None:
            raise ArgumentRefused(
                "Noise and a total of the caller's own were both asked for.",
                "One of them: shares of noise travel in the secure sum only.",
                "Leave out noise= or total=.",
            )
        secure_total(list(sites), bound=1)
        self.sites = tuple(sites)
        self.dictionary = dictionary
        self.smallest_cell, self.largest_site = smallest_cell, largest_site
        self.finest_interval = finest_interval
        self.noise, self.total = noise, total
        self.opened: list[Opening] = []
        self.edges: dict[str, list[np.ndarray]] = {}
        self._counted = noise.counted(default_threshold(len(sites))) if noise else 0
        self._patients = {site: fitted(site, table, dictionary) for site, table in sites.items()}
        self._kept: dict[Hashable, Opening] = {}

    def sum(
        self,
        purpose: str,
        local: Local,
        *,
        variables: Sequence[str] = (),
        where: str | None = None,
        clip: float | np.ndarray | None = None,
        bound: int | None = None,
        sensitivity: Sensitivity | None = None,
        openings: int = 1,
        unused: bool = False,
        table: bool = False,
        key: Hashable | None = None,
    ) -> np.ndarray:
        """Open the sum of one vector a site, and list it in `opened`.

        Parameters
        ----------
        purpose : str
            What it is for, in words; it is written to the list and to the ledger.
        local : callable
            Takes the patients of one site that answer the question (columns
            `variables`, complete: float64, int64, or categorical over the
            dictionary's codes) and returns a vector of the same length at
            every site. A pure function: everything else it uses is public.
        variables, where
            The question; see `Question`.
        clip : float or numpy.ndarray, shape (length,), optional
            For real vectors: public bound on each coordinate's absolute value
            at a site, such as ``consortium.largest_site`` times a limit of the
            dictionary. Without it the vector is of whole numbers.
        bound : int, optional
            For whole numbers: largest absolute value at a site; `largest_site`
            if not given.
        sensitivity : Sensitivity, optional
            How far one patient moves a site's vector; needed with noise. For
            `unused` it is that of the longer vector.
        openings : int
            How many openings like this one share the statistic's epsilon.
        unused : bool
            Append the number of patients that miss a value; `clip` then covers it too.
        table : bool
            Whether these are cells of a table that `total` may sum instead.
        key : hashable, optional
            Stands for all that is public in the question. What was opened under
            a key before is returned again: nothing new is opened or charged.

        Returns
        -------
        numpy.ndarray, shape (length,)
            int64 for whole numbers, else float64 within the listed error.

        Raises
        ------
        DataMismatch
            If a site lacks a variable, or the local part fails there.
        DisclosureRefused
            If the condition cuts follow-up finer than a grid may.
        ArgumentRefused
            If the question cannot be asked, or noise has no stated sensitivity.
        BudgetExhausted
            Before anything is computed.
        """
        if key is not None and key in self._kept:
            return self._kept[key].values.copy()
        question = Question(self.dictionary, tuple(variables), where)
        for site, patients in self._patients.items():
            require(site, patients, question.inputs)
        hold_apart(self, question)
        bound = self.largest_site if bound is None else bound
        steps, event = agreed(
            purpose, self.noise, clip, bound, sensitivity, openings, len(self.sites)
        )
        epsilon = self.noise.charge(self.sites, event, purpose) if event else None
        vectors = [
            steps.encode(site, answer(site, purpose, local, question, patients, unused))
            for site, patients in self._patients.items()
        ]
        if len({vector.size for vector in vectors}) > 1:
            raise DataMismatch(
                f"The sites' vectors for '{purpose}' differ in length.",
                "The same length at every site.",
                "Build the vector from the dictionary, not from the rows of a site.",
            )
        if table and self.total is not None:
            total, noise_sd = np.asarray(self.total(vectors), dtype=np.int64), 0.0
        else:
            digest = question_digest(purpose, question, local, clip)
            total, noise_sd = summed(self.sites, digest, vectors, steps, event, self._counted)
        values, ones = steps.decode(total), np.ones(total.size)
        self.opened.append(
            Opening(
                purpose,
                total.size,
                steps.error(len(self.sites)) * ones,
                event is not None,
                epsilon,
                noise_sd * (1 if steps.step is None else steps.step) * ones,
                values,
            )
        )
        if key is not None:
            self._kept[key] = self.opened[-1]
        return values.copy()

    def rows(self, variables: Sequence[str], where: str | None = None) -> RowsUsed:
        """How many patients answer a question, and how many miss a value; opened once."""
        about = f"patients with {', '.join(variables)}" if variables else "patients"
        used, missing = self.sum(
            about + (f" where {where}" if where else ""),
            _size,
            variables=variables,
            where=where,
            sensitivity=Sensitivity(),
            unused=True,
            key=("rows", tuple(variables), where),
        )
        return RowsUsed(int(used), int(missing), self.smallest_cell)

    @property
    def zeroed(self) -> bool:
        """Whether small cells of tables are opened as 0."""
        return hasattr(self.total, "smallest_cell")

    def noise_variance(self) -> float:
        """Variance of the noise in a cell of a table of counts; 0 without noise."""
        if self.noise is None:
            return 0.0
        return self.noise.calibrated(Sensitivity(), 1).variance * len(self.sites) / self._counted

    def opening(self, key: Hashable) -> Opening:
        """What was opened under a key."""
        return self._kept[key]

    def variable(self, name: str) -> Variable:
        """A variable of the dictionary, or ArgumentRefused with the nearest name."""
        Question(self.dictionary, (name,))
        return self.dictionary.variables[name]

    def openings(self) -> pd.DataFrame:
        """Everything opened so far as a table, one vector a line, without its values."""
        return as_table(self.opened)

    def __repr__(self) -> str:
        noise = "without noise"
        if self.noise is not None:
            noise = f"epsilon {self.noise.epsilon:g} a statistic"
        return (
            f"Consortium of {len(self.sites)} sites ({self.dictionary.name}), cells below "
            f"{self.smallest_cell} not shown, {noise}; {len(self.opened)} sums opened"
        )


def _size(patients: pd.DataFrame) -> np.ndarray:
    return np.array([len(patients)], dtype=np.int64)
