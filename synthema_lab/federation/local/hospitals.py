"""How are a few hospitals set up, served and cleared away?

For notebooks, lessons and tests: every site is a process with a folder, books
and keys of its own, and everything between them and the researcher goes over
the folders, sealed. All of it lies in one temporary folder, which is removed
at the end, also of a process that is killed.
"""

from __future__ import annotations

import html
import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ...cohorts import write_table
from ...dictionary import DataDictionary
from ...errors import ArgumentRefused
from ...secure_aggregation import Identity
from ..site import SiteFolder, approve, create_site, receive, review, standings
from ..study.review import Review
from ..study.study import Study
from ..window.captioned import captioned
from .process import ServingProcess

_PREFIX = "synthema-hospitals-"
APPROVER = "data.owner"


class LocalHospitals:
    """Hospitals on this machine, each served by a process; see `local_hospitals`.

    Attributes
    ----------
    names : tuple of str
    folder : pathlib.Path
    exchanges : dict of str to pathlib.Path
        By site, the exchange folder: all that a researcher sees of it.
    """

    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame],
        dictionary: str | DataDictionary,
        held_out: Mapping[str, pd.DataFrame] | None = None,
        policy: Mapping[str, Any] | None = None,
    ) -> None:
        self.names = tuple(sorted(tables))
        named, cohort = _named(dictionary)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        self._processes: dict[str, ServingProcess] = {}
        self._end = weakref.finalize(self, _clear, self._processes, self.folder)
        self.approver = Identity.new(APPROVER)
        _clear_what_others_left()
        try:
            for name in self.names:
                held = None if held_out is None else held_out.get(name, tables[name].head(0))
                self._found(name, tables[name], held, named, cohort)
                _edit(self.folder / name / "site.yaml", policy or {})
            self.exchanges = {name: self.site(name).policy.exchange for name in self.names}
            for name in self.names:
                self._start(name)
            for process in self._processes.values():
                process.wait_until_it_serves()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> LocalHospitals:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop all processes and remove the folder; nothing is left."""
        self._end()

    def site(self, name: str) -> SiteFolder:
        """A site's books, as its owner opens them."""
        return SiteFolder(self.folder / name)

    def review(self, name: str, study: Study | str) -> Review:
        """What the owner of the data at a site is shown of a study."""
        site = self.site(name)
        receive(site)
        return review(site, _hash(study))

    def approve(self, study: Study | str, *names: str) -> None:
        """Approve a study at these sites, or at all, as their owners would."""
        for name in names or self.names:
            site = self.site(name)
            receive(site)
            approve(site, _hash(study), self.approver)

    def audit(self, name: str) -> pd.DataFrame:
        """The logbook of a site, as its data protection officer reads it."""
        rows = []
        for entry in self.site(name).logbook.entries():
            told = str(entry).partition("  (")[2].rstrip(")")
            rows.append({"time": entry.time, "event": entry.event, "study": entry.study[:12],
                         "details": told})  # fmt: skip
        return pd.DataFrame(rows)

    def printed(self, name: str) -> str:
        """What the site's process has printed, which stays at the site."""
        return self._processes[name].printed

    def kill(self, name: str) -> None:
        """End a site's process at once, as a power cut would."""
        self._processes[name].kill()

    def restart(self, name: str) -> None:
        """Start a site's process again."""
        self._start(name)
        self._processes[name].wait_until_it_serves()

    def table(self) -> pd.DataFrame:
        """The sites: process, books and budget."""
        rows = []
        for name in self.names:
            site, process = self.site(name), self._processes[name]
            cohort = next(iter(site.policy.datasets))
            rows.append({
                "site": name, "process": process.pid if process.alive else "stopped",
                "studies": len(standings(site)), "lines in logbook": len(site.logbook.chain.seals),
                "epsilon spent": round(site.ledger(cohort).spent(cohort), 3),
            })  # fmt: skip
        return pd.DataFrame(rows).set_index("site")

    def __str__(self) -> str:
        if not self._end.alive:
            return "Hospitals that are closed; nothing of them is left."
        return f"{len(self.names)} hospitals on this machine\n{self.table()}"

    def _repr_html_(self) -> str:
        if not self._end.alive:
            return f"<p>{html.escape(str(self))}</p>"
        return captioned(self.table(), f"{len(self.names)} hospitals on this machine")

    def _found(
        self, name: str, table: pd.DataFrame, held_out: pd.DataFrame | None, named: str, cohort: str
    ) -> None:
        data = self.folder / "data" / name
        data.mkdir(mode=0o700, parents=True)
        write_table(table, data / "patients.parquet")
        dataset = {"name": cohort, "dictionary": named, "table": str(data / "patients.parquet")}
        if held_out is not None and held_out.empty:
            dataset["holdout"] = "0.0"
        elif held_out is not None:
            write_table(held_out, data / "held_out.parquet")
            dataset["holdout"] = f"'{data / 'held_out.parquet'}'"
        anchor = self.folder / "anchors" / f"{name}.anchor"
        create_site(self.folder / name, name, self.approver, anchor, [dataset])

    def _start(self, name: str) -> None:
        log = self.folder / f"{name}.log"
        log.write_bytes(b"")
        self._processes[name] = ServingProcess(self.folder / name, log)


def local_hospitals(
    tables: Mapping[str, pd.DataFrame],
    dictionary: str | DataDictionary,
    held_out: Mapping[str, pd.DataFrame] | None = None,
    policy: Mapping[str, Any] | None = None,
) -> LocalHospitals:
    """Hospitals on this machine, each served by a process of its own.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        By site, its patients; at least three sites.
    dictionary : str or DataDictionary
        A file, or one that has a name, such as leuksurv.
    held_out : mapping of str to pandas.DataFrame, optional
        By site, patients that are never learnt from; a fixed fifth of the
        table if not given.
    policy : mapping of str to object, optional
        Lines of ``site.yaml`` that are to be otherwise, such as
        ``{"allow_without_noise": True}``; the same at every site.

    Returns
    -------
    LocalHospitals
        To be used in a ``with``, or closed with ``close()``. It closes itself
        when the process ends.

    Raises
    ------
    ArgumentRefused
        If there are fewer than three sites, or the dictionary has no file.
    """
    if len(tables) < 3:
        raise ArgumentRefused(
            f"{len(tables)} hospitals were to be set up.",
            "At least three: with two, each learns the other's part of a sum.",
            "Give one table for each of three sites.",
        )
    return LocalHospitals(tables, dictionary, held_out, policy)


def _hash(study: Study | str) -> str:
    return study if isinstance(study, str) else study.hash


def _named(dictionary: str | DataDictionary) -> tuple[str, str]:
    """By what a site's policy names the dictionary, and the cohort."""
    if isinstance(dictionary, str):
        return str(dictionary), DataDictionary.load(dictionary).name
    if DataDictionary.load(dictionary.name).digest != dictionary.digest:
        raise ArgumentRefused(
            f"The dictionary {dictionary.name} is not the one of that name here.",
            "A file, or a dictionary of the workbench.",
            "Give the path of its file.",
        )
    return dictionary.name, dictionary.name


def _edit(path: Path, changes: Mapping[str, Any]) -> None:
    """Change lines of a policy, as its owner does in an editor."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for name, value in changes.items():
        told = str(value).lower() if isinstance(value, bool) else str(value)
        places = [place for place, line in enumerate(lines) if line.lstrip().startswith(f"{name}:")]
        if not places:
            raise ArgumentRefused(
                f"A site's policy has no line {name}.", "A line of site.yaml.", "See site.yaml."
            )
        for place in places:
            indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
            lines[place] = f"{indent}{name}: {told}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _clear(processes: dict[str, ServingProcess], folder: Path) -> None:
    for process in processes.values():
        process.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _clear_what_others_left() -> None:
    """Remove folders of processes that were killed, and so could not."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not _lives(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
