"""One fit, whoever holds the rows; one price, whoever asks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthema_lab.errors import ArgumentRefused, BudgetExhausted, DataMismatch
from synthema_lab.generators import Custody, FittedModel, describe, floor_table, get
from synthema_lab.generators.counts import marginal_counts, noisy_counts, split_marginals
from synthema_lab.generators.encoder import Encoder
from synthema_lab.generators.structural_zeros import rule_coverage
from synthema_lab.privacy import Ledger, ReleaseStore, SkellamEvent, epsilon_of


@pytest.fixture(scope="module")
def exact(toy, patients) -> FittedModel:
    return get("marginal").fit([patients], toy, epsilon=None)


@pytest.fixture(scope="module")
def private(toy, patients) -> FittedModel:
    return get("marginal").fit([patients], toy, epsilon=3.0)


def test_marginals_count_every_patient_once(toy, patients):
    encoder = Encoder(toy, patients.columns)
    codes = encoder.encode(patients)
    cliques = [(0,), (1, 3), (0, 2, 4)]
    parts = split_marginals(marginal_counts(codes, encoder.sizes, cliques), encoder.sizes, cliques)
    assert [part.sum() for part in parts] == [len(patients)] * 3
    crossed = pd.crosstab(codes[:, 1], codes[:, 3])
    table = parts[1].reshape(encoder.sizes[1], encoder.sizes[3])
    for (row, column), count in crossed.stack().items():
        assert table[row, column] == count


def test_the_counts_of_all_sites_add_up_to_the_pooled_counts_exactly(toy, patients, exact):
    parts = [patients.iloc[start::4] for start in range(4)]
    federated = get("marginal").fit(parts, toy, epsilon=None)
    for ours, pooled in zip(federated.opened.sums, exact.opened.sums, strict=True):
        assert np.array_equal(ours, pooled)
    pd.testing.assert_frame_equal(federated.sample(300, 1), exact.sample(300, 1))


def test_noise_off_claims_nothing(exact):
    assert exact.privacy is None
    assert "no guarantee" in str(exact)


def test_a_private_fit_states_what_it_spent_against_whom(private):
    assert private.privacy["epsilon"] == pytest.approx(3.0, rel=1e-3)
    assert private.privacy["epsilon"] <= 3.0
    assert list(private.privacy["views"]) == ["whoever sees the opened sums"]


def test_colluding_sites_are_paid_for_with_more_noise_and_stated_apart(toy, patients):
    parts = [patients.iloc[start::4] for start in range(4)]
    model = get("independent").fit(parts, toy, epsilon=2.0, colluding=1)
    views = model.privacy["views"]
    assert views["the coordinator with 1 colluding site(s)"] == pytest.approx(2.0, rel=1e-3)
    assert views["any one participating site"] == pytest.approx(2.0, rel=1e-3)
    assert views["the coordinator, or whoever gets the model"] < 1.75


def test_without_colluding_sites_a_site_is_told_to_see_more_than_the_coordinator(toy, patients):
    parts = [patients.iloc[start::4] for start in range(4)]
    model = get("independent").fit(parts, toy, epsilon=2.0)
    views = model.privacy["views"]
    assert views["the coordinator, or whoever gets the model"] == pytest.approx(2.0, rel=1e-3)
    less = [SkellamEvent(variance * 3 / 4) for variance in model.opened.variances]
    assert views["any one participating site"] == pytest.approx(epsilon_of(less, 1e-5))


def test_a_fit_against_colluding_sites_opens_sums_with_more_noise(toy, patients):
    """Noise in some 100 cells a fit, 4 sites of which 2 collude: twice the variance that is stated.

    Within four standard errors: with the system's noise, false alarms below 1e-4.
    """
    parts = [patients.iloc[start::4] for start in range(4)]
    exact = get("marginal").fit([patients], toy, epsilon=None).opened
    honest = get("marginal").fit(parts, toy, epsilon=1.0, colluding=0).opened
    wary = [get("marginal").fit(parts, toy, epsilon=1.0, colluding=2).opened for _ in range(4)]

    def relative(*fits):
        noise = [
            (noisy - true) / np.sqrt(variance)
            for fit in fits
            for noisy, clique, variance in zip(fit.sums, fit.cliques, fit.variances, strict=True)
            for true in [exact.sums[exact.cliques.index(clique)]]
        ]
        return np.concatenate(noise).var()

    assert honest.variances == wary[0].variances
    assert honest.release != wary[0].release, "one is not replayed for the other"
    assert 0.5 < relative(honest) < 1.5
    assert 1.6 < relative(*wary) < 2.5


def test_each_site_adds_its_share_so_that_honest_shares_carry_the_stated_variance(toy, patients):
    """Variance of 500 cells or more within 30%: over four standard errors, system noise."""
    encoder = Encoder(toy, patients.columns)
    codes = encoder.encode(patients.iloc[:0])
    cliques = [(0, 4, 5, 6)]
    sums = [noisy_counts(codes, encoder.sizes, cliques, [40.0], counted=3) for _ in range(3)]
    cells = np.sum(sums, axis=0)
    assert cells.size >= 500
    assert abs(cells.var() / 40.0 - 1) < 0.3


def test_nothing_is_drawn_before_it_is_charged(toy, patients, tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl", epsilon=1.0)
    drawn = []

    def total(vectors):
        drawn.append(len(vectors))
        return np.sum(vectors, axis=0)

    custody = Custody(
        total=total, charge=lambda release, events: ledger.charge("toy", release, events, "test")
    )
    with pytest.raises(BudgetExhausted):
        get("independent").fit([patients], toy, epsilon=3.0, custody=custody)
    assert drawn == []
    assert not ledger.path.exists()


def test_asking_again_replays_and_costs_nothing_and_fresh_noise_is_charged(toy, patients, tmp_path):
    charges: list[tuple[str, list[SkellamEvent]]] = []
    custody = Custody(
        store=ReleaseStore(tmp_path),
        charge=lambda release, events: charges.append((release, list(events))),
        fingerprint_key=b"key",
    )
    fit = get("independent").fit
    first = fit([patients], toy, epsilon=3.0, custody=custody)
    again = fit([patients], toy, epsilon=3.0, custody=custody, seed=9)
    assert len(charges) == 1
    assert epsilon_of(charges[0][1], 1e-5) <= 3.0
    assert again.replayed
    assert not first.replayed
    for ours, theirs in zip(first.opened.sums, again.opened.sums, strict=True):
        assert np.array_equal(ours, theirs)
    fresh = fit([patients], toy, epsilon=3.0, custody=custody, fresh_noise=True)
    assert len(charges) == 2
    assert fresh.release != first.release
    assert any(
        not np.array_equal(a, b) for a, b in zip(first.opened.sums, fresh.opened.sums, strict=True)
    )


def test_one_patient_more_is_another_release(toy, patients, tmp_path):
    custody = Custody(store=ReleaseStore(tmp_path), fingerprint_key=b"key")
    fit = get("independent").fit
    first = fit([patients], toy, epsilon=3.0, custody=custody)
    fewer = fit([patients.iloc[:-1]], toy, epsilon=3.0, custody=custody)
    assert first.release != fewer.release


def test_the_seed_does_not_touch_the_noise(toy, patients):
    fit = get("independent").fit
    one, two = (fit([patients], toy, epsilon=3.0, seed=5) for _ in range(2))
    assert any(
        not np.array_equal(a, b) for a, b in zip(one.opened.sums, two.opened.sums, strict=True)
    )


def test_a_cohort_is_deterministic_in_its_seed_and_another_seed_is_another_cohort(private):
    pd.testing.assert_frame_equal(private.sample(200, 7), private.sample(200, 7))
    assert not private.sample(200, 7).equals(private.sample(200, 8))


def test_no_decidable_rule_is_broken_in_any_synthetic_patient(toy, private):
    cohort = private.sample(5000, 0)
    for rule in rule_coverage(Encoder(toy, private.columns)).decidable:
        assert (np.asarray(rule.holds(cohort)) != 0).all()
    assert toy.check(cohort, require_core=False).ok
    assert cohort.attrs["redrawn"] < 1


def test_impossible_combinations_are_structural_zeros_of_the_model(toy, patients):
    structural = rule_coverage(Encoder(toy, patients.columns)).structural
    assert set(structural) == {"progression_before_death", "only_women_are_pregnant"}
    _, forbidden = structural["progression_before_death"]
    assert len(forbidden) == 6, "progression in a later bin than death: 3 + 2 + 1"


def test_the_model_draws_no_impossible_combination_even_of_variables_never_measured_together(
    toy, exact, private
):
    for model in (exact, private):
        codes = model.graph.draw(4000, np.random.default_rng(0))
        for clique, forbidden in rule_coverage(Encoder(toy, model.columns)).structural.values():
            drawn = {tuple(row) for row in codes[:, list(clique)].tolist()}
            assert not drawn & {tuple(row) for row in forbidden.tolist()}


def test_a_rule_with_an_absent_input_is_listed_and_not_claimed(toy, patients):
    model = get("independent").fit([patients.drop(columns="pfs_days")], toy, epsilon=None)
    assert model.provenance["rules_undecidable"] == ["progression_before_death"]
    assert model.provenance["rules_kept"] == ["only_women_are_pregnant"]


def test_derived_variables_are_recomputed_in_the_synthetic_cohort(private):
    cohort = private.sample(500, 0)
    assert ((cohort["age"] >= 60) == (cohort["elderly"] == "yes")).all()


def test_a_strong_relation_is_learnt_and_the_floor_loses_it(toy, patients, exact):
    encoder = Encoder(toy, ["age", "os_days"])

    def relation(table):
        """Rank correlation of the bins, which is what a marginal can hold."""
        codes = pd.DataFrame(encoder.encode(table[["age", "os_days"]]))
        return codes[0].corr(codes[1], method="spearman")

    real, learnt = relation(patients), relation(exact.sample(3000, 0))
    lost = relation(floor_table(patients, toy, 3000, 0))
    assert real < -0.2
    assert abs(learnt - real) < 0.02
    assert abs(lost) < 0.06


def test_real_continuous_values_are_not_copied(patients, exact):
    real = set(patients["ferritin"].dropna())
    drawn = exact.sample(2000, 0)["ferritin"].dropna()
    assert drawn.isin(real).mean() == 0


def test_a_model_comes_back_from_its_file_and_equal_models_give_equal_bytes(private, tmp_path):
    private.save(tmp_path / "a.model")
    private.save(tmp_path / "b.model")
    assert (tmp_path / "a.model").read_bytes() == (tmp_path / "b.model").read_bytes()
    again = FittedModel.load(tmp_path / "a.model")
    pd.testing.assert_frame_equal(again.sample(200, 3), private.sample(200, 3))
    assert again.privacy == private.privacy
    assert again.release == private.release
    assert str(again) == str(private)


def test_a_model_file_holds_no_pickle_and_no_patient(private, patients, tmp_path):
    import zipfile

    private.save(tmp_path / "m.model")
    with zipfile.ZipFile(tmp_path / "m.model") as archive:
        names = archive.namelist()
        text = archive.read("model.json").decode()
    assert sorted(names) == ["arrays.npz", "dictionary.json", "model.json", "opened_sums.npz"]
    assert not any(str(pseudonym) in text for pseudonym in patients["patient_id"])


def test_a_model_file_says_nothing_of_the_data_but_what_was_opened(toy, patients):
    custody = Custody(fingerprint_key=b"key")
    model = get("independent").fit([patients], toy, epsilon=3.0, custody=custody)
    assert "fingerprints" not in model.provenance
    by_default = Custody()
    assert len(by_default.fingerprint_key) == 32
    assert by_default.fingerprint_key != Custody().fingerprint_key


def test_a_model_whose_statement_was_edited_is_refused(private, tmp_path):
    import json
    import zipfile

    private.save(tmp_path / "m.model")
    with zipfile.ZipFile(tmp_path / "m.model") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    described = json.loads(parts["model.json"])
    for change in (
        {"privacy": {**described["privacy"], "epsilon": 0.01}},
        {"privacy": None},
        {"total": None},
        {"columns": described["columns"][1:]},
        {"cliques": 5},
    ):
        edited = {**parts, "model.json": json.dumps(described | change).encode()}
        with zipfile.ZipFile(tmp_path / "edited.model", "w") as archive:
            for name, content in edited.items():
                archive.writestr(name, content)
        with pytest.raises(DataMismatch, match="not a model"):
            FittedModel.load(tmp_path / "edited.model")


def test_a_patient_in_two_rows_is_refused_because_epsilon_is_for_one_row(toy, patients):
    twice = pd.concat([patients, patients.head(1)])
    with pytest.raises(DataMismatch, match="repeat the patient_id"):
        get("independent").fit([twice], toy, epsilon=3.0)


def test_a_table_that_cannot_be_encoded_is_refused_before_it_is_charged(toy, patients):
    charged = []
    custody = Custody(charge=lambda release, events: charged.append(release))
    wrong = patients.assign(hb=[77.0, *patients["hb"][1:]])
    with pytest.raises(DataMismatch):
        get("independent").fit([wrong], toy, epsilon=3.0, custody=custody)
    assert charged == []


@pytest.mark.parametrize("seed", [-1, 1.5, True, None])
def test_a_seed_that_is_none_is_refused(private, seed):
    with pytest.raises(ArgumentRefused, match="seed"):
        private.sample(5, seed)


def test_numpys_own_randomness_is_left_as_it_was_also_with_threads(private):
    from concurrent.futures import ThreadPoolExecutor

    np.random.seed(3)
    expected = np.random.random(3)
    np.random.seed(3)
    alone = private.sample(60, 4)
    with ThreadPoolExecutor(4) as pool:
        cohorts = list(pool.map(lambda _: private.sample(60, 4), range(8)))
    assert np.array_equal(np.random.random(3), expected)
    for cohort in cohorts:
        pd.testing.assert_frame_equal(cohort, alone)


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04broken"])
def test_a_file_that_is_no_model_is_refused(tmp_path, content):
    (tmp_path / "x.model").write_bytes(content)
    with pytest.raises(DataMismatch, match="not a model"):
        FittedModel.load(tmp_path / "x.model")


@pytest.mark.parametrize("rows", [0, -3, 2.5, True])
def test_a_number_of_patients_that_is_none_is_refused(private, rows):
    with pytest.raises(ArgumentRefused):
        private.sample(rows)


def test_one_patient_and_one_row_work(toy, patients):
    model = get("marginal").fit([patients.head(1)], toy, epsilon=None)
    assert len(model.sample(1, 0)) == 1


def test_an_empty_site_and_differing_variables_are_refused(toy, patients):
    with pytest.raises(DataMismatch, match="no patients"):
        get("marginal").fit([patients, patients.iloc[:0], patients], toy, epsilon=None)
    with pytest.raises(DataMismatch, match="different variables"):
        get("marginal").fit([patients, patients.drop(columns="hb"), patients], toy, epsilon=None)


@pytest.mark.parametrize("colluding", [-1, 2, 1.0, True])
def test_a_number_of_colluding_sites_that_leaves_no_two_honest_is_refused(toy, patients, colluding):
    parts = [patients.iloc[start::3] for start in range(3)]
    with pytest.raises(ArgumentRefused, match=r"olluding"):
        get("independent").fit(parts, toy, epsilon=3.0, colluding=colluding)


def test_an_unknown_generator_is_refused_with_the_nearest_name():
    with pytest.raises(ArgumentRefused, match="Did you mean 'marginal'"):
        get("marginals")


def test_the_table_of_generators_says_when_to_use_which():
    assert list(describe().columns) == ["title", "use", "privacy", "federated"]


def test_a_misspelt_generator_is_told_so_also_where_synthcity_is_not_installed(monkeypatch):
    from synthema_lab import generators
    from synthema_lab.errors import ExtraMissing

    def absent():
        raise ExtraMissing("The package synthcity is not installed.", "It.", "Install it.")

    monkeypatch.setattr(generators, "available", absent)
    with pytest.raises(ArgumentRefused, match="Did you mean 'marginal'"):
        generators.get("marginl")
    assert generators.names() == ("marginal", "trees", "independent", "vae")
