"""What does a notebook do with its run?

It draws randomness from it, saves what it shows through it, says which numbers
come first, and finishes it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from ..errors import ArgumentRefused
from ..storage import whole_file
from . import shown
from .disclosure import check_aggregate, check_class, check_name
from .fingerprints import RESTRICTED
from .headlines import Headline, headline
from .inputs import Inputs
from .manifest import now
from .outputs import PAPERS, Outputs, parts_of, png_of, write_csv
from .record import finish_run
from .setting import COHORT, Setting
from .summary import Summary

T = TypeVar("T")


class Run:
    """One run of a notebook; made by ``lab.start("40_generate")``.

    Parameters
    ----------
    folder : pathlib.Path
        Where it writes.
    setting : Setting
    publish : callable
        Called when the run is finished; gives the folder its final name.
    """

    def __init__(
        self, folder: Path, setting: Setting, publish: Callable[[Path], Path] = lambda path: path
    ) -> None:
        self.folder = folder
        self.setting = setting
        self.started = now()
        self.inputs = Inputs()
        self.outputs = Outputs(folder, once=setting.headless)
        self.headlines: dict[tuple[str, str], Headline] = {}
        self.spent: list[dict[str, Any]] = []
        self.streams: set[str] = set()
        self.cohort = str(setting.values.get(COHORT) or "")
        self._publish = publish

    @property
    def notebook(self) -> str:
        """Name of the notebook."""
        return self.setting.notebook

    @property
    def parameters(self) -> dict[str, Any]:
        """Every parameter with its value."""
        return dict(self.setting.values)

    @property
    def seed(self) -> int:
        """The run's seed, from the parameter ``seed``.

        Raises
        ------
        ArgumentRefused
            If the notebook has no such parameter, or it is not a whole number from 0.
        """
        seed = self.setting.values.get("seed")
        if isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0:
            return seed
        raise ArgumentRefused(
            "The run has no seed." if seed is None else "The seed cannot be used.",
            "A parameter called seed, a whole number from 0.",
            "Add to the parameters cell: seed = 0  # start of all randomness",
        )

    def rng(self, name: str) -> np.random.Generator:
        """A generator for one purpose; the same name and seed give the same numbers.

        Streams of different names are independent, so that a step added to a
        notebook changes nothing in the others. Never for privacy noise.
        """
        words = np.frombuffer(hashlib.sha256(name.encode()).digest()[:16], dtype="<u4")
        self.streams.add(name)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=words.tolist()))

    def input(self, name: str, given: T, public: bool = False) -> T:
        """Record a table, a file or a cohort that the run reads, and hand it back.

        Parameters
        ----------
        name : str
        given : DataFrame, path or Cohort
        public : bool
            True when anybody may know the hash. A private input is hashed under
            the workspace's key.
        """
        self.inputs.read(name, given, public)
        if hasattr(given, "dictionary") and not self.cohort:
            self.cohort = str(given.name)
        return given

    def dictionary(self, dictionary: T) -> T:
        """Record a data dictionary that the run uses, and hand it back."""
        self.inputs.describe(dictionary)
        return dictionary

    def upstream(self, notebook: str, filename: str, given: str = "") -> Path:
        """An output of another notebook: beside this run, else of its newest run.

        Only runs on the same cohort count, where this notebook names its cohort.

        Parameters
        ----------
        notebook, filename : str
            Such as ``"30_train_across_hospitals"`` and ``"leuksurv.model"``.
        given : str
            A file, or the folder of a run, to take instead.
        """
        return self.inputs.upstream(
            notebook, filename, given, self.setting.beside, self.setting.pinned, self.cohort
        )

    def figure(
        self,
        figure: Any,
        name: str,
        *,
        data: pd.DataFrame | None = None,
        caption: str = "",
        alt: str = "",
        sensitivity: str | None = None,
        checked: bool = False,
    ) -> None:
        """Save a figure with its data, caption and description, show it and close it.

        Parameters
        ----------
        figure : matplotlib.figure.Figure, or a plot of ``lab.figures``
            A plot brings its own data, caption and description.
        name : str
        data : DataFrame
            The numbers drawn.
        caption, alt : str
            What is shown; what is seen.
        sensitivity : {"public", "synthetic", "aggregate", "restricted"}
        checked : bool
            A person has looked at small counts.
        """
        drawn, data, words = parts_of(figure, name, data, caption, alt)
        sensitivity = self._declared(data, name, sensitivity, checked)
        picture = png_of(figure, drawn)
        self.outputs.write(
            "figure", name, ".csv", sensitivity,
            lambda path: write_csv(data, path, rounded=True), words, picture,
        )  # fmt: skip
        if sensitivity == RESTRICTED:
            shown.say(f"The figure {name} is restricted: it is kept with the run and not shown.")
        else:
            shown.show_figure(picture, self._number("figure", name), words["caption"], words["alt"])

    def table(
        self,
        table: pd.DataFrame,
        name: str,
        *,
        caption: str,
        sensitivity: str | None = None,
        checked: bool = False,
    ) -> None:
        """Save a table of results, and show its first rows.

        Parameters
        ----------
        table : DataFrame
        name, caption : str
        sensitivity, checked
            As for `figure`.
        """
        sensitivity = self._declared(table, name, sensitivity, checked)
        self.outputs.write(
            "table", name, ".csv", sensitivity,
            lambda path: write_csv(table, path, rounded=True), {"caption": caption},
        )  # fmt: skip
        if sensitivity == RESTRICTED:
            shown.say(f"The table {name} is restricted: it is kept with the run and not shown.")
        else:
            shown.show_table(table, self._number("table", name), caption)

    def save_table(
        self, table: pd.DataFrame, name: str, *, sensitivity: str | None = None,
        checked: bool = False,
    ) -> Path:  # fmt: skip
        """Save a whole table, such as a cohort, as CSV; nothing is shown or rounded."""
        sensitivity = self._declared(table, name, sensitivity, checked)
        return self.outputs.write(
            "data", name.removesuffix(".csv"), ".csv", sensitivity,
            lambda path: write_csv(table, path, rounded=False),
        )  # fmt: skip

    def save_model(self, model: Any, name: str, *, sensitivity: str | None = None) -> Path:
        """Save a fitted model, with what it spent of the privacy budget.

        Parameters
        ----------
        model : FittedModel
            With ``save(path)``, ``privacy`` and ``release``. Its opened sums go
            into ``releases/``, so that the run can be repeated at no cost.
        name : str
            A file name; without a suffix it gets ``.model``.
        sensitivity : str, optional
            By default ``"aggregate"`` for a model under differential privacy,
            ``"restricted"`` for one without.
        """
        protected = getattr(model, "privacy", None) is not None
        sensitivity = check_class(
            sensitivity or ("aggregate" if protected else RESTRICTED), check_name(name)
        )
        stem, suffix = os.path.splitext(name)
        path = self.outputs.write(
            "model", stem, suffix or ".model", sensitivity, lambda target: model.save(target)
        )
        if hasattr(model, "dictionary"):
            self.inputs.describe(model.dictionary)
        if protected:
            self.privacy({**model.privacy, "release": model.release, "output": name})
            opened = getattr(model, "opened", None)
            if opened is not None:
                with whole_file(self.folder / "releases" / f"{model.release}.npz") as target:
                    target.write_bytes(opened.to_bytes())
        return path

    def save_paper(self, validation: Any, verdict: Any, name: str = "validation") -> Path:
        """Save a validation as the PDF that a custodian reads; a rerun does not compare it."""
        from .validation_page import validation_paper

        paper = validation_paper(validation, verdict)
        return self.outputs.beside(Path(PAPERS) / f"{check_name(name)}.pdf", paper)

    def privacy(self, spent: Mapping[str, Any]) -> None:
        """Record what was spent of the privacy budget, outside `save_model`."""
        entry = dict(spent)
        if entry not in self.spent:
            self.spent.append(entry)

    def headline(self, cohort: str = "", /, **numbers: Any) -> None:
        """Say which numbers come first, each with its interval.

        Parameters
        ----------
        cohort : str
            Which of several cohorts they are about, such as ``"federated"``.
        **numbers
            ``name=(value, low, high)``; or a mapping that also has floor,
            ceiling, unit, label, note; or a metric of a validation; or a word.
        """
        for name, given in numbers.items():
            self.headlines[cohort, check_name(name)] = replace(headline(name, given), cohort=cohort)

    def finish(self) -> Summary:
        """Write the manifest; what is returned shows what the run made."""
        summary = finish_run(self)
        self.folder = self._publish(self.folder)
        self.outputs.folder = self.folder
        return summary

    def _declared(
        self, table: pd.DataFrame, name: str, sensitivity: str | None, checked: bool
    ) -> str:
        sensitivity = check_class(sensitivity, check_name(name))
        if sensitivity == "aggregate":
            check_aggregate(
                table, name, patients=self.inputs.patients, pseudonyms=self.inputs.pseudonyms,
                checked=checked,
            )  # fmt: skip
        return sensitivity

    def _number(self, kind: str, name: str) -> int:
        shown_so_far = [
            key for key, record in self.outputs.records.items()
            if key[0] == kind and record["sensitivity"] != RESTRICTED
        ]  # fmt: skip
        return shown_so_far.index((kind, name)) + 1

    def __repr__(self) -> str:
        return f"Run of {self.notebook}: {len(self.outputs.records)} outputs so far"
