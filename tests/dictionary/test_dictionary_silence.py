"""No message, page or error ever holds a patient's value."""

from __future__ import annotations

import datetime
import traceback

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import LabError

# Planted values share a mark that appears nowhere else, as text and as digits.
TEXT_MARK, DIGIT_MARK = "Zqx", "731508"
PLANTED = st.one_of(
    st.text(alphabet="abZq x'<>&", max_size=6).map(lambda text: f"{text}{TEXT_MARK}{text}"),
    st.integers(0, 999).map(lambda number: int(f"{DIGIT_MARK}{number}")),
    st.integers(0, 999).map(lambda number: -float(f"{DIGIT_MARK}.{number}")),
    st.integers(0, 99).map(lambda number: f"{DIGIT_MARK}-{number}"),
    st.just([TEXT_MARK]),
    st.just({TEXT_MARK: DIGIT_MARK}),
    st.just((TEXT_MARK,)),
    st.just(complex(731508, 1)),
    st.just(TEXT_MARK.encode()),
    st.just(datetime.date(7315, 8, 1)),
)
USUAL = {
    "id": st.sampled_from(["p1", "p2", None]),
    "hb": st.sampled_from([9.0, None, "10"]),
    "days": st.sampled_from([1, 50, None]),
    "died": st.sampled_from([0, 1, True, None]),
    "sex": st.sampled_from(["F", "M", None]),
    "low": st.sampled_from([0, 1, None]),
}
DICTIONARY = DataDictionary.from_dict(
    {
        "name": "small",
        "title": "Small",
        "version": "1",
        "source": "s",
        "licence": "l",
        "patient": "id",
        "variables": {
            "id": {"label": "Pseudonym", "type": "identifier"},
            "hb": {"label": "Haemoglobin", "type": "number", "range": [2, 25]},
            "days": {"label": "Days", "type": "integer", "range": [0, 100]},
            "died": {"label": "Died", "type": "boolean"},
            "sex": {"label": "Sex", "type": "category", "categories": ["F", "M"]},
            "low": {"label": "Low", "type": "boolean", "derive": "hb < 10", "missing": True},
        },
        "rules": {
            "r1": {"text": "t", "expression": "implies(died, days <= 90)"},
            "r2": {"text": "t", "expression": "sex == 'F' or hb > 3"},
            "r3": {"text": "t", "expression": "present(id) and days / hb >= 0"},
        },
    }
)


def told(function, *arguments):
    """Everything a call says: its result as text and HTML, or its error in full."""
    try:
        result = function(*arguments)
    except LabError as error:
        chain, seen = [error], []
        while chain:
            problem = chain.pop()
            seen.append("".join(traceback.format_exception_only(problem)) + repr(problem.args))
            chain += [e for e in (problem.__cause__, problem.__context__) if e is not None]
        return "".join(seen) + str(error.as_dict())
    if isinstance(result, pd.DataFrame):
        return ""
    return str(result) + repr(result) + result._repr_html_() + result.table().to_string()


@st.composite
def tables(draw):
    rows = draw(st.integers(1, 6))
    columns = {}
    for name in draw(st.lists(st.sampled_from(list(USUAL)), unique=True, min_size=1)):
        cells = st.one_of(USUAL[name], PLANTED)
        columns[name] = draw(st.lists(cells, min_size=rows, max_size=rows))
    table = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    if draw(st.booleans()):
        table = table.infer_objects()
    # A file without header: a row of values stands where names belong.
    if draw(st.integers(0, 4)) == 0:
        table.columns = [str(draw(PLANTED)) for _ in table.columns]
    return table


@settings(max_examples=400, deadline=None)
@given(tables())
def test_no_planted_value_is_ever_told(table):
    text = "".join(
        told(function, table)
        for function in (DICTIONARY.check, DICTIONARY.conform, DICTIONARY.derive)
    )
    assert TEXT_MARK not in text
    assert DIGIT_MARK not in text


@settings(max_examples=100, deadline=None)
@given(tables())
def test_a_table_without_errors_can_be_conformed_and_one_refused_has_errors(table):
    findings = DICTIONARY.check(table, require_core=False)
    try:
        DICTIONARY.conform(table)
    except LabError:
        assert not findings.ok
