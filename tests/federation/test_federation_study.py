"""A study is data that one researcher signed; whoever alters it has another study."""

from __future__ import annotations

import copy
import tracemalloc

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ApprovalMissing, ArgumentRefused
from synthema_lab.federation.procedures.dry_run import dry_run
from synthema_lab.federation.study import (
    KeyFileRefused,
    SignedStudy,
    Study,
    StudyForged,
    StudyRefused,
    cancellation,
    complete,
    differences,
    load_key,
    make_key,
    require_cancellation,
)
from synthema_lab.federation.study.example import example_content
from synthema_lab.federation.study.strict_yaml import read_strictly, write_plainly
from synthema_lab.secure_aggregation import Identity

RESEARCHER = Identity.new("researcher")
CONTENT = example_content(RESEARCHER)


def changed(way: str, value: object) -> dict:
    content = copy.deepcopy(CONTENT)
    *above, last = way.split("/")
    part = content
    for name in above:
        part = part[name]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return content


def signed(content: dict = CONTENT) -> SignedStudy:
    return SignedStudy.sign(Study.from_dict(content), RESEARCHER)


# What a study is


def test_a_study_comes_back_from_its_file_with_the_same_hash():
    first = signed()
    again = SignedStudy.from_yaml(first.to_yaml())
    assert again == first
    assert again.hash == first.study.digest.hex()


words = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z", "S")), min_size=1, max_size=40
)


@settings(max_examples=60, deadline=None)
@given(title=words, reason=words, value=st.one_of(words, st.floats(-1e9, 1e9), st.integers(0, 9)))
def test_any_printable_text_and_number_survives_the_file(title, reason, value):
    content = changed("title", title)
    content["variables"]["sex"] = reason
    content["generator"]["settings"]["value"] = value
    try:
        first = signed(content)
    except StudyRefused:
        return  # a setting in another Unicode form than the usual one
    assert SignedStudy.from_yaml(first.to_yaml()).hash == first.hash


@pytest.mark.parametrize("text", ["1e5", "1.5", "true", "null", "no", "~", "0o17", "12:30", "<<"])
def test_texts_that_look_like_numbers_stay_texts(text):
    assert read_strictly(write_plainly({"a": text})) == {"a": text}
    first = signed(changed("title", text))
    assert SignedStudy.from_yaml(first.to_yaml()).study.title == text


def test_the_order_of_fields_and_the_layout_do_not_make_another_study():
    turned = dict(reversed(list(CONTENT.items())))
    turned["variables"] = dict(reversed(list(CONTENT["variables"].items())))
    turned["title"] = "  Survival   after\n diagnosis "
    assert Study.from_dict(turned).hash == Study.from_dict(CONTENT).hash


@pytest.mark.parametrize(
    ("way", "value"),
    [
        ("title", "Survival after diagnosis!"), ("researcher/purpose", "Other."),
        ("variables/sex", "Because."), ("generator/settings/seed", 2), ("rounds/asked", 3),
        ("rounds/repeats", 3), ("secure_aggregation/clip", 99_999.0), ("budget/epsilon", 3.0001),
        ("budget/delta", 1.1e-5), ("outputs/synthetic_cohort/what", "Rows."),
        ("smallest_cell", 5), ("package_version", "9.9.9"), ("expires", "2098-12-31"),
        ("secure_aggregation/noise_bound", 1), ("sites/east/expires", 5), ("cohort/name", "scd"),
    ],
)  # fmt: skip
def test_every_field_is_in_the_hash_and_in_the_diff(way, value):
    before, now = Study.from_dict(CONTENT), Study.from_dict(changed(way, value))
    assert now.hash != before.hash
    found = differences(before, now)
    assert [change.field for change in found] == [way.replace("/", ", ")]
    assert differences(now, now) == ()


def test_the_diff_says_what_came_and_what_went():
    content = changed("variables/sex", None)
    content["variables"]["deprivation"] = "Poorer districts."
    came, went = differences(Study.from_dict(CONTENT), Study.from_dict(content))
    assert (came.field, came.before, came.now) == (
        "variables, deprivation", "(not there)", "Poorer districts.",
    )  # fmt: skip
    assert (came.added, went.removed, went.now) == (True, True, "(not there)")


@pytest.mark.parametrize(
    ("way", "value"),
    [
        ("titel", "x"), ("budget/epsilonn", 1.0), ("sites/east/keys", "00"), ("title", None),
        ("variables", {}), ("outputs", {}), ("sites/east", None), ("budget/epsilon", 0),
        ("budget/epsilon", float("nan")), ("budget/epsilon", True), ("budget/delta", 0.5),
        ("budget/colluding", 2), ("secure_aggregation/minimum_sites", 2),
        ("secure_aggregation/minimum_sites", 4), ("secure_aggregation/modulus_bits", 2),
        ("secure_aggregation/modulus_bits", 64), ("secure_aggregation/scale", 3),
        ("secure_aggregation/threshold", 2), ("secure_aggregation/clip", -1),
        ("secure_aggregation/clip", 1e300), ("rounds/asked", 0), ("rounds/asked", 1.5),
        ("generator/settings/epsilon", 9.0), ("generator/settings/x", {"a": 1}),
        ("generator/settings/x", float("inf")), ("researcher/key", "zz" * 32),
        ("cohort/dictionary", "leuksurv"), ("expires", "2026-02-30"), ("expires", "20261231"),
        ("title", "evil \u202e title"), ("title", "bell \x07"), ("title", "x" * 4000),
        ("title", ["a"]), ("outputs/synthetic_cohort/protection", "trust"),
        ("outputs/synthetic_cohort/protection", "disclosure_control"), ("budget/epsilon", "off"),
        ("package_version", "newest"), ("smallest_cell", 1), ("variables/sex", ""),
    ],
)  # fmt: skip
def test_a_study_that_makes_no_sense_is_refused_in_three_parts(way, value):
    with pytest.raises(ArgumentRefused) as refused:
        Study.from_dict(changed(way, value))
    assert refused.value.exit_code == 2
    assert all((refused.value.happened, refused.value.expected, refused.value.next_step))


# Who signed it


def test_a_changed_field_is_noticed_by_the_signature():
    text = signed().to_yaml()
    for old, new in [(b"epsilon: 3.0", b"epsilon: 4.0"), (b"sex: Survival", b"sex: survival")]:
        assert old in text
        with pytest.raises(StudyForged) as refused:
            SignedStudy.from_yaml(text.replace(old, new))
        assert refused.value.exit_code == 8
        assert isinstance(refused.value, ApprovalMissing)


def test_a_study_signed_by_another_hand_is_refused():
    study, other = Study.from_dict(CONTENT), Identity.new("researcher")
    with pytest.raises(StudyRefused, match="another key"):
        SignedStudy.sign(study, other)
    mine = signed().signature
    theirs = SignedStudy.sign(Study.from_dict(example_content(other)), other).signature
    for forged in (theirs, bytes(64), mine[::-1], b"", other.sign(study.canonical)):
        with pytest.raises(StudyForged):
            SignedStudy(study, forged)


def test_a_signature_of_the_study_is_no_signature_of_something_else():
    study = Study.from_dict(CONTENT)
    word = yaml.safe_load(cancellation(study, RESEARCHER))
    with pytest.raises(StudyForged):
        SignedStudy(study, bytes.fromhex(word["signature"]))
    with pytest.raises(StudyForged):
        require_cancellation(
            write_plainly({**word, "signature": signed().signature.hex()}).encode(), study
        )


def test_only_its_own_researcher_cancels_a_study():
    study = Study.from_dict(CONTENT)
    require_cancellation(cancellation(study, RESEARCHER), study)
    other = Study.from_dict(changed("title", "Another"))
    for word in (cancellation(study, Identity.new("x")), cancellation(other, RESEARCHER)):
        with pytest.raises(StudyForged):
            require_cancellation(word, study)


# What a text from somebody else may not do

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join(['*' + old] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB, "a: &x 1\nb: 2\n", "a: 1\na: 2\n", "a:\n  b: 1\n  b: 1\n", "<<: {a: 1}\n",
        "a: !!python/object/apply:os.system [ls]\n", "a: !!binary aGk=\n", "a: !!set {x}\n",
        "? [1, 2]\n: 3\n", "a b: 1\n", "- 1\n", "just text\n", "", "a: [", "a: 1\n---\nb: 2\n",
        "a: " + "[" * 50 + "]" * 50, "{" * 2000, "a: \x1b[31mred\n", "a: \u202etxt\n",
        "a: \x00\n", "a: " + "9" * 5000, "x: " + "y" * 400_000, "%TAG ! tag:x,2000:\n---\na: !y 1",
        b"\xff\xfe\x00", b"a: \xc3\x28",
    ],
)  # fmt: skip
def test_a_hostile_text_is_refused_without_telling_what_it_holds(text):
    with pytest.raises(StudyRefused) as refused:
        read_strictly(text)
    said = str(refused.value)
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "yyyy" not in said
    assert "Traceback" not in said


def test_a_bomb_of_aliases_takes_no_memory():
    tracemalloc.start()
    with pytest.raises(StudyRefused):
        read_strictly(BOMB * 3)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"  title:", b"  titel:"), (b"format:", b"form:"), (b"study 1", b"study 2"),
        (b"signature: ", b"signature: 00"),
        (b"  rounds:", b"  surprise: 1\n  rounds:"), (b"signature:", b"extra: 1\nsignature:"),
        (b"  title:", b"  title: Twice\n  title:"),
    ],
)  # fmt: skip
def test_an_unknown_or_doubled_field_in_a_signed_study_is_refused(old, new):
    text = signed().to_yaml()
    assert old in text
    with pytest.raises(StudyRefused):
        SignedStudy.from_yaml(text.replace(old, new, 1))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_flipped_byte_gives_a_study_that_passes_for_the_signed_one(data):
    first = signed()
    text = bytearray(first.to_yaml())
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = SignedStudy.from_yaml(bytes(text))
    except (ArgumentRefused, ApprovalMissing):
        return
    assert found.hash == first.hash  # a comment, a space or a quote


# Drafts, keys, and a try on mock patients


def test_a_draft_is_completed_and_what_it_says_is_kept():
    draft = changed("package_version", None)
    del draft["researcher"]["key"]
    draft["cohort"] = {"name": "leuksurv"}
    assert complete(draft, RESEARCHER).hash == Study.from_dict(CONTENT).hash
    del draft["sites"]
    hospitals = {m.name: m for m in Study.from_dict(CONTENT).sites}
    assert complete(draft, RESEARCHER, hospitals).hash == Study.from_dict(CONTENT).hash
    with pytest.raises(ArgumentRefused):
        complete(draft, RESEARCHER)
    draft["budgett"] = {}
    with pytest.raises(StudyRefused, match="budgett"):
        complete(draft, RESEARCHER, hospitals)


def test_a_key_file_is_for_its_owner_alone_and_never_written_over(tmp_path):
    path = tmp_path / "x.key"
    made = make_key(path, "x", expires=7)
    assert load_key(path) == made
    with pytest.raises(KeyFileRefused, match="exists"):
        make_key(path, "x")
    assert load_key(path) == made
    assert made.private_key.hex() not in repr(made)
    path.chmod(0o640)
    with pytest.raises(KeyFileRefused, match="others"):
        load_key(path)
    for content in ("", "{}", "[]", path.read_text().replace('"expires": 7', '"expires": -7')):
        path.write_text(content)
        path.chmod(0o600)
        with pytest.raises(KeyFileRefused, match="not a signing key"):
            load_key(path)
    with pytest.raises(KeyFileRefused, match="does not exist"):
        load_key(tmp_path / "none.key")


def test_a_try_knows_exactly_what_the_noise_costs_and_reads_no_patient():
    tried = dry_run(Study.from_dict(CONTENT), DataDictionary.load("leuksurv"), patients=40)
    assert 2.99 < tried.epsilon(1e-5) <= 3.0
    assert tried.length > 50
    assert tried.rounds == 2
    assert tried.fits
    assert "within the clip" in str(tried)


@pytest.mark.parametrize(
    ("way", "value", "said"),
    [
        ("generator/name", "vae_of_tomorrow", "not known here"),
        ("generator/settings", {"depth": 3}, "settings"),
        ("variables", {"shoe_size": "Why not."}, "no variable"),
        ("secure_aggregation/clip", 2, "BEYOND"),
    ],
)
def test_a_try_that_fails_says_why(way, value, said):
    tried = dry_run(Study.from_dict(changed(way, value)), DataDictionary.load("leuksurv"), 40)
    assert said in str(tried)
    assert tried.problem or not tried.fits
