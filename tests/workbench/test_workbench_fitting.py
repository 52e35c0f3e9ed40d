"""A fit across sites, with the secure sum, the ledger and the store of releases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import synthema_lab as lab
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused, DataMismatch, NotReproduced
from synthema_lab.generators import get
from synthema_lab.workbench.overviews import workload


@pytest.fixture(scope="module")
def cohort():
    return lab.load_cohort("leuksurv")


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHEMA_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    return tmp_path / "runs"


def test_with_noise_off_the_federated_counts_equal_the_pooled_counts_exactly(cohort):
    federated = lab.fit(cohort.sites(), cohort.dictionary, epsilon=None)
    pooled = lab.fit({"all": cohort.patients}, cohort.dictionary, epsilon=None)
    for ours, theirs in zip(federated.opened.sums, pooled.opened.sums, strict=True):
        assert np.array_equal(ours, theirs)
    for ours, theirs in zip(federated.graph.potentials, pooled.graph.potentials, strict=True):
        assert np.array_equal(ours, theirs)
    pd.testing.assert_frame_equal(federated.sample(300, 1), pooled.sample(300, 1))
    for ours, theirs in zip(federated.opened.vectors, pooled.opened.vectors, strict=True):
        assert np.array_equal(ours.sums, theirs.sums)
    assert federated.transcript.rounds == 2


def test_a_release_is_charged_to_every_site_once_and_then_replayed(cohort, workspace):
    first = lab.fit(cohort.sites(), cohort.dictionary, "independent", epsilon=3.0)
    again = lab.fit(cohort.sites(), cohort.dictionary, "independent", epsilon=3.0)
    assert again.replayed
    assert not first.replayed
    ledger = lab.ledger()
    assert ledger.datasets() == tuple(f"leuksurv/{site}" for site in cohort.sites())
    assert len(ledger.history()) == 4
    assert ledger.spent("leuksurv/north_west") == pytest.approx(3.0, rel=1e-3)
    assert sorted(path.name for path in workspace.iterdir()) == [
        ".key", "ledger.jsonl", "ledger.jsonl.lock", "releases",
    ]  # fmt: skip
    assert (workspace / ".key").stat().st_mode & 0o077 == 0


def test_a_run_that_is_repeated_never_draws_fresh_noise(cohort, monkeypatch, tmp_path):
    monkeypatch.setenv("SYNTHEMA_REPLAY", str(tmp_path / "nothing"))
    with pytest.raises(NotReproduced) as refused:
        lab.fit({"all": cohort.patients}, cohort.dictionary, "independent", epsilon=3.0)
    assert refused.value.exit_code == 6
    assert lab.ledger().history() == ()


def test_a_repeated_run_finds_the_sums_kept_with_it(cohort, monkeypatch, tmp_path, workspace):
    first = lab.fit({"all": cohort.patients}, cohort.dictionary, "independent", public=True)
    (tmp_path / "kept").mkdir()
    (workspace / "releases" / f"{first.release}.npz").rename(
        tmp_path / "kept" / f"{first.release}.npz"
    )
    monkeypatch.setenv("SYNTHEMA_REPLAY", str(tmp_path / "kept"))
    again = lab.fit({"all": cohort.patients}, cohort.dictionary, "independent", public=True)
    assert again.replayed
    pd.testing.assert_frame_equal(first.sample(100, 2), again.sample(100, 2))


def test_a_run_that_drew_fresh_noise_is_repeated_with_the_sums_it_kept(
    cohort, monkeypatch, workspace, tmp_path
):
    for _ in range(2):
        model = lab.fit(
            {"all": cohort.patients}, cohort.dictionary, "independent", fresh_noise=True
        )
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / f"{model.release}.npz").write_bytes(model.opened.to_bytes())
    monkeypatch.setenv("SYNTHEMA_REPLAY", str(tmp_path / "kept"))
    again = lab.fit({"all": cohort.patients}, cohort.dictionary, "independent", fresh_noise=True)
    assert again.release == model.release
    assert len(lab.ledger().history()) == 2


def test_a_private_release_differs_between_workspaces_and_a_public_one_does_not(
    cohort, monkeypatch, tmp_path
):
    def release(runs, public):
        monkeypatch.setenv("SYNTHEMA_RUNS", str(tmp_path / runs))
        return lab.fit(
            {"all": cohort.patients}, cohort.dictionary, "independent", epsilon=None, public=public
        ).release

    assert release("a", public=True) == release("b", public=True)
    assert release("a", public=False) != release("b", public=False)


def test_two_sites_and_no_site_are_refused(cohort):
    sites = list(cohort.sites().items())
    with pytest.raises(ArgumentRefused, match="Two sites"):
        lab.fit(dict(sites[:2]), cohort.dictionary)
    with pytest.raises(ArgumentRefused, match="No table"):
        lab.fit({}, cohort.dictionary)


def test_a_patient_at_two_sites_is_refused_before_anything_is_charged(cohort):
    sites = cohort.sites()
    sites["north_west"] = pd.concat([sites["north_west"], sites["south_east"].head(1)])
    with pytest.raises(DataMismatch) as refused:
        lab.fit(sites, cohort.dictionary)
    assert "LS-" not in str(refused.value)
    assert lab.ledger().history() == ()


@pytest.mark.parametrize("name", ["leuksurv", "scd", "aml"])
def test_the_table_of_what_is_opened_lists_all_that_is_opened(name):
    dictionary = DataDictionary.load(name)
    plan = get("marginal").plan(dictionary, dictionary.modelled, 3.0)
    listed = workload(dictionary)
    assert len(listed) == len(plan.cliques) + len(plan.vectors)
    assert listed["numbers"].sum() == sum(plan.lengths)


def test_sums_of_a_study_that_are_replayed_give_the_whole_first_model_again(cohort):
    """Also which pairs it leaves out: of other noise they are others."""
    first, second = (
        replace(model, provenance=model.provenance | {"pairs_left_out": [told]})
        for model, told in (
            (get("marginal").fit([cohort.patients], cohort.dictionary, epsilon=3.0, seed=1), "a"),
            (get("marginal").fit([cohort.patients], cohort.dictionary, epsilon=3.0, seed=1), "b"),
        )
    )
    kept = lab.released(first, cohort.patients)
    again = lab.released(second, cohort.patients)
    assert (kept.replayed, again.replayed) == (False, True)
    assert again.release == kept.release
    assert again.provenance["pairs_left_out"] == []
    assert again.provenance.keys() == kept.provenance.keys()
    pd.testing.assert_frame_equal(again.sample(100, 1), kept.sample(100, 1))
    assert not again.sample(100, 1).equals(second.sample(100, 1))
