from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from federation.served_scene import ServedScene
from synthema_lab.federation.averaging import fit_averaged
from synthema_lab.federation.conduct import run_in_memory
from synthema_lab.federation.procedures import Given, procedure_of
from synthema_lab.federation.procedures.averaged import AveragedTask, _Agreed
from synthema_lab.federation.study import Study, StudyRefused
from synthema_lab.generators.measured import require_patients
from synthema_lab.generators.vae.network import loss_of
from synthema_lab.generators.vae.vae import prepared, tensors
from synthema_lab.privacy import epsilon_of

ROUNDS = 3
SETTINGS = {"hidden": 8, "latent": 2, "local_steps": 3, "seed": 5, "patients": 40}


@pytest.fixture
def scene(tmp_path):
    scene = ServedScene(tmp_path)
    yield scene
    scene.close()


def averaged(scene, epsilon="off", approve=True, **changed):
    terms = procedure_of(
        Study.from_dict({**scene.content, "generator": {"name": "vae", "settings": {}}})
    ).terms(3, SETTINGS)
    protection = "outside_epsilon" if epsilon == "off" else "epsilon"
    content = {
        "generator": {"name": "vae", "settings": SETTINGS},
        "rounds": {"asked": ROUNDS, "repeats": 3}, "budget__epsilon": epsilon,
        "outputs": {"network": {"what": "A network.", "protection": protection}},
        **{f"secure_aggregation__{name}": value for name, value in terms.items()}, **changed,
    }  # fmt: skip
    return (
        scene.approved(*scene.sites, **content).study if approve else scene.signed(**content).study
    )


def test_a_study_gives_the_network_of_averaging_in_one_process(scene):
    study = averaged(scene)
    model = scene.run(study)
    agreed = _Agreed(study, scene.dictionary)
    names = [name for name, _ in study.variables]
    rows = {
        name: tensors(
            agreed.heads, require_patients(scene.tables[name, "learnt"], scene.dictionary)
        )
        for name in scene.sites
    }
    fit = fit_averaged(
        rows, lambda: prepared(scene.dictionary, names, agreed.vae, agreed.seed)[1],
        loss_of(agreed.vae), agreed.averaging,
    )  # fmt: skip
    parts = np.concatenate([model.parameters[name].ravel() for name in agreed.layout.names])
    assert np.array_equal(parts, fit.model.parameters)
    assert model.provenance["sites"] == 3


def test_memory_and_folders_give_the_same_network(scene):
    study = averaged(scene)
    over_folders = scene.run(study)
    scene.close()
    other = averaged(scene, title="The same, in one process")
    in_memory = run_in_memory(other, scene.dictionary, scene.sites, scene.folder / "memory")
    for name, one in over_folders.parameters.items():
        assert np.array_equal(one, in_memory.parameters[name])


def test_all_rounds_are_charged_once_before_the_first(scene):
    study = averaged(scene, epsilon=3.0)
    model = scene.run(study)
    site = scene.reopened("north")
    charges = [e for e in site.logbook.entries(study.hash) if e.event == "privacy budget charged"]
    assert len(charges) == 1
    assert site.ledger("leuksurv").spent("leuksurv") == pytest.approx(
        model.privacy["epsilon"], 1e-6
    )
    assert model.privacy["epsilon"] <= 3.0


def test_a_plan_covers_all_rounds_within_the_budget(scene):
    study = averaged(scene, epsilon=3.0, approve=False)
    plan = procedure_of(study).plan(study, scene.dictionary)
    assert len(plan.lengths) == ROUNDS
    assert plan.events[0].steps == ROUNDS * SETTINGS["local_steps"]
    assert 2.8 < epsilon_of(plan.events, study.budget.delta) <= 3.0


def test_noise_and_its_price_depend_on_no_patient(scene):
    study = averaged(scene, epsilon=3.0, approve=False)
    everyone = require_patients(scene.tables["north", "learnt"], scene.dictionary)
    changed = everyone.assign(sex=everyone["sex"].map({"F": "M", "M": "F"}))
    trainings = []
    for patients in (everyone, everyone[:1], changed):
        task = AveragedTask(
            Given(
                study,
                scene.dictionary,
                patients,
                patients[:0],
                "north",
                tuple(sorted(scene.sites)),
                3,
            )
        )
        assert task._site.events == procedure_of(study).plan(study, scene.dictionary).events
        trainings.append(task._site._training)
    assert len({(one._grid, one._clip, one.steps_left) for one in trainings}) == 1
    assert len({one.settings.expected_batch_size for one in trainings}) == 1


@pytest.mark.parametrize(
    "wrong", [{"depth": 2}, {"coordinate_clip": 7.0}, {"seed": -1}, {"seed": "x"}]
)
def test_settings_that_do_not_fit_are_refused(scene, wrong):
    settings = {**SETTINGS, **wrong}
    study = averaged(scene, approve=False, generator={"name": "vae", "settings": settings})
    with pytest.raises(StudyRefused):
        procedure_of(study).plan(study, scene.dictionary)


def test_sum_terms_of_settings_that_do_not_fit_are_refused(scene):
    with pytest.raises(StudyRefused, match="coordinate_clip"):
        procedure_of(averaged(scene, approve=False)).terms(3, {"coordinate_clip": "much"})


@pytest.mark.parametrize("epsilon", ["off", 3.0])
def test_an_assembly_that_was_interrupted_goes_on_from_what_it_saved(scene, epsilon):
    study = averaged(scene, epsilon=epsilon, approve=False)
    sites = tuple(sorted(scene.sites))
    whole, cut = (procedure_of(study).assembly(study, scene.dictionary, sites, 3) for _ in range(2))
    first = np.frombuffer(whole.model, dtype="<f8")
    for number in range(ROUNDS):
        opened = SimpleNamespace(total=np.full(first.size, 3.0 + number), survivors=sites)
        whole.take(opened)
        resumed = procedure_of(study).assembly(study, scene.dictionary, sites, 3)
        resumed.restore(cut.save())
        resumed.take(opened)
        cut = resumed
    moved = np.cumsum([1.0, 4 / 3, 5 / 3])
    late = moved[-1] if epsilon == "off" else moved[1:].mean()
    for assembly in (whole, cut):
        parts = assembly.result().parameters
        flat = np.concatenate([parts[name].ravel() for name in assembly._agreed.layout.names])
        assert np.allclose(flat - first, late)
        assert assembly.model == whole.model
