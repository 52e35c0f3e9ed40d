from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from synthema_lab.errors import ArgumentRefused, GateFailed
from synthema_lab.workbench import manifest
from synthema_lab.workbench.folder import RunFolder, finished_runs

COUNTS = pd.DataFrame({"group": ["a", "b"], "n": [12, 40]})


class Model:
    """Stands for a fitted model."""

    release = "0123456789abcdef"

    def __init__(self, privacy):
        self.privacy = privacy
        self.opened = type("Opened", (), {"to_bytes": lambda self: b"noisy sums"})()

    def save(self, path):
        path.write_bytes(b"model")


def files(run):
    return sorted(
        p.relative_to(run.folder).as_posix() for p in run.folder.rglob("*") if p.is_file()
    )


def test_an_output_whose_sensitivity_is_not_declared_is_not_saved(run):
    with pytest.raises(ArgumentRefused, match="sensitivity is not declared"):
        run.table(COUNTS, "counts", caption="Counts.")
    with pytest.raises(ArgumentRefused, match="Did you mean synthetic"):
        run.save_table(COUNTS, "counts", sensitivity="syntetic")
    assert files(run) == []


def test_a_figure_is_saved_with_its_data_its_words_and_nothing_that_changes(run):
    from matplotlib.figure import Figure

    def drawn():
        figure = Figure(figsize=(2, 1))
        figure.subplots().plot([0, 1])
        return figure

    words = {"data": COUNTS, "caption": "A line.", "alt": "It rises.", "sensitivity": "public"}
    run.figure(drawn(), "line", **words)
    first = (run.folder / "figures/line.png").read_bytes()
    run.figure(drawn(), "line", **words)
    assert (run.folder / "figures/line.png").read_bytes() == first
    assert files(run) == ["figures/line.csv", "figures/line.json", "figures/line.png"]
    sidecar = json.loads((run.folder / "figures/line.json").read_text())
    assert (sidecar["alt"], sidecar["sensitivity"]) == ("It rises.", "public")


def test_a_figure_without_description_is_refused(run):
    from matplotlib.figure import Figure

    with pytest.raises(ArgumentRefused, match="it has no alt"):
        run.figure(Figure(), "line", data=COUNTS, caption="A line.", sensitivity="public")


def test_a_plot_of_the_house_brings_its_own_data_and_words(run):
    from matplotlib.figure import Figure

    from synthema_lab.workbench.figures import Plot

    run.figure(Plot(Figure((2, 1)), COUNTS, "A caption.", "Empty."), "p", sensitivity="public")
    assert run.outputs.records["figure", "p"]["caption"] == "A caption."


def test_a_name_is_used_once_when_nobody_watches(run):
    run.outputs.once = True
    run.save_table(COUNTS, "counts", sensitivity="public")
    with pytest.raises(ArgumentRefused, match="saved twice"):
        run.save_table(COUNTS, "counts", sensitivity="public")


@pytest.mark.parametrize("name", ["../out", "a/b", "", ".hidden", "a b", "-x"])
def test_a_name_cannot_leave_the_run(run, name):
    with pytest.raises(ArgumentRefused):
        run.save_table(COUNTS, name, sensitivity="public")


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"patient_id": ["x", "y"], "age": [1, 2]}),
        pd.DataFrame({"age": [1, 2]}, index=pd.Index(["x", "y"], name="patient_id")),
        pd.DataFrame({"group": ["a"], "n": [9]}),
        pd.DataFrame({"group": ["a"], "Count": [1]}),
    ],
)
def test_an_aggregate_with_pseudonyms_or_small_counts_is_refused(run, table):
    with pytest.raises(GateFailed) as refused:
        run.table(table, "t", caption="T.", sensitivity="aggregate")
    assert refused.value.exit_code == 5
    assert files(run) == []


def test_an_aggregate_with_one_row_a_patient_is_refused(run):
    patients = pd.DataFrame({"age": range(30)})
    run.input("cohort", patients)
    with pytest.raises(GateFailed, match="30 rows"):
        run.save_table(patients, "ages", sensitivity="aggregate")
    run.save_table(patients, "ages", sensitivity="aggregate", checked=True)


def test_a_person_who_has_looked_can_let_small_counts_pass_but_never_pseudonyms(run):
    small = pd.DataFrame({"n": [0, 3]})
    run.table(small, "t", caption="T.", sensitivity="aggregate", checked=True)
    with pytest.raises(GateFailed):
        run.table(
            small.assign(patient_id="x"), "u", caption="U.", sensitivity="aggregate", checked=True
        )


def test_a_restricted_output_lies_apart_and_its_hash_is_keyed(run):
    path = run.save_table(COUNTS, "patients", sensitivity="restricted")
    assert path == run.folder / "restricted/data/patients.csv"
    assert (run.folder / "restricted").stat().st_mode & 0o077 == 0
    run.finish()
    recorded = manifest.read(run.folder)
    assert recorded["stable"]["outputs"][0]["digest"].startswith("hmac-sha256:")
    listed = recorded["volatile"]["files"]["restricted/data/patients.csv"]
    assert listed.startswith("hmac-sha256:")


def test_the_key_of_the_workspace_is_readable_by_its_owner_only(run, project):
    run.input("cohort", COUNTS)
    assert (project / "runs" / ".key").stat().st_mode & 0o777 == 0o600


def test_runs_that_start_together_share_one_key(project):
    from concurrent.futures import ThreadPoolExecutor

    from synthema_lab.workbench.fingerprints import workspace_key

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: workspace_key(), range(32)))
    assert len(keys) == 1
    assert [p.name for p in (project / "runs").iterdir()] == [".key"]


def test_inputs_are_hashed_in_the_open_only_when_public(run, tmp_path):
    file = tmp_path / "f.csv"
    file.write_text("a\n1\n")
    run.input("open", COUNTS, public=True)
    run.input("file", file, public=True)
    assert run.input("private", COUNTS) is COUNTS
    digests = {name: r["digest"].split(":")[0] for name, r in run.inputs.records.items()}
    assert digests == {"open": "sha256", "file": "sha256", "private": "hmac-sha256"}
    with pytest.raises(ArgumentRefused, match="no file"):
        run.input("gone", tmp_path / "gone.csv")


def test_streams_of_randomness_depend_on_the_seed_and_the_name_alone(run):
    again = run.rng("ages").random(3)
    assert np.array_equal(run.rng("ages").random(3), again)
    assert not np.array_equal(run.rng("sexes").random(3), again)
    run.setting.values["seed"] = 8
    assert not np.array_equal(run.rng("ages").random(3), again)


@pytest.mark.parametrize("seed", [None, -1, True, "a"])
def test_a_run_without_a_usable_seed_says_what_to_add(run, seed):
    run.setting.values["seed"] = seed
    with pytest.raises(ArgumentRefused, match="seed = 0"):
        run.rng("ages")


def test_a_bare_number_is_no_headline(run):
    for bare in (0.7, (0.7, 0.6), {"low": 0.1}, {"value": 1, "colour": "red"}):
        with pytest.raises(ArgumentRefused, match="never stands alone"):
            run.headline(c_index=bare)


def test_headlines_come_from_tuples_mappings_words_and_metrics(run):
    from synthema_lab.validation.metric import Metric

    run.headline(
        patients=(1043, None, None),
        gap={"value": 0.1, "low": 0.0, "high": 0.2, "floor": 0.4, "unit": "d"},
        verdict="release",
        km_gap=Metric("clinical", "km_gap", "Kaplan-Meier gap", "minimise", (0, 1), 0.04),
        none=(float("nan"), float("nan"), float("nan")),
    )
    shown = str(run.finish())
    assert "1043" in shown
    assert "0.100 (0.000 to 0.200)" in shown
    assert "Kaplan-Meier gap" in shown
    kept = {h["name"]: h for h in manifest.read(run.folder)["stable"]["headlines"]}
    assert kept["none"]["value"] is None
    assert kept["km_gap"]["direction"] == "lower is better"


def test_a_model_under_privacy_brings_what_it_spent_and_the_sums_it_paid_for(run):
    spent = {"epsilon": 3.0, "delta": 1e-5, "views": {"the coordinator": 2.5}}
    run.save_model(Model(spent), "leuksurv.model")
    run.finish()
    stable = manifest.read(run.folder)["stable"]
    assert stable["privacy"][0]["release"] == Model.release
    assert stable["releases"][0]["release"] == Model.release
    assert (run.folder / "releases" / f"{Model.release}.npz").read_bytes() == b"noisy sums"
    assert stable["outputs"][0]["file"] == "models/leuksurv.model"


def test_a_model_without_noise_is_restricted_and_its_exact_sums_are_not_copied(run):
    path = run.save_model(Model(None), "exact")
    assert path == run.folder / "restricted/models/exact.model"
    assert not (run.folder / "releases").exists()


def test_a_finished_run_says_what_it_made_without_times_ids_or_paths(run, project):
    run.table(COUNTS, "counts", caption="Counts.", sensitivity="public")
    summary = run.finish()
    for shown in (str(summary), summary._repr_html_()):
        assert "counts" in shown
        assert "20260102" not in shown
        assert str(project) not in shown


def test_upstream_takes_the_newest_finished_run_and_records_its_hash(run, project, monkeypatch):
    from synthema_lab.workbench.run import Run
    from synthema_lab.workbench.setting import Setting

    for number, day in enumerate(["20260101-000000", "20260103-000000"]):
        folder = project / "runs" / f"{day}-30_train-000{number}"
        folder.mkdir()
        before = Run(folder, Setting("30_train", {}, {}))
        before.save_table(COUNTS.assign(day=number), "made", sensitivity="synthetic")
        before.finish()
    (project / "runs" / "20260109-000000-30_train-ffff").mkdir()  # never finished
    path = run.upstream("30_train", "made.csv")
    assert path.parts[-3:-1] == ("20260103-000000-30_train-0001", "data")
    record = run.inputs.records["30_train/made.csv"]
    assert record["digest"].startswith("sha256:")
    first = finished_runs()[0]
    assert run.upstream("30_train", "made.csv", given=str(first.path)) == first.find("made.csv")
    assert run.upstream("30_train", "made.csv", given=str(path)) == path


def test_upstream_without_a_run_says_what_to_type(run):
    with pytest.raises(ArgumentRefused, match="synthema run 30_train"):
        run.upstream("30_train", "made.csv")
    with pytest.raises(ArgumentRefused, match="neither a file nor a run"):
        run.upstream("30_train", "made.csv", given="nowhere")


def test_a_manifest_changed_by_hand_is_noticed(run):
    run.headline(patients=(1043, None, None))
    run.finish()
    path = run.folder / "manifest.json"
    path.write_text(path.read_text().replace("1043", "1044"))
    from synthema_lab.errors import DataMismatch

    with pytest.raises(DataMismatch, match="fingerprint"):
        _ = RunFolder(run.folder).manifest
    assert finished_runs() == []


def test_the_manifest_holds_finite_numbers_and_no_path(run, project):
    run.setting.values["limit"] = float("inf")
    run.setting.provenance["limit"] = "default"
    run.finish()
    text = (run.folder / "manifest.json").read_text()
    assert "Infinity" not in text
    assert "NaN" not in text
    assert str(project) not in text
