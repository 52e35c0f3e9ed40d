"""A karyotype is read as far as it can be."""

from __future__ import annotations

import pytest

from synthema_lab.cohorts.importers.iscn import read_karyotype

MONOSOMAL = {
    "46,XX": False,
    "45,XY,-7": False,
    "45,XY,-7,del(5)(q13q33)[18]/46,XY[2]": True,
    "44,XX,-5,-7": True,
    "43,XX,-5,-7,-X": True,
    "44,X,-Y,-7": False,
    "45,XX,-7,+mar": False,
    "45,XX,-7,t(8;21)(q22;q22)": False,
    "46,XX,add(3)(q21)[7]/45,XX,idem,-7[9]": True,
    "45,XX,-7[3]\n45,idem,del(5)(q31q35)[17]": True,
    "46,XY,-7[2]/46,XY,-5[2]": False,
    "47,XX,+8,t(9;11)(p22;q23)": False,
}


@pytest.mark.parametrize("text", MONOSOMAL)
def test_a_monosomal_karyotype_has_two_monosomies_or_one_and_a_structural_change(text):
    assert read_karyotype(text).monosomal is MONOSOMAL[text]


MECOM = {
    "46,XX,t(3;21)(q26;q22)": True,
    "46,XX,t(3;21)(q26.2;q22)": True,
    "46,XX,der(11)t(3;11)(q26;q23)": True,
    "46,XX,t(3;3)(q21;q26)": False,
    "46,XX,inv(3)(q21q26)": False,
    "46,XX,t(3;5)(q21;q31)": False,
    "46,XX,t(3;21)(q26;22)": None,
    "46,XX,t(3;17)(q2?6;q21)": None,
    "46,XX,t(1;17)(q2?6;q21)": False,
}


@pytest.mark.parametrize("text", MECOM)
def test_a_break_in_3q26_with_another_chromosome_is_found_or_left_open(text):
    assert read_karyotype(text).mecom_other is MECOM[text]


def test_t_8_16_needs_both_breaks():
    assert read_karyotype("46,XX,t(8;16)(p11.2;p13.3)").t_8_16 is True
    assert read_karyotype("46,XX,t(8;16)(q22;q22)").t_8_16 is False


@pytest.mark.parametrize("text", [None, "", "na", "no metaphases", "FISH: inv(16)", "complex"])
def test_what_is_no_karyotype_is_missing(text):
    assert read_karyotype(text) is None
