"""Every known fault opens a site's vector in a copy that has it, and none does in ours."""

from __future__ import annotations

import numpy as np
import pytest

from . import attacks
from .faults import FAULTS, LISTED, OURS, Fault, copied

# By fault: the attack that it lets through, and how our code ends the same attack.
TRIED = {
    "short_seeds": (attacks.search_seeds, "NothingLearnt"),
    "clock_seeded_keys": (attacks.guess_the_clock, "NothingLearnt"),
    "both_kinds_of_share": (attacks.ask_for_both_kinds, "RoundEnded"),
    "second_request_answered": (attacks.ask_for_both_kinds, "RoundEnded"),
    "restored_site_answers_again": (attacks.wait_for_a_restart, "RoundReplayed"),
    "unsigned_keys": (attacks.stand_between, "SignatureRefused"),
    "no_consistency_round": (attacks.show_different_survivors, "SurvivorsDisagree"),
    "one_signature_counted_often": (attacks.repeat_a_signature, "SiteUnknown"),
    "no_self_mask": (attacks.open_a_late_vector, "RoundEnded"),
    "masks_of_a_round_number": (attacks.repeat_a_round_number, "RoundReplayed"),
    "scale_of_the_coordinator": (attacks.give_each_site_its_own_scale, "RoundMismatch"),
    "modulus_of_the_coordinator": (attacks.name_a_small_modulus, "MessageMalformed"),
    "model_not_bound": (attacks.send_other_models, "RoundMismatch"),
    "graph_not_signed": (attacks.show_another_graph, "SurvivorsDisagree"),
    "late_model_not_bound": (attacks.send_other_models_late, "SurvivorsDisagree"),
    "any_cohort": (attacks.subtract_two_cohorts, "CohortChanged"),
    "threshold_not_enforced": (attacks.leave_the_target_alone, "TooFewSurvivors"),
    "threshold_of_half": (attacks.have_two_camps_agree, "SettingsRefused"),
    "threshold_not_dealt": (attacks.ask_one_accomplice, "NothingLearnt"),
    "shares_in_the_clear": (attacks.read_the_boxes, "ShareRefused"),
    "two_sites": (attacks.take_off_ones_own, "TooFewSites"),
}


def attacked(attack, code):
    """Play the attack on `code`; gives the scene and what was taken from it."""
    scene = attacks.Scene(code, np.random.default_rng(7), **attacks.SCENES[attack])
    return scene, attack(scene)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_mutant_dies(fault, tmp_path):
    """The attack takes the target's exact vector from the mutant, and nothing from ours."""
    attack, ending = TRIED[fault]
    with copied(tmp_path, FAULTS[fault]) as mutant:
        scene, taken = attacked(attack, mutant)
        assert scene.code.root != OURS.root
        assert taken.tolist() == scene.given[attacks.TARGET].tolist()
        assert np.unique(taken).size > 2
    with pytest.raises(Exception) as refused:  # noqa: PT011 (the name is compared below)
        attacked(attack, OURS)
    assert type(refused.value).__name__ == ending
    if ending != "NothingLearnt":
        assert isinstance(refused.value, getattr(OURS.errors, ending))


@pytest.mark.parametrize("attack", attacks.SCENES, ids=lambda attack: attack.__name__)
def test_a_copy_without_a_fault_withstands_the_attack_as_ours_does(attack, tmp_path):
    """What lets an attack through is the patch, and not the copying."""
    (ending,) = {end for tried, end in TRIED.values() if tried is attack}
    with (
        copied(tmp_path) as code,
        pytest.raises(Exception) as refused,  # noqa: PT011 (the name is compared below)
    ):
        attacked(attack, code)
    assert type(refused.value).__name__ == ending


@pytest.mark.parametrize("fault", FAULTS)
def test_a_mutant_sums_rightly_as_long_as_all_are_honest(fault, tmp_path):
    """A fault that is found only by attacking, not by a wrong sum; one site drops."""
    with copied(tmp_path, FAULTS[fault]) as code:
        scene = attacks.Scene(code, np.random.default_rng(1), sites=4)
        coordinator = code.coordinator.Coordinator(scene.settings)
        for site in scene.sites.values():
            coordinator.receive(site.begin())
        stage = 0
        while messages := coordinator.close():
            stage += 1
            for name, message in messages.items():
                if name != "site-2" or stage < 2:
                    coordinator.receive(scene.sites[name].receive(message))
        kept = [vector for name, vector in scene.given.items() if name != "site-2"]
        assert coordinator.opened.total.tolist() == sum(kept).tolist()


def test_every_fault_has_an_attack_and_every_fault_the_specification_names_is_made():
    assert set(TRIED) == set(FAULTS)
    assert set(LISTED.values()) <= set(FAULTS)
    assert {attack for attack, _ in TRIED.values()} == set(attacks.SCENES)


@pytest.mark.parametrize("text", ["no such line", "import"], ids=["absent", "found often"])
def test_a_patch_that_does_not_apply_exactly_once_is_an_error(text, tmp_path):
    stale = Fault("stale", "", (("keys", text, "pass"),))
    with pytest.raises(AssertionError, match="stale: found"), copied(tmp_path, stale):
        pass
