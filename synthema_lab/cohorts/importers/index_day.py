"""On which day is a patient looked at?

Everything an import takes from a record is seen from one day, the index day: the
day of diagnosis for a leukaemia, a steady day for a lifelong disease. A steady day
is one with results and without a crisis or a transfusion shortly before; a patient
who never had one, such as one who is transfused for years, is looked at on the
latest day with results, so that the sickest are not left out.
"""

from __future__ import annotations

import pandas as pd

from synthema_lab.cohorts.importers.concepts import Concepts
from synthema_lab.cohorts.importers.imported import Notes
from synthema_lab.cohorts.importers.vocabularies import Matcher


def index_days(
    events: pd.DataFrame, measured: pd.DataFrame, concepts: Concepts, rule: str, notes: Notes
) -> pd.DataFrame:
    """The index day of every patient of the cohort.

    Parameters
    ----------
    events : DataFrame
        As in ``records.EVENTS``.
    measured : DataFrame
        Columns person and day: the days with a result that the dictionary knows.
    concepts : Concepts
        What makes a patient one of the cohort, and what makes a day unsteady.
    rule : {"condition", "measurement", "steady"}
    notes : Notes
        Is told how many patients of the cohort have no index day.

    Returns
    -------
    DataFrame
        Index person, sorted; columns ``day`` and ``steady`` (missing unless the rule
        is ``steady``).

    Examples
    --------
    >>> from synthema_lab.cohorts.importers.records import EVENTS, table_of
    >>> first, later = pd.Timestamp("2020-03-01"), pd.Timestamp("2021-01-01")
    >>> events = table_of([("p", "condition", "ICD-10", "C920", later, None),
    ...                    ("p", "condition", "ICD-10", "C920", first, None)], EVENTS)
    >>> concepts = Concepts(conditions=(("ICD-10", "C920"),))
    >>> measured = pd.DataFrame({"person": [], "day": []})
    >>> print(index_days(events, measured, concepts, "condition", Notes())["day"]["p"])
    2020-03-01 00:00:00
    """
    found = concepts.disease.explode(events)
    found = found[found["target"] == "disease"]
    cohort = pd.Index(sorted(set(found["person"])), name="person", dtype=object)
    steady = pd.Series(pd.NA, index=cohort, dtype="boolean")
    if rule == "condition":
        days = found.groupby("person")["start"].min().dt.normalize()
    else:
        measured = measured[measured["person"].isin(cohort)]
        if rule == "measurement":
            days = measured.groupby("person")["day"].min()
        else:
            calm = measured[~_unsteady(measured, events, concepts)]
            days = measured.groupby("person")["day"].max()
            calmest = calm.groupby("person")["day"].max()
            days = calmest.reindex(days.index).fillna(days)
            steady = pd.Series(cohort.isin(calmest.index), index=cohort, dtype="boolean")
    days = pd.to_datetime(days).reindex(cohort).astype("datetime64[ns]")
    notes.warn(
        "no_index_day", None, int(days.isna().sum()),
        "Patients with the disease have no index day and are left out: "
        + ("its date is not recorded." if rule == "condition" else "no result is recorded."),
    )  # fmt: skip
    return pd.DataFrame({"day": days, "steady": steady})[days.notna()]


def _unsteady(measured: pd.DataFrame, events: pd.DataFrame, concepts: Concepts) -> pd.Series:
    """Whether a day follows a crisis or a transfusion too closely, for each row."""
    spans = {str(days): codes for days, codes in concepts.unsteady}
    marks = pd.concat(
        [Matcher.of({days: codes}).explode(events) for days, codes in spans.items()]
        or [events.assign(target="0").iloc[:0]],
        ignore_index=True,
    )
    marks = marks[marks["start"].notna()]
    last = marks["end"].fillna(marks["start"]).dt.normalize()
    marks = pd.DataFrame(
        {
            "person": marks["person"],
            "from": marks["start"].dt.normalize(),
            "to": last + pd.to_timedelta(marks["target"].astype(int), unit="D"),
        }
    ).drop_duplicates()
    days = measured.reset_index(drop=True).reset_index()
    pairs = days.merge(marks, on="person")
    near = pairs[(pairs["day"] >= pairs["from"]) & (pairs["day"] < pairs["to"])]
    return pd.Series(days["index"].isin(near["index"]).to_numpy(), index=measured.index)
