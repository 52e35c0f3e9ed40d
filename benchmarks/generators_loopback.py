"""How long does one federated pass take over site processes, folders, workers and all?"""

from __future__ import annotations

import time
from collections.abc import Mapping

import pandas as pd

from synthema_lab.dictionary import DataDictionary
from synthema_lab.federation import connect, local_hospitals
from synthema_lab.federation.conduct import Progress, run_study
from synthema_lab.secure_aggregation import Identity

WHO = {"name": "B", "institution": "B", "purpose": "To measure.", "legal_basis": "None needed."}


def passed(
    tables: Mapping[str, pd.DataFrame], dictionary: DataDictionary, generator: str, epsilon: float
) -> dict[str, float]:
    """Seconds of a study that every site has approved, one process a site.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        By site; all their modelled variables are asked for.
    dictionary : DataDictionary
    generator : str
    epsilon : float

    Returns
    -------
    dict of str to float
        ``opened_seconds`` until the last sum is open, ``seconds`` until the model
        is estimated, ``setup_seconds`` of the sites.
    """
    nobody = {site: table.head(0) for site, table in tables.items()}
    columns = next(iter(tables.values())).columns
    needed = {name: "It is modelled." for name in dictionary.modelled if name in columns}
    started = time.perf_counter()
    with local_hospitals(tables, dictionary, nobody) as hospitals:
        found = {"setup_seconds": time.perf_counter() - started}
        asked = connect(*hospitals.exchanges.values(), key=Identity.new("researcher"))
        study = asked.draft(
            "One pass", needed, who=WHO, generator=generator, epsilon=epsilon,
            settings={"seed": 1}, all_must_stay=True,
        )  # fmt: skip
        submitted = asked.submit(study, hospitals.folder / "researcher")
        hospitals.approve(study)
        opened = [0.0]
        started = time.perf_counter()

        def told(progress: Progress) -> None:
            if progress.opened == len(opened):
                opened.append(time.perf_counter() - started)

        run_study(
            study, dictionary, asked.researcher, hospitals.exchanges, submitted.kept, told=told
        )
        found["seconds"] = time.perf_counter() - started
    return found | {"opened_seconds": opened[-1], "openings": len(opened) - 1}
