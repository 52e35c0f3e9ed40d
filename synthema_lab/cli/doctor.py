"""What is missing on this machine, and how is it got?"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import sys
from dataclasses import asdict, dataclass

import click
import pandas as pd

from .output import answer, answering, as_text

_IMPORTED_AS = {
    "dp-accounting": "dp_accounting",
    "ipython": "IPython",
    "pyyaml": "yaml",
    "pyzmq": "zmq",
    "schneiderkamplab-synthcity": "synthcity",
    "scikit-learn": "sklearn",
    "survset": "SurvSet",
    "syft-rds": "syft_rds",
    "pytest-xdist": "xdist",
}
_MEANS = {
    "": "the workbench itself",
    "data": "the public LeukSurv cohort (GPL package, imported and not copied)",
    "importers": "import of AMLSG, OMOP and mapped tables with units",
    "schemas": "pandera schemas of the dictionaries",
    "federation": "hospitals as PySyft sites",
    "deep": "deep generators and the comparison field",
    "test": "the test suite",
}


@dataclass(frozen=True)
class Check:
    """One thing that was looked for."""

    item: str
    state: str
    detail: str
    get: str


@click.command("doctor")
@answering
def doctor_command(as_json: bool, quiet: bool) -> None:
    """Say what is missing here, and how to get it.

    Leaves with 7 where something that the workbench itself needs is missing.
    """
    checks = [*_machine(), *_packages(), *_programs()]
    table = pd.DataFrame([asdict(check) for check in checks])
    missing = [check for check in checks if check.state != "ok"]
    text = as_text(table.drop(columns="get"))
    if missing:
        text += "\n\nTo get what is missing:\n" + "\n".join(
            f"  {check.item}: {check.get}" for check in missing
        )
    else:
        text += "\n\nNothing is missing."
    answer(text, {"ok": not missing, "checks": [asdict(check) for check in checks]}, as_json, quiet)
    if any(check.state == "missing" for check in checks):
        raise SystemExit(7)


def _machine() -> list[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info[:2] < (3, 13)
    free = shutil.disk_usage(".").free / 1e9
    checks = [
        Check("Python", "ok" if fits else "missing", version,
              "install Python 3.11 or 3.12, then make setup BASE=/path/to/python3.11"),
        Check("cores", "ok", str(os.cpu_count()), ""),
        Check("disk", "ok" if free > 2 else "low", f"{free:.0f} GB free",
              "free some space; a demo needs about 50 MB, the environment 5 GB"),
    ]  # fmt: skip
    pages = os.sysconf("SC_PHYS_PAGES") if "SC_PHYS_PAGES" in os.sysconf_names else 0
    if pages:
        memory = pages * os.sysconf("SC_PAGE_SIZE") / 1e9
        checks.append(Check("memory", "ok" if memory > 4 else "low", f"{memory:.0f} GB",
                            "the demo needs about 4 GB"))  # fmt: skip
    return checks


def _packages() -> list[Check]:
    """One line a group of requirements, naming what is absent or has another version."""
    groups: dict[str, list[str]] = {name: [] for name in _MEANS}
    try:
        declared = importlib.metadata.requires("synthema-lab") or []
    except importlib.metadata.PackageNotFoundError:
        return [Check("synthema-lab", "missing", "not installed", "make setup")]
    for requirement in declared:
        name = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"extra == ['\"](\w+)['\"]", requirement)
        if name:
            groups[extra.group(1) if extra else ""].append(name.group())
    checks = []
    for group, names in groups.items():
        absent = [name for name in names if not _importable(name)]
        item = "packages" if group == "" else f"extra '{group}'"
        state = "ok" if not absent else "missing" if group == "" else "absent"
        detail = _MEANS[group] if not absent else f"without {', '.join(absent)}"
        get = "make setup" if group == "" else f"make setup, or pip install 'synthema-lab[{group}]'"
        checks.append(Check(item, state, detail, get))
    return checks


def _importable(package: str) -> bool:
    module = _IMPORTED_AS.get(package, package.replace("-", "_"))
    return importlib.util.find_spec(module) is not None


def _programs() -> list[Check]:
    return [
        Check("git", "ok" if shutil.which("git") else "absent",
              "records the code commit with every run",
              "install git with your system's package manager"),
        _confinement(),
    ]  # fmt: skip


def _confinement() -> Check:
    """What keeps a site's worker from files and networks on this machine."""
    from ..federation.worker import confinement

    found = confinement()
    state = "ok" if found.bubblewrap else "weaker" if found.sound else "weak"
    return Check("a site's worker", state, str(found), found.advice)
