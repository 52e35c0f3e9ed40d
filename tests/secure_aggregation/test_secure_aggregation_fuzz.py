"""No message, however malformed, ends in anything but a named refusal or a right answer."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import HealthCheck, given, settings

from . import fuzzing

STAGE = fuzzing.Stage()
AT_THE_DOOR = ("MessageMalformed", "MessageOutOfTurn", "RoundMismatch", "SignatureRefused")
BEHIND = ("KeyRefused", "ShareRefused", "SiteUnknown", "SurvivorsDisagree", "TooFewSurvivors")


def of(examples):
    """So many cases, drawn without a seed of the moment."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=slow,
    )


def test_a_bad_message_is_refused_by_name_and_changes_nothing():
    seen = Counter()

    @of(1200)
    @given(fuzzing.cases(STAGE))
    def throw(case):
        stop, message = case
        seen[fuzzing.thrown(STAGE, stop, message)] += 1

    throw()
    # Which cases are tried hangs on the modules that are loaded; the rare refusals come by chance
    # (each has a test of its own), but the frequent ones and some behind the door always do.
    assert set(seen) >= {"accepted", *(f"refused as {name}" for name in AT_THE_DOOR)}
    assert sum(f"refused as {name}" in seen for name in BEHIND) >= 2


@of(700)
@given(fuzzing.parsed(STAGE))
def test_a_body_is_refused_or_has_one_byte_form(case):
    fuzzing.parsed_or_refused(*case)


@of(200)
@given(fuzzing.snapshots(STAGE))
def test_an_altered_snapshot_is_refused(case):
    fuzzing.restored_or_refused(STAGE, *case)


def test_the_right_messages_are_accepted_by_the_stopped_parties():
    for stop in STAGE.stops:
        assert fuzzing.thrown(STAGE, stop, stop.message) == "accepted"
    kept = [name for name in fuzzing.SITES if name != fuzzing.DROPPED]
    assert (
        STAGE.total.tolist() == sum(np.roll(fuzzing.TELLTALE, len(name)) for name in kept).tolist()
    )
