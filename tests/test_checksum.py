"""JSON files that know whether they are as they were written."""

import json

import pytest

from h36m_pose.data.checksum import checksum_holds, text_of, with_checksum

VALUE = {"name": "S1 Walking 1", "numbers": [1e-05, 0.1, 12], "camera": None, "notes": ["ü"]}


def test_what_is_written_holds_whatever_was_there_before() -> None:
    sealed = with_checksum(VALUE)
    assert list(sealed) == [*VALUE, "checksum"]
    assert with_checksum(sealed) == sealed
    assert checksum_holds(text_of(sealed), json.loads(text_of(sealed)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1e-05", "1E-05"),  # one bit, and the same number
        ("12\n", "12 \n"),
        ("null", "true"),
        ('"name"', '"n`me"'),
        (' "camera"', ' "numbers": 3,\n "camera"'),  # a name twice
        ('"checksum": "', '"checksum": "0'),
        ('"checksum"', '"chackse"'),
    ],
)
def test_any_other_text_does_not_hold(old: str, new: str) -> None:
    text = text_of(with_checksum(VALUE))
    assert text.count(old) == 1
    spoiled = text.replace(old, new)
    assert not checksum_holds(spoiled, json.loads(spoiled))


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        text_of({"mean": float("nan")})
