"""What does a validation say, to a clinician, a table and a machine?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from synthema_lab.errors import ArgumentRefused

from .metric import GROUPS, Metric
from .reference import MOST_ROWS
from .rendering import as_html, as_text


@dataclass(frozen=True, repr=False)
class Validation:
    """All metrics of one synthetic table, and the curves behind them.

    Parameters
    ----------
    metrics : tuple of Metric
        In order of their groups: fidelity, clinical, utility, privacy.
    curves : Mapping[str, DataFrame]
        Tidy tables for figures: bounds, survival, hazard_ratios, univariate,
        missingness, marginals, attacks, attack_roc, verbatim, rules. All are
        aggregates: curves of real patients are read on a public grid and end
        where fewer than ten are at risk; counts below ten are hidden.
    dictionary : str
        Name of the data dictionary.
    real_rows, holdout_rows, synthetic_rows : int
    draws : int
        Bootstrap draws behind each interval, unless its note says otherwise.
    seed : int
    most_rows : int
        Rows of a table that most metrics read, at most; see `reference.prepare`.
    sites : int
        Hospitals whose sums it rests on; 0 where one custodian holds all rows.
    """

    metrics: tuple[Metric, ...]
    curves: Mapping[str, pd.DataFrame] = field(compare=False)
    dictionary: str
    real_rows: int
    holdout_rows: int
    synthetic_rows: int
    draws: int
    seed: int
    most_rows: int = MOST_ROWS
    sites: int = 0

    def __getitem__(self, name: str) -> Metric:
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise ArgumentRefused(
            f"This validation has no metric named '{name}'.",
            f"One of: {', '.join(metric.name for metric in self.metrics)}.",
            "See validation.table().",
        )

    def __iter__(self) -> Iterator[Metric]:
        return iter(self.metrics)

    def table(self) -> pd.DataFrame:
        """One row a metric, in the columns of `Metric`."""
        rows = [{**vars(metric), "direction": metric.direction} for metric in self.metrics]
        return pd.DataFrame(rows).drop(columns="range").set_index("name")

    def as_json(self) -> list[dict[str, object]]:
        """The metrics as plain values, one object each; None where not computed."""
        return [metric.as_dict() for metric in self.metrics]

    def with_metrics(self, *metrics: Metric) -> Validation:
        """The same validation with metrics that were taken elsewhere, such as over refits.

        Parameters
        ----------
        *metrics : Metric
            Each goes to the end of its group, or takes the place of one of its name.

        Raises
        ------
        ArgumentRefused
            A group that a validation does not have.
        """
        order, kept = list(GROUPS), list(self.metrics)
        for metric in metrics:
            if metric.group not in order:
                raise ArgumentRefused(
                    f"There is no group of metrics named '{metric.group}'.",
                    f"One of: {', '.join(order)}.",
                    "Give the metric one of these groups.",
                )
            same = [place for place, old in enumerate(kept) if old.name == metric.name]
            for place in same:
                kept[place] = metric
            if not same:
                kept.append(metric)
        kept.sort(key=lambda metric: order.index(metric.group))
        return replace(self, metrics=tuple(kept))

    @property
    def heading(self) -> str:
        """What was compared with what, in one line."""
        held = f"{self.holdout_rows} held-out patients" if self.holdout_rows else "none held out"
        told = (
            f"{self.synthetic_rows} synthetic rows against {self.real_rows} training patients "
            f"and {held} ({self.dictionary})"
        )
        if self.sites:
            return f"{told}; judged by {self.sites} hospitals, which pooled no patient"
        if max(self.synthetic_rows, self.real_rows, self.holdout_rows) > self.most_rows:
            told += f"; most metrics read {self.most_rows} rows of a larger table, drawn at random"
        return told

    def __str__(self) -> str:
        return as_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self)
