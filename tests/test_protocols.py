"""Splits: by name, in words, never a subject on two sides."""

import pytest

from h36m_pose.data.protocols import Split, is_crowd, split
from h36m_pose.errors import InputError

EVERYONE = ("S1", "S5", "S6", "S7", "S8", "S9", "S11", "S101", "S102", "S110")


def test_the_fields_protocol():
    found = split(EVERYONE, "s9_s11", ("S8",), crowd=False)
    assert (found.train, found.validation, found.test) == (("S1", "S5", "S6", "S7"), ("S8",), ("S9", "S11"))
    assert found.words == "protocol s9_s11: train S1, S5, S6, S7; validate S8; test S9, S11"


def test_the_originals_protocol_with_a_crowd():
    found = split(EVERYONE, "s11", ("S8", "S9"), crowd=True)
    assert found.train == ("S1", "S5", "S6", "S7", "S101", "S102", "S110")
    assert found.test == ("S11",)
    assert "train S1, S5, S6, S7 and a crowd of 3; validate S8, S9; test S11" in found.words


def test_a_crowd_that_is_not_there_is_not_mentioned():
    assert "crowd" not in split(EVERYONE[:7], "s11", ("S8",), crowd=True).words


def test_missing_subjects_are_named():
    with pytest.raises(InputError, match="no subject S6, S11"):
        split([subject for subject in EVERYONE if subject not in ("S6", "S11")], "s11", ("S8",), crowd=True)


@pytest.mark.parametrize(
    ("protocol", "validation", "words"),
    [
        ("s9", ("S8",), "one of s9_s11, s11"),
        ("s11", (), "none"),
        ("s11", ("S11",), "S11, a test subject"),
        ("s9_s11", ("S9",), "S9, a test subject"),
        ("s9_s11", ("S101",), "some of S1"),
        ("s9_s11", ("S1", "S5", "S6", "S7", "S8"), "every training subject"),
    ],
)
def test_splits_that_cannot_be_trusted_are_refused(protocol, validation, words):
    with pytest.raises(InputError, match=words):
        split(EVERYONE, protocol, validation, crowd=True)


@pytest.mark.parametrize(
    "sides",
    [(("S1", "S9"), ("S8",), ("S9",)), (("S1", "S8"), ("S8",), ("S9",)), (("S1",), ("S9", "S8"), ("S11", "S9"))],
)
def test_a_subject_on_both_sides_is_refused(sides):
    with pytest.raises(InputError, match=r"S[89] on both the"):
        Split(*sides, words="made by hand")


def test_who_is_crowd():
    assert [subject for subject in EVERYONE if is_crowd(subject)] == ["S101", "S102", "S110"]


def test_left_out_cameras_are_told():
    cameras = ("54138969", "55011271", "58860488")
    found = split(EVERYONE, "s11", ("S8",), True, ("58860488",), cameras)
    assert found.left_out_cameras == ("58860488",)
    assert "test S11 on camera 58860488 alone, left out of training and validation (the crowd" in found.words
    assert "crowd" not in split(EVERYONE, "s11", ("S8",), False, ("58860488",), cameras).words
    assert split(EVERYONE, "s11", ("S8",), True, (), cameras) == split(EVERYONE, "s11", ("S8",), True)
    with pytest.raises(InputError, match="5886, which the dataset does not have; expected some of 54138969, 55011271"):
        split(EVERYONE, "s11", ("S8",), True, ("5886",), cameras)
    with pytest.raises(InputError, match="every camera"):
        split(EVERYONE, "s11", ("S8",), True, cameras, cameras)
