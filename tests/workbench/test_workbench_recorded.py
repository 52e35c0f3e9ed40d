"""A result that rests on fresh noise is read again where the same is asked, and only there."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pandas as pd
import pytest

from synthema_lab.errors import ArgumentRefused, NotReproduced
from synthema_lab.validation import Audit, FalseFindings, ShadowAttack
from synthema_lab.workbench.record import REPLAY
from synthema_lab.workbench.recorded import as_bytes, from_bytes, recorded


def audit(bound: float = 0.5) -> Audit:
    curve = pd.DataFrame({"false_positive_rate": [0.0, 1.0], "false_negative_rate": [1.0, 0.0]})
    return Audit(3.0, bound, 1.9, 4.0, 1e-5, 0.95, 500, curve)


@pytest.fixture
def asking(tmp_path, monkeypatch):
    """Ask as the run of a notebook with these parameters; a new folder each time."""
    monkeypatch.setenv("SYNTHEMA_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv(REPLAY, raising=False)
    folders = iter(range(100))

    def ask(make, fresh=False, name="audit", **parameters):
        folder = tmp_path / f"run{next(folders)}"
        folder.mkdir()
        run = SimpleNamespace(notebook="53_measure", parameters=parameters, folder=folder)
        return recorded(run, name, make, fresh), folder

    return ask


def never():
    raise AssertionError("it was made again")


def test_what_was_asked_before_is_read_and_kept_with_the_new_run_too(asking):
    first, folder = asking(audit, worlds=500)
    again, other = asking(never, worlds=500)
    assert str(again) == str(first)
    pd.testing.assert_frame_equal(again.curve, first.curve)
    names = [[path.name for path in (one / "releases").iterdir()] for one in (folder, other)]
    assert names[0] == names[1] != []


@pytest.mark.parametrize("change", [{"worlds": 600}, {"worlds": 500, "name": "another"}])
def test_another_parameter_or_name_is_another_question(asking, change):
    asking(audit, worlds=500)
    assert asking(lambda: audit(0.9), **change)[0].bound == 0.9


def test_fresh_noise_replaces_what_was_kept(asking):
    asking(audit, worlds=500)
    assert asking(lambda: audit(0.9), fresh=True, worlds=500)[0].bound == 0.9
    assert asking(never, worlds=500)[0].bound == 0.9


def test_a_repeated_run_reads_its_own_and_never_makes_it_anew(asking, monkeypatch, tmp_path):
    _, folder = asking(audit, worlds=500)
    monkeypatch.setenv(REPLAY, str(folder / "releases"))
    assert asking(never, fresh=True, worlds=500)[0].bound == 0.5
    with pytest.raises(NotReproduced, match="has not kept the result 'audit'"):
        asking(audit, worlds=501)


def test_every_kind_survives_with_what_is_not_finite():
    table = pd.DataFrame({"target": [1, 2], "auc": [0.6, math.nan], "low": 0.5, "high": 0.7,
                          "p": 0.2})  # fmt: skip
    for result in (
        ShadowAttack(auc=0.6, low=0.5, high=0.7, table=table, worlds=60),
        FalseFindings(share=0.05, table=table, outcome=("os_days", "os_event")),
    ):
        again = from_bytes(as_bytes(result))
        assert type(again) is type(result)
        assert again.table["target"].tolist() == [1, 2]
        assert math.isnan(again.table["auc"][1])
        assert str(again) == str(result)
    assert from_bytes(as_bytes(FalseFindings(outcome=("a", "b")))).outcome == ("a", "b")


def test_another_kind_of_result_is_refused():
    with pytest.raises(ArgumentRefused, match="cannot be kept"):
        as_bytes({"auc": 0.6})
