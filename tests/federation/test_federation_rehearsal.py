"""Every attack of the rehearsal is played and refused, and one that is not says so loudly."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from synthema_lab import federation
from synthema_lab.errors import GateFailed
from synthema_lab.federation.rehearsal import CATALOGUE, measure_cost, rehearse, watch
from synthema_lab.federation.rehearsal.attack import Attack, answer_to, attack
from synthema_lab.federation.rehearsal.curious import is_uniform
from synthema_lab.federation.rehearsal.limit import limit
from synthema_lab.federation.rehearsal.limits import LIMITS
from synthema_lab.federation.rehearsal.rehearsal import CHEATS
from synthema_lab.federation.rehearsal.scene import Scene
from synthema_lab.secure_aggregation import errors
from synthema_lab.secure_aggregation.errors import RoundEnded, RoundReplayed, TooFewSites

AGGREGATION = "synthema_lab.secure_aggregation"
BY_NAME = {one.name: one for one in CATALOGUE}


@pytest.fixture(scope="module")
def rehearsed():
    return rehearse()


# What ours answers


@pytest.mark.parametrize("place", range(len(CATALOGUE)), ids=[one.name for one in CATALOGUE])
def test_the_attack_is_refused(place, rehearsed):
    answer, one = rehearsed.answers[place], CATALOGUE[place]
    assert answer.attack is one
    assert answer.refused, answer.happened
    assert answer.tries >= 1
    for name in answer.errors:
        assert issubclass(getattr(errors, name), one.by)
    if answer.errors:
        assert all((answer.happened, answer.expected, answer.next_step))
    else:
        assert answer.status == "nothing learnt"


def test_the_rehearsal_is_whole(rehearsed):
    assert rehearsed.require_refused() is rehearsed
    assert rehearsed.through == ()
    assert len(rehearsed.answers) == len(CATALOGUE) >= 50
    assert len(BY_NAME) == len(CATALOGUE)
    assert set(rehearsed.summary["who cheats"]) == set(CHEATS)
    assert rehearsed.summary["went through"].sum() == 0
    assert rehearsed.summary["attacks"].min() >= 10
    assert rehearsed.summary["things tried"].sum() > 500


def test_two_rehearsals_say_the_same_in_a_moment_although_keys_are_drawn_afresh(rehearsed):
    begun = time.process_time()
    again = rehearse()
    assert time.process_time() - begun < 10
    assert again.table.equals(rehearsed.table)
    assert again.not_stopped.equals(rehearsed.not_stopped)
    assert str(again) == str(rehearsed)


def test_most_refusals_of_the_protocol_are_met_in_it(rehearsed):
    met = {name for answer in rehearsed.answers for name in answer.errors}
    kinds = [*vars(errors).values()]
    known = {
        one.__name__
        for one in kinds
        if isinstance(one, type) and one.__module__ == errors.__name__ and one.__name__[0] != "_"
    }
    # A base class; the noise of a study, which is the ledger's matter.
    assert known - met <= {"RoundAborted", "NoiseBeyondBound"}


# What is not stopped


def test_every_limit_shows_itself(rehearsed):
    assert all(shown.happened for shown in rehearsed.limits)
    assert len(rehearsed.not_stopped) == len(LIMITS) >= 8
    assert "stale" not in rehearsed.not_stopped.to_string()


def test_a_limit_that_does_not_show_itself_is_said_to_be_stale():
    gone = limit("gone", "nobody", "nothing is tried", "nothing")(lambda: None)
    found = rehearse(attacks=(), limits=(gone,))
    assert not found.limits[0].happened
    assert "stale" in found.not_stopped["came of it"].iloc[0]


# An attack that is not refused


@attack("a new hope", "the wire", hope="anything", tried="it asks nicely", by=RoundEnded)
def answered(scene: Scene) -> None:
    scene.play("advertise")
    scene.attempt(lambda: scene.sites["hospital-a"].receive(scene.messages["hospital-a"]))


@attack("beside the point", "the wire", hope="anything", tried="it repeats", by=RoundEnded)
def beside(scene: Scene) -> None:
    scene.play()
    scene.attempt(lambda: scene.again())
    scene.tries.clear()
    for site in scene.again().sites.values():
        scene.attempt(site.begin)


@attack("too lazy", "the wire", hope="anything", tried="nothing at all", by=RoundEnded)
def lazy(scene: Scene) -> None:
    scene.play("advertise")


def test_an_attack_that_went_through_says_so_loudly():
    found = rehearse([BY_NAME["both kinds of share"], answered], limits=())
    assert [answer.attack.name for answer in found.through] == ["a new hope"]
    assert found.table["status"].tolist() == ["refused", "WENT THROUGH"]
    assert found.table["refused"].tolist() == [True, False]
    assert str(found).startswith("NOT SAFE: 1 of 2 attacks")
    assert "NOT SAFE" in found._repr_html_()
    assert "WENT THROUGH" in found._repr_html_()
    with pytest.raises(GateFailed, match="a new hope"):
        found.require_refused()


def test_a_refusal_for_another_reason_is_none():
    answer = answer_to(beside)
    assert not answer.refused
    assert answer.status == "refused for another reason"
    assert answer.errors == (RoundReplayed.__name__,)


def test_an_attack_that_tries_nothing_is_an_error():
    with pytest.raises(ValueError, match="too lazy"):
        answer_to(lazy)


def _gone(*_: object, **__: object) -> None:
    return None


WEAKENED = {
    "nobody looks at survivors": (
        ["answers.require_survivors"],
        _gone,
        ["all but one declared dropped", "a hospital that sent its vector is called dropped"],
    ),
    "nobody compares what was signed": (
        ["answers.require_agreement"],
        _gone,
        ["different survivors to different hospitals"],
    ),
    "signatures always verify": (
        ["roster.Member.verifies"],
        lambda self, signature, statement: True,
        ["a hospital's keys replaced by the coordinator's", "a bad or missing signature"],
    ),
    "round numbers may repeat": (
        ["journal.Journal.begin_round"],
        _gone,
        ["a replayed round"],
    ),
    "stages may repeat": (
        ["journal.Journal.answer_once", "journal.Journal._require"],  # either answers it
        _gone,
        ["a hospital restored from last night's backup"],
    ),
    "vectors are not remembered": (
        ["journal.Journal._require"],
        _gone,
        ["the same vectors among other hospitals"],
    ),
    "nothing is masked": (
        ["masks.apply_masks"],
        _gone,
        ["masked vectors of nothing and of the maximum", "the same vector in two rounds"],
    ),
}


@pytest.mark.parametrize("weakness", WEAKENED)
def test_a_weakened_protocol_is_found_out(weakness, monkeypatch):
    """The attacks are real: without the check that answers them they go through."""
    places, instead, names = WEAKENED[weakness]
    for place in places:
        monkeypatch.setattr(f"{AGGREGATION}.{place}", instead)
    found = rehearse([BY_NAME[name] for name in names], limits=())
    assert [answer.attack.name for answer in found.through] == names
    assert {answer.status for answer in found.through} == {"WENT THROUGH"}


# How it is shown


def test_it_prints_as_a_table_without_a_value_of_a_vector(rehearsed):
    page, text = rehearsed._repr_html_(), str(rehearsed)
    assert page.count("<tr>") == len(CATALOGUE) + 1
    assert text.splitlines()[0].endswith("all refused, and nothing learnt.")
    assert repr(rehearsed) == text
    for one in CATALOGUE:
        assert one.name in text
    told = json.dumps(rehearsed.table.astype(str).to_dict("list"))
    for value in (243, 405, 729):  # of hospital-e and of later ones
        assert str(value) not in told


def test_words_in_the_table_are_escaped():
    odd = Attack("<b>", "the wire", "h", "t", (RoundEnded,), answered.play)
    assert "<b>" not in rehearse([odd], limits=())._repr_html_()


def test_the_tables_of_cheats_hold_every_attack_once(rehearsed):
    tables = [rehearsed.by(cheat) for cheat in CHEATS]
    assert sorted(name for table in tables for name in table["attack"]) == sorted(BY_NAME)
    assert max(map(len, tables)) <= 30  # so many a notebook shows


def test_the_federation_offers_it_without_loading_it():
    assert federation.rehearse is rehearse
    assert federation.watch is watch
    with pytest.raises(AttributeError, match="no attribute 'rehears'"):
        federation.rehears  # noqa: B018


# An honest round, watched


def test_what_is_sent_is_chance_and_what_is_opened_is_the_sum():
    """Five chi-square tests; false-alarm rate 5e-6 (keys are not seeded)."""
    counts = {name: np.full(5000, at + 1) for at, name in enumerate(("A", "B & C", "D"))}
    seen = watch(counts)
    assert seen.hospitals == ("A", "B & C", "D")
    assert seen.total.tolist() == [6] * 5000
    assert seen.added_up[-1].tolist() == [6] * 5000
    assert all(is_uniform(row) for row in seen.sent)
    assert all(is_uniform(row) for row in seen.added_up[:-1])
    assert seen.counted.tolist() == [vector.tolist() for vector in counts.values()]
    assert repr(seen) == "3 hospitals summed 5000 counts; the sum holds 30000 patients"


def test_two_hospitals_cannot_be_watched():
    with pytest.raises(TooFewSites):
        watch({"A": np.ones(3, int), "B": np.ones(3, int)})


def test_bytes_are_the_same_in_every_run_and_times_are_shown_apart():
    first, second = measure_cost([3, 4], [1000, 2000]), measure_cost([3, 4], [1000, 2000])
    assert first.bytes.equals(second.bytes)
    assert first.bytes["plain"].tolist() == [4000, 8000] * 2
    sent = first.bytes.set_index(["hospitals", "values"])["sent"]
    assert (sent.xs(2000, level="values") - sent.xs(1000, level="values") == 4000).all()
    assert (first.milliseconds["milliseconds"] > 0).all()
    assert "milliseconds" not in first.bytes
    assert "2,000 values" in first._repr_html_()
    assert "Milliseconds" in repr(first)
