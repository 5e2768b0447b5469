"""Captures that differ in one thing alone: other clothes on the same walks, a crowd that varies in less."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from test_studio import contents, film_quickly, hire_quickly

from h36m_pose.cli.main import main
from preprocessing.capture import filming
from preprocessing.capture.anatomy import draw_person
from preprocessing.capture.cast import cast
from preprocessing.capture.clothing import TOPS, draw_wardrobe, other_outfit
from preprocessing.capture.gait import walk
from preprocessing.capture.record import RECORD_NAME
from preprocessing.capture.rig import draw_rig
from preprocessing.capture.variation import ASPECTS, MODELS, USUAL, Variation
from preprocessing.catalog import CAMERAS

OUTFITS = range(1, 40)


def walked(subject: str, variation: Variation) -> np.ndarray:
    return walk(variation.person(subject, 0), 6, seed=3, path="ellipse left", fps=10.0).joints_world_mm


def test_other_outfits_change_clothes_and_hair_colour_alone() -> None:
    person = draw_person("S11", 0)
    own, outfits = draw_wardrobe(person, 0), [other_outfit(person, 0, number) for number in OUTFITS]
    body = ("skin_colour", "eye_colour", "glasses", "beard", "hair", "hair_volume")
    for outfit in outfits:
        assert outfit.top != own.top and outfit.seed != own.seed and outfit.top_colour != own.top_colour
        assert [getattr(outfit, name) for name in body] == [getattr(own, name) for name in body]
    assert {outfit.top for outfit in outfits} == set(TOPS) - {own.top}
    assert {outfit.bottom for outfit in outfits} == {"jeans", "trousers", "joggers", "shorts"}
    assert len({outfit.hair_colour for outfit in outfits}) == len(outfits)
    assert other_outfit(person, 0, 2) == outfits[1]


def test_the_crowd_wears_everything_and_others_dress_as_ever() -> None:
    crowd = [USUAL.wardrobe(draw_person(f"S{number}", 0), 0) for number in range(101, 261)]
    assert {outfit.top for outfit in crowd} == set(TOPS)
    dressed = Variation(outfit=1)
    assert dressed.wardrobe(draw_person("S11", 0), 0) != draw_wardrobe(draw_person("S11", 0), 0)
    assert dressed.wardrobe(draw_person("S101", 0), 0) == draw_wardrobe(draw_person("S101", 0), 0)
    assert dressed.parameters == {"wardrobe": 1} and USUAL.parameters == {}


@pytest.mark.parametrize("alike", list(ASPECTS))
def test_what_the_crowd_does_not_vary_in_is_as_the_training_subjects_have_it(alike: str) -> None:
    variation = Variation(tuple(aspect for aspect in ASPECTS if aspect != alike))
    for number, subject in enumerate(("S101", "S102", "S106")):
        model = MODELS[(0, 1, 1)[number]]
        person = variation.person(subject, 0)
        joints = walked(subject, variation)
        bodies = dataclasses.replace(draw_person(model, 0), name=subject), draw_person(subject, 0)
        assert person == bodies[alike != "bodies"]
        clothes = draw_wardrobe(draw_person(model, 0), 0), draw_wardrobe(person, 0)
        assert variation.wardrobe(person, 0) == clothes[alike != "clothing"]
        assert (variation.room(subject) == "laboratory") == (alike == "light")
        rig, usual = variation.rig(0, subject, joints), draw_rig(0, subject, joints)
        mounts = draw_rig(0, "S1", joints)
        apart = [np.linalg.norm(rig[each].centre_mm - mounts[each].centre_mm) for each in CAMERAS]
        assert (max(apart) < 400) == (alike == "cameras")
        assert all(np.array_equal(rig[each].centre_mm, usual[each].centre_mm) for each in CAMERAS) == (
            alike != "cameras"
        )
    assert alike not in variation.parameters["crowd varies"]
    for subject in ("S1", "S11"):
        assert variation.person(subject, 0) == draw_person(subject, 0)
        assert variation.wardrobe(draw_person(subject, 0), 0) == draw_wardrobe(draw_person(subject, 0), 0)
        assert variation.room(subject) == "laboratory"


def test_nobody_who_tests_or_validates_is_a_model() -> None:
    assert not set(MODELS) & {"S8", "S9", "S11"}


def test_some_subjects_alone_are_filmed_as_in_company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filming, "hire_photographer", hire_quickly)
    film_quickly(tmp_path / "all", crowd=0)
    out = tmp_path / "some"
    command = ["capture", str(out), "--preset", "tiny", "--subjects", "S11", "--wardrobe", "2", "--workers", "1"]
    assert main(command) == 0
    ours, theirs = contents(out), contents(tmp_path / "all")
    names = [name for name in ours if name.startswith("S")]
    assert names == [name for name in theirs if name.startswith("S11/")]
    assert all(ours[name] == theirs[name] for name in names)
    parameters = json.loads((out / RECORD_NAME).read_text())["parameters"]
    assert parameters["wardrobe"] == 2 and parameters["subjects"] == "S11" and parameters["crowd"] == 0


def test_the_crowd_comes_if_it_is_asked_for() -> None:
    assert [role.subject for role in cast("tiny", 0, 1, ("S9", "S11"))] == ["S9", "S11", "S101"]
    assert [role.subject for role in cast("tiny", 0, None, ("S9",))] == ["S9"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--crowd-varies", "bodies,lights"], "lights; expected some of bodies, cameras, light, clothing"),
        (["--wardrobe", "-1"], "--wardrobe"),
        (["--preset", "tiny", "--subjects", "S11,S5"], "S5; expected some of S1, S9, S11"),
        (["--motion", "walk.amc", "--wardrobe", "1"], "--wardrobe beside it"),
        (["--motion", "walk.amc", "--crowd-varies", "none"], "--crowd-varies beside it"),
    ],
)
def test_mistakes_are_told_in_one_line(
    tmp_path: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["capture", str(tmp_path / "out"), "--workers", "1", *words]) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1
    assert not list((tmp_path / "out").glob("S*"))
