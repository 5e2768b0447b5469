"""Facts about the release: actions, names per subject, known faults, samplings, and the words of the options."""

from pathlib import Path

import pytest

from h36m_pose.errors import InputError
from preprocessing import catalog, release


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("all", release.ACTIONS),
        ("ALL", release.ACTIONS),
        ("Walking", ("Walking",)),
        ("walking,Eating", ("Eating", "Walking")),
        (" WalkTogether , walkdog,WalkTogether,", ("WalkDog", "WalkTogether")),
        ("TakingPhoto,WalkingDog", ("Photo", "WalkDog")),
    ],
)
def test_actions_are_read_in_any_case_and_order(words: str, expected: tuple[str, ...]) -> None:
    assert release.parse_actions(words) == expected


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        ("Wlaking", "Did you mean Walking?"),
        ("Walking,Takingphotos", "Did you mean Photo?"),
        ("Walk Dog", "Did you mean WalkDog?"),
        ("Walking 1", "Did you mean Walking?"),
        ("quaffing", "Choose among these."),
        ("", "Choose among these."),
        (" , ", "Choose among these."),
        ("all,Walking", "expected all, or some of"),
    ],
)
def test_other_actions_are_refused_with_the_nearest(words: str, mend: str) -> None:
    with pytest.raises(InputError) as caught:
        release.parse_actions(words)
    assert mend in str(caught.value) and "Directions" in str(caught.value)


def test_every_subject_has_two_trials_of_each_of_fifteen_actions() -> None:
    assert len(release.ACTIONS) == 15 and sorted(release.ACTIONS) == sorted(set(release.ACTIONS))
    names = {
        (subject, trial)
        for subject in catalog.RELEASE_SUBJECTS
        for action in release.ACTIONS
        for trial in release.trials_of(subject, action)
        if release.canonical_action(trial) == action
    }
    assert len(names) == 7 * 30  # 30 files of D3_Positions per subject
    for subject, trials in catalog.WALKING_POSES.items():
        assert release.trials_of(subject, "Walking") == tuple(trials)
    assert release.trials_of("S1", "WalkDog") == ("WalkingDog 1", "WalkingDog")
    assert release.trials_of("S1", "Photo") == ("TakingPhoto 1", "TakingPhoto")
    assert release.trials_of("S5", "WalkDog") == ("WalkDog 1", "WalkDog")
    assert {trial for subject, trial in release.SHORT_POSES if subject == "S9"} <= {trial for _, trial in names}
    assert release.SHORT_POSES["S9", "Walking"][0] == catalog.WALKING_POSES["S9"]["Walking"]


def test_the_known_faults_are_found_by_view(tmp_path: Path) -> None:
    def kinds(subject: str, trial: str, camera: str) -> list[str]:
        return [fault.kind for fault in release.faults_of(catalog.files_of(tmp_path, subject, trial, camera))]

    assert kinds("S11", "Directions", "54138969") == ["broken video"]
    assert kinds("S11", "Directions", "55011271") == []
    assert kinds("S11", "Directions 1", "54138969") == []
    for camera in catalog.CAMERAS:
        for trial in ("Greeting", "SittingDown 1", "Waiting 1"):
            assert kinds("S9", trial, camera) == ["world shifted 200 mm"]
        for trial in ("Greeting 1", "SittingDown", "Waiting", "Walking", "Walking 1"):
            assert kinds("S9", trial, camera) == []
        assert kinds("S11", "Greeting", camera) == []
    for fault in release.KNOWN_FAULTS:
        assert fault.trial in release.trials_of(fault.subject, release.canonical_action(fault.trial))
        assert "/" in fault.source and "\n" not in fault.words


def test_steps_are_numbers_or_published_samplings() -> None:
    assert release.parse_every("5") == release.parse_every(" SPIN ") == 5
    assert release.parse_every("1") == release.parse_every("martinez") == 1
    assert release.parse_every("posenet-test") == 64
    assert all(isinstance(step, int) and step >= 1 for step in release.SAMPLINGS.values())


@pytest.mark.parametrize("words", ["0", "-5", "2.5", "", "five", "9" * 30, "\u0665", "posenet"])
def test_other_steps_are_refused(words: str) -> None:
    with pytest.raises(InputError, match=r"--every: found .*; expected 1 to 10000 or one of martinez, "):
        release.parse_every(words)
