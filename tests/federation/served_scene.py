"""Three hospitals with tables, that serve in this process over real folders, for tests."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from synthema_lab.cohorts.mock import mock_patients
from synthema_lab.dictionary import DataDictionary
from synthema_lab.federation.conduct import Conductor
from synthema_lab.federation.procedures.counting import count_plan
from synthema_lab.federation.rounds import RESEARCHER
from synthema_lab.federation.rounds.ends import researcher_end
from synthema_lab.federation.service import InProcess, Service
from synthema_lab.generators.measured import require_patients

from .site_scene import Scene

PATIENTS = 40


class PowerCut(BaseException):
    """The process is gone, here and now."""


class ServedScene(Scene):
    """Sites with patients; studies are run by `run`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.dictionary = DataDictionary.load("leuksurv")
        rng = np.random.default_rng(7)
        self.tables = {}
        for name in self.sites:
            for kind in ("learnt", "held"):
                table = mock_patients(self.dictionary, PATIENTS, rng)
                table["patient_id"] = f"{name}-{kind}-" + table["patient_id"]
                table.to_csv(folder / f"{name}-{kind}.csv", index=False)
                self.tables[name, kind] = table
            self.edit_policy(f"/data/{name}.csv", str(folder / f"{name}-learnt.csv"), name)
            self.edit_policy("holdout: 0.2", f"holdout: '{folder / f'{name}-held.csv'}'", name)
            self.edit_policy("allow_without_noise: false", "allow_without_noise: true", name)
        self.services: dict[str, Service] = {}
        self.crashes = Crashes()

    def exact(self, **changed):
        """A study without noise, that all sites have approved."""
        outputs = {"counts": {"what": "Counts.", "protection": "outside_epsilon"}}
        return self.approved(
            *self.sites, **{"budget__epsilon": "off", "outputs": outputs, **changed}
        ).study

    def pooled(self, study) -> np.ndarray:
        """What one custodian of all patients would count."""
        plan = count_plan(study, self.dictionary)
        tables = [require_patients(self.tables[name, "learnt"], self.dictionary)
                  for name in self.sites]  # fmt: skip
        return sum(plan.vector(table, 1) for table in tables)

    def serve(self, name: str) -> Service:
        """Start a site, again."""
        site = self.reopened(name)
        self.services[name] = Service(site, InProcess)
        return self.services[name]

    def close(self) -> None:
        for service in self.services.values():
            service.close()

    def step(self) -> None:
        """Every site looks once; one that loses its power is started again."""
        for name in self.sites:
            try:
                with self.crashes.of(name):
                    self.services[name].step()
            except PowerCut:
                self.services[name].close()
                self.serve(name)

    def run(self, study, folder: Path | None = None, patience: float = 5.0):
        """Conduct a study, also through power cuts of the researcher's process."""
        for name in self.sites:
            if name not in self.services:
                self.serve(name)
        folder = folder or self.folder / "lab"
        while True:
            try:
                with ExitStack() as stack, self.crashes.of(RESEARCHER):
                    return self._conductor(study, folder, patience, stack).run()
            except PowerCut:
                continue

    def _conductor(self, study, folder, patience, stack) -> Conductor:
        channels = {
            name: stack.enter_context(
                researcher_end(
                    site.policy.exchange, study, self.researcher, site.identity.member(),
                    folder / "channels" / name,
                )
            )
            for name, site in self.sites.items()
        }  # fmt: skip
        return Conductor(
            study,
            self.dictionary,
            channels,
            folder,
            peers=self.folder / "peers",
            patience=patience,
            meanwhile=self.step,
        )


class Crashes:
    """Cuts one party's power at the n-th of its writes to the disk.

    A write is a `fsync` or a rename; the power goes before it, or after it.
    """

    def __init__(self) -> None:
        self.party, self.at, self.seen = "", -1, 0
        self._current = ""

    @contextmanager
    def of(self, party: str):
        """What is written here is written by this party."""
        before, self._current = self._current, party
        try:
            yield
        finally:
            self._current = before

    def install(self, monkeypatch) -> None:
        """Watch all writes."""
        for name in ("fsync", "replace"):
            monkeypatch.setattr(os, name, self._watched(getattr(os, name)))

    def _watched(self, write):
        def watched(*args, **kwargs):
            self._count()
            result = write(*args, **kwargs)
            self._count()
            return result

        return watched

    def _count(self) -> None:
        if self._current == self.party:
            self.seen += 1
            if self.seen == self.at:
                raise PowerCut
