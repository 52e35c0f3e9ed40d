"""How do hospitals judge a synthetic cohort: one sum, and nothing else leaves?

The study names the cohort by the SHA-256 of its canonical bytes, and every site
refuses another table. There is one opening on purpose: a second one could ask
the sites about a table that nobody approved.

Outputs under disclosure control are opened as exact sums, to which the rules
for small counts are applied before anything is shown or saved; whoever opens
the sums sees them whole. Outputs under epsilon carry noise, and hold only
tables in which a patient changes one cell by one.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...dictionary import DataDictionary
from ...privacy import epsilon_of, skellam_share
from ...validation.marginals import FEWEST as SMALLEST_SHOWN
from ..evaluation import Evaluation, Layout, brought, judged, read_synthetic, site_counts
from ..study.errors import StudyRefused
from .one_sum import OneSum, require_settings, variables_of, whole_number_terms
from .procedure import Contribution, Given, Plan

if TYPE_CHECKING:
    from ..study.study import Study

SETTINGS = ("synthetic", "seed", "draws")
LARGEST_COUNT = 100_000_000
FEWEST_DRAWS, DRAWS, MOST_DRAWS = 20, 200, 10_000


class Evaluating:
    """`validate` as a study.

    Settings of the study: ``synthetic`` (SHA-256 of the table's canonical bytes, as
    `evaluation.bring` gives it), ``seed`` and ``draws`` of resamples (0 and 200).

    Parameters
    ----------
    name : {"validate"}

    Examples
    --------
    >>> from synthema_lab.federation.study.example import example_content
    >>> from synthema_lab.federation.study.study import Study
    >>> content = example_content()
    >>> content["generator"] = {"name": "validate", "settings": {"synthetic": "0" * 64}}
    >>> plan = Evaluating("validate").plan(
    ...     Study.from_dict(content), DataDictionary.load("leuksurv"))
    >>> len(plan.lengths), len(plan.events) > 10
    (1, True)
    """

    openings = 1

    def __init__(self, name: str = "validate") -> None:
        self.name = name

    def terms(self, sites: int, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Whole numbers, with room for weighted rates; see `Procedure.terms`."""
        return whole_number_terms(sites, LARGEST_COUNT)

    def plan(self, study: Study, dictionary: DataDictionary) -> Plan:
        """One opening; see `Procedure.plan`."""
        layout = layout_of(study, dictionary)
        budget = study.budget
        events = () if budget.epsilon is None else layout.events(budget.epsilon, budget.delta)
        return Plan((layout.length,), events)

    def task(self, given: Given) -> EvaluatingTask:
        """A site's counts; see `Procedure.task`."""
        return EvaluatingTask(given)

    def assembly(
        self, study: Study, dictionary: DataDictionary, sites: tuple[str, ...], shares: int
    ) -> EvaluatingAssembly:
        """The verdict of the sums; see `Procedure.assembly`."""
        return EvaluatingAssembly(study, layout_of(study, dictionary))


def layout_of(study: Study, dictionary: DataDictionary) -> Layout:
    """The tables that a study asks for.

    Raises
    ------
    StudyRefused
        If a setting or a variable is unknown, or small counts would be shown.
    """
    require_settings(study, SETTINGS)
    settings = dict(study.settings)
    digest = settings.get("synthetic")
    if not isinstance(digest, str) or len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise StudyRefused(
            "It does not say which synthetic cohort is to be judged.",
            "Under synthetic, the SHA-256 of its canonical bytes: 64 hexadecimal digits.",
            "Set synthetic to what evaluation.bring(table, dictionary) gives.",
        )
    for name, least, most in (("seed", 0, 2**32 - 1), ("draws", FEWEST_DRAWS, MOST_DRAWS)):
        value = settings.get(name, least)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise StudyRefused(
                f"Its setting {name} cannot be used.",
                f"A whole number from {least} to {most}.",
                "Correct generator.settings in the draft, and submit it again.",
            )
    names = variables_of(study, dictionary)
    guarded = any(one.protection == "disclosure_control" for one in study.outputs)
    if guarded and (study.smallest_cell or 0) > SMALLEST_SHOWN:
        raise StudyRefused(
            f"Its smallest_cell is {study.smallest_cell}; figures of a validation hide counts "
            f"below {SMALLEST_SHOWN}.",
            f"At most {SMALLEST_SHOWN}.",
            "Lower smallest_cell, or ask for noise with a budget.",
        )
    return Layout(dictionary, names, study.budget.epsilon is not None)


def agreed(model: bytes, layout: Layout) -> bytes:
    """SHA-256, 32 bytes, of the cohort's bytes and of what is counted.

    What is counted follows from the dictionary, which the study binds, and from the
    published findings that a hospital's workbench lists, which it does not.
    """
    return hashlib.sha256(hashlib.sha256(model).digest() + layout.digest).digest()


class EvaluatingTask:
    """A site's counts about one synthetic cohort. Parameters as `Given`."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._layout = layout_of(given.study, given.dictionary)

    def contribution(self, opening: int, model: bytes) -> Contribution:
        """The counts, with this site's share of the noise where there is any.

        Raises
        ------
        DataMismatch
            If the table is not the one that was approved, or does not fit the study.
        """
        given, layout, budget = self._given, self._layout, self._given.study.budget
        settings = dict(given.study.settings)
        synthetic = read_synthetic(model, settings["synthetic"], given.dictionary, layout.columns)
        columns = list(layout.columns)
        counts = site_counts(
            layout, synthetic, given.patients[columns], given.held_out[columns],
            int(settings.get("seed", 0)),
        )  # fmt: skip
        vector = layout.joined(counts)
        if budget.epsilon is not None:
            variances = layout.variances(budget.epsilon, budget.delta)
            cells = [table.size for table in layout.tables]
            vector = vector + skellam_share(np.repeat(variances, cells), given.shares)
        return Contribution(vector, agreed(model, layout))


class EvaluatingAssembly(OneSum):
    """The verdict of one opened sum.

    Parameters
    ----------
    study : Study
    layout : Layout
    """

    def __init__(self, study: Study, layout: Layout) -> None:
        super().__init__()
        self._study, self._layout = study, layout
        self._settings = dict(study.settings)
        self._synthetic = b""

    @property
    def model(self) -> bytes:
        """The synthetic cohort.

        Raises
        ------
        SyntheticAbsent
            If it was not brought.
        """
        if not self._synthetic:
            self._synthetic = brought(self._settings["synthetic"])
        return self._synthetic

    @property
    def digest(self) -> bytes:
        """What all hospitals must have worked with; see `agreed`."""
        return agreed(self.model, self._layout)

    def result(self, progress: Callable[[float], None] | None = None) -> Evaluation:
        """What the sums say."""
        study, layout, settings = self._study, self._layout, self._settings
        synthetic = read_synthetic(
            self.model, settings["synthetic"], layout.dictionary, layout.columns
        )
        validation = judged(
            layout, layout.split(self.total), synthetic,
            int(settings.get("seed", 0)), int(settings.get("draws", DRAWS)),
        )  # fmt: skip
        validation = replace(validation, sites=self.sites)
        epsilon = study.budget.epsilon
        if epsilon is not None:
            epsilon = epsilon_of(layout.events(epsilon, study.budget.delta), study.budget.delta)
        if progress is not None:
            progress(1.0)
        return Evaluation(
            validation, study.hash, settings["synthetic"], epsilon, study.budget.delta
        )

    def save(self) -> bytes:
        """The synthetic cohort, and the sum once it was opened; exact where there is no noise."""
        if not self._synthetic and self.total is None:
            return b""
        total = np.empty(0, np.int64) if self.total is None else self.total
        content = io.BytesIO()
        np.savez_compressed(
            content, total=total, sites=self.sites,
            synthetic=np.frombuffer(self.model, dtype=np.uint8),
        )  # fmt: skip
        return content.getvalue()

    def restore(self, saved: bytes) -> None:
        """Go on from what `save` gave."""
        if saved:
            with np.load(io.BytesIO(saved), allow_pickle=False) as content:
                self._synthetic = content["synthetic"].tobytes()
                self.total = content["total"] if len(content["total"]) else None
                self.sites = int(content["sites"])
