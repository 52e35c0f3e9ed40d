"""What is a cohort, and which sites does it fall into?"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from synthema_lab.cohorts.split import PUBLIC_HOLDOUT_KEY, split_holdout, split_sites
from synthema_lab.dictionary import DataDictionary, did_you_mean
from synthema_lab.errors import ArgumentRefused


@dataclass(frozen=True, eq=False, repr=False)
class Cohort:
    """Patients, what their variables mean, and where they come from.

    Attributes
    ----------
    name : str
    patients : DataFrame, shape (patients, variables)
        Conformed to the dictionary, one row a patient.
    dictionary : DataDictionary
    source, licence, citation : str
    site_of_centre : mapping of centre code to site name
        How centres are grouped into sites; empty means one site a centre.

    Printing a cohort shows counts, never rows.
    """

    name: str
    patients: pd.DataFrame
    dictionary: DataDictionary
    source: str
    licence: str
    citation: str
    site_of_centre: Mapping[str, str] = field(default_factory=dict)

    def sites(self) -> dict[str, pd.DataFrame]:
        """Each site's patients, by the site's name.

        Examples
        --------
        >>> from synthema_lab.cohorts import load_cohort
        >>> {site: len(patients) for site, patients in load_cohort("leuksurv").sites().items()}
        {'north_west': 244, 'north_east': 221, 'south_west': 157, 'south_east': 421}
        """
        return split_sites(self.patients, self.dictionary, groups=self.site_of_centre or None)

    def split(
        self, fraction: float = 0.3, key: bytes = PUBLIC_HOLDOUT_KEY
    ) -> tuple[Cohort, Cohort]:
        """The patients to learn from, and those held out; see `split_holdout`.

        Examples
        --------
        >>> from synthema_lab.cohorts import load_cohort
        >>> learnt_from, held_out = load_cohort("leuksurv").split(0.3)
        >>> len(learnt_from.patients), len(held_out.patients)
        (731, 312)
        """
        kept, aside = split_holdout(self.patients, self.dictionary, fraction, key)
        return replace(self, patients=kept), replace(self, patients=aside)

    def site(self, name: str) -> tuple[Cohort, Cohort]:
        """The patients of one site, and those of all others.

        Raises
        ------
        ArgumentRefused
            If there is no such site.

        Examples
        --------
        >>> from synthema_lab.cohorts import load_cohort
        >>> here, elsewhere = load_cohort("leuksurv").site("south_west")
        >>> len(here.patients), len(elsewhere.patients)
        (157, 886)
        """
        sites = self.sites()
        if name not in sites or len(sites) == 1:
            raise ArgumentRefused(
                f"The cohort has no site '{name}', or no other.",
                "One site of several.",
                did_you_mean(name, sites),
            )
        here = sites.pop(name)
        elsewhere = pd.concat(list(sites.values()), ignore_index=True)
        return replace(self, patients=here), replace(self, patients=elsewhere)

    @property
    def events(self) -> int | None:
        """How many patients had the event; None without an outcome."""
        survival = self.dictionary.survival
        return None if survival is None else int(self.patients[survival.event].sum())

    def _facts(self) -> dict[str, str]:
        facts = {
            "patients": f"{len(self.patients)}",
            "variables": f"{len(self.patients.columns)}",
        }
        if self.events is not None:
            label = self.dictionary.variables[self.dictionary.survival.event].label
            facts["events"] = f"{self.events} ({label})"
        if self.dictionary.centre is not None:
            facts["sites"] = ", ".join(f"{name} {len(rows)}" for name, rows in self.sites().items())
        return facts | {"licence": self.licence, "cite": self.citation}

    def __repr__(self) -> str:
        width = max(map(len, self._facts()))
        lines = [f"{self.dictionary.title} ({self.name})"]
        lines += [f"  {fact.ljust(width)}  {value}" for fact, value in self._facts().items()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(fact)}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for fact, value in self._facts().items()
        )
        title = f"{html.escape(self.dictionary.title)} ({html.escape(self.name)})"
        return f"<table><caption><b>{title}</b></caption>{rows}</table>"
