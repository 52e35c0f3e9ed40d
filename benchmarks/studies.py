"""What does a whole study cost: site processes, workers, books, sealed folders and all?

Three sites served by ``synthema site serve``, each with a confined worker, and
a researcher in another process, beside a plain loop that trains and adds in
the open. ``python -m benchmarks.studies`` prints the table.
"""

from __future__ import annotations

import os
import tempfile
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from synthema_lab.cohorts.mock import mock_patients
from synthema_lab.dictionary import DataDictionary
from synthema_lab.federation import connect, local_hospitals
from synthema_lab.federation.averaging import AveragingSite, SharedModel
from synthema_lab.federation.conduct import Progress, run_study
from synthema_lab.federation.procedures.averaged import _Agreed
from synthema_lab.federation.study import Study
from synthema_lab.federation.worker import confinement
from synthema_lab.generators.measured import require_patients
from synthema_lab.generators.vae.network import loss_of
from synthema_lab.generators.vae.vae import tensors
from synthema_lab.secure_aggregation import Identity

from .machine import described

SITES, PATIENTS = ("east", "north", "south"), 300
WHO = {"name": "B", "institution": "B", "purpose": "To measure.", "legal_basis": "None needed."}
HOW = """\
Set-up: three site folders with keys and books are made, three processes started, until all serve.
Rounds: federated averaging of a network, one local step a round, so that the round itself is what \
is measured: charge, worker, masks, sealed letters, registers and books on the disk. The time is \
that between two openings at the researcher; the first of a series is left out.
Averaging: 20 rounds of 10 local steps, from the first letter to the last.
Plain: the same training at the same three tables one after another in one process, changes added \
in the open, nothing sealed, stored or charged.
Memory: the largest resident size of a site's process with torch loaded.
Growth: median of the last ten rounds over that of the first ten."""


@dataclass(frozen=True)
class Asked:
    """A study to be measured."""

    title: str
    hidden: int
    rounds: int
    steps: int

    def draft(self, hospitals) -> Study:
        """The study."""
        settings = {"hidden": self.hidden, "local_steps": self.steps, "seed": 1}
        return hospitals.draft(
            self.title, hospitals.reasons(), who=WHO, generator="vae", epsilon=None,
            rounds=self.rounds, settings=settings, all_must_stay=True,
        )  # fmt: skip


ROUNDS = Asked("Rounds", 870, 50, 1)
AVERAGING = Asked("Averaging", 1745, 20, 10)


def over_processes(dictionary: DataDictionary, tables: dict) -> dict:
    """Both studies over site processes."""
    started = time.perf_counter()
    empty = {name: table.head(0) for name, table in tables.items()}
    with local_hospitals(tables, dictionary, empty, {"allow_without_noise": True}) as hospitals:
        found = {"set-up": time.perf_counter() - started}
        asked = connect(*hospitals.exchanges.values(), key=Identity.new("researcher"))
        for one in (ROUNDS, AVERAGING):
            study = one.draft(asked)
            submitted = asked.submit(study, hospitals.folder / "researcher")
            hospitals.approve(study)
            moments: list[float] = []

            def told(progress: Progress, moments: list[float] = moments) -> None:
                if progress.opened == len(moments):
                    moments.append(time.perf_counter())

            run_study(
                study, dictionary, asked.researcher, hospitals.exchanges, submitted.kept, told=told
            )
            found[one.title] = np.diff(moments)
            found[f"{one.title} length"] = _Agreed(study, dictionary).layout.length
        pids = [process.pid for process in hospitals._processes.values()]
        found["site"] = max(_peak(pid) for pid in pids)
    return found


def plain(dictionary: DataDictionary, tables: dict, one: Asked, study: Study) -> float:
    """The same training in one process, in the open."""
    agreed = _Agreed(study, dictionary)
    layout = agreed.layout
    sites = [
        AveragingSite(
            name, tensors(agreed.heads, require_patients(table, dictionary)), agreed.module,
            loss_of(agreed.vae), agreed.averaging, None, number=number,
        )
        for number, (name, table) in enumerate(tables.items())
    ]  # fmt: skip
    model = SharedModel(layout, layout.flatten(dict(agreed.module.named_parameters())))
    started = time.perf_counter()
    for number in range(one.rounds):
        changes = [site.contribution(model.parameters, number).vector for site in sites]
        model = model.moved_by(np.sum(changes, axis=0), tuple(tables), agreed.averaging)
    return time.perf_counter() - started


def _peak(pid: int) -> float:
    """Largest resident size in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1000


def run() -> str:
    """Measure and return the table."""
    load = os.getloadavg()[0]
    dictionary = DataDictionary.load("leuksurv")
    rng = np.random.default_rng(1)
    tables = {name: mock_patients(dictionary, PATIENTS, rng) for name in SITES}
    found = over_processes(dictionary, tables)
    with (
        tempfile.TemporaryDirectory(),
        local_hospitals(tables, dictionary, None, {"allow_without_noise": True}) as hospitals,
    ):
        asked = connect(*hospitals.exchanges.values(), key=Identity.new("researcher"))
        drafts = {one.title: one.draft(asked) for one in (ROUNDS, AVERAGING)}
    beside = {
        one.title: plain(dictionary, tables, one, drafts[one.title]) for one in (ROUNDS, AVERAGING)
    }
    rounds = found["Rounds"][1:]
    rows = [
        ("set-up of three sites", found["set-up"], 20.0, ""),
        (f"a round of {found['Rounds length']:,} values, median", median(rounds), 1.5,
         f"{min(rounds):.2f} to {max(rounds):.2f}"),
        ("  growth over 50 rounds", median(rounds[-10:]) / median(rounds[:10]), 1.2, ""),
        ("  plain, a round", beside["Rounds"] / ROUNDS.rounds, None, ""),
        (f"averaging {found['Averaging length']:,} parameters, 20 rounds",
         float(found["Averaging"].sum()), 60.0, ""),
        ("  plain", beside["Averaging"], None, ""),
        ("memory of a site's process, MB", found["site"], 700.0, ""),
    ]  # fmt: skip
    lines = [
        "A whole study over three site processes",
        f"  {'what':<48}{'measured':>10}  {'range':<14}{'goal':>7}  met",
    ]
    for what, value, goal, spread in rows:
        verdict = "" if goal is None else f"{goal:7g}  {'yes' if value <= goal else 'NO'}"
        lines.append(f"  {what:<48}{value:>10.3f}  {spread:<14}{verdict}".rstrip())
    remarks = [
        *HOW.splitlines(),
        f"Workers are confined by {confinement()}.",
        f"Load of the machine before the run: {load:.2f} processes.",
    ]
    for remark in remarks:
        lines += textwrap.wrap(remark, 98, initial_indent="- ", subsequent_indent="  ")
    return "\n".join([*lines, described(("torch", "syft-crypto-python", "fsspec", "numpy"))])


if __name__ == "__main__":
    print(run())
