"""Who trains, who validates, who tests: protocols by name, and their words."""

import dataclasses
from collections.abc import Iterable, Sequence

from h36m_pose.errors import InputError

PROTOCOLS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "s9_s11": (("S1", "S5", "S6", "S7", "S8"), ("S9", "S11")),
    "s11": (("S1", "S5", "S6", "S7", "S8", "S9"), ("S11",)),
}
"""Training and test subjects. 's9_s11' is the field's protocol, 's11' the one of Jha's 2015 report."""

FIRST_OF_CROWD = 100
"""Subjects numbered from here on are the studio's crowd: for training only."""


@dataclasses.dataclass(frozen=True)
class Split:
    """Which subjects a run uses for what.

    Attributes:
        train: their frames are learnt from.
        validation: their frames choose the checkpoint.
        test: never looked at before evaluation.
        words: the whole split in words, for every place where a number is printed.
        left_out_cameras: ids of cameras from which nothing is learnt or validated. If there are any, they alone test.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    words: str
    left_out_cameras: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sides = {"train": self.train, "validation": self.validation, "test": self.test}
        for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
            both = sorted(set(sides[first]) & set(sides[second]), key=_number)
            if both:
                raise InputError(
                    "the split",
                    f"{', '.join(both)} on both the {first} and the {second} side",
                    "every subject on one side only",
                    "Take it from one of them",
                )


def split(
    dataset_subjects: Iterable[str],
    protocol: str,
    validation_subjects: Sequence[str],
    crowd: bool,
    left_out_cameras: Sequence[str] = (),
    dataset_cameras: Iterable[str] = (),
) -> Split:
    """Splits a dataset's subjects, and its cameras if asked to, by a protocol.

    Args:
        dataset_subjects: those the dataset has.
        protocol: a key of `PROTOCOLS`.
        validation_subjects: training subjects of the protocol that are held out to choose the checkpoint.
        crowd: whether the studio's random bodies, if there are any, train too.
        left_out_cameras: see `Split`. The crowd was filmed from anywhere, whatever the id: `data.chosen_views` tells
            which of its views are left out too.
        dataset_cameras: ids of those the dataset has.

    Raises:
        InputError: if the protocol is unknown, a subject is missing or would stand on both sides, or if there is no
            such camera or none would be left.
    """
    if protocol not in PROTOCOLS:
        raise InputError("protocol", repr(protocol), f"one of {', '.join(PROTOCOLS)}", "Choose one of these")
    training, test = PROTOCOLS[protocol]
    here = set(dataset_subjects)
    missing = [subject for subject in (*training, *test) if subject not in here]
    if missing:
        raise InputError(
            "the dataset",
            f"no subject {', '.join(missing)}",
            f"all subjects of protocol {protocol}: {', '.join((*training, *test))}",
            "Preprocess the missing ones, or choose another protocol",
        )
    _check_validation(validation_subjects, protocol, training, test)
    training = tuple(subject for subject in training if subject not in validation_subjects)
    random_bodies = tuple(sorted((subject for subject in here if is_crowd(subject)), key=_number)) if crowd else ()
    who = f"train {', '.join(training)}" + (f" and a crowd of {len(random_bodies)}" if random_bodies else "")
    words = f"protocol {protocol}: {who}; validate {', '.join(validation_subjects)}; test {', '.join(test)}"
    cameras = _checked_cameras(left_out_cameras, dataset_cameras)
    if cameras:
        words += f" on {_camera_words(cameras)} alone, left out of training and validation"
        words += " (the crowd was filmed from anywhere, but for a metre around)" if random_bodies else ""
    return Split((*training, *random_bodies), tuple(validation_subjects), test, words, cameras)


def _camera_words(cameras: Sequence[str]) -> str:
    return f"camera{'' if len(cameras) == 1 else 's'} {', '.join(cameras)}"


def _checked_cameras(left_out: Sequence[str], here: Iterable[str]) -> tuple[str, ...]:
    known = sorted(set(here))
    unknown = [camera for camera in left_out if camera not in known]
    if unknown:
        found = f"{', '.join(unknown)}, which the dataset does not have"
        raise InputError("left_out_cameras", found, f"some of {', '.join(known)}", "Choose some of these")
    if left_out and set(left_out) == set(known):
        raise InputError("left_out_cameras", "every camera", "a part of them", "Leave some for training")
    return tuple(sorted(set(left_out)))


def _check_validation(subjects: Sequence[str], protocol: str, training: tuple[str, ...], test: tuple[str, ...]) -> None:
    if not subjects:
        raise InputError(
            "validation_subjects",
            "none",
            f"at least one training subject of {protocol}",
            "Name one: without it the checkpoint cannot be chosen, since test subjects must not be looked at",
        )
    for subject in subjects:
        if subject in test:
            raise InputError(
                "validation_subjects",
                f"{subject}, a test subject of {protocol}",
                f"some of {', '.join(training)}",
                "Choose a training subject: the checkpoint must not be chosen on test subjects",
            )
        if subject not in training:
            raise InputError("validation_subjects", subject, f"some of {', '.join(training)}", "Choose one of these")
    if set(subjects) >= set(training):
        raise InputError("validation_subjects", "every training subject", "a part of them", "Leave some for training")


def is_crowd(subject: str) -> bool:
    """Whether a subject is one of the studio's random bodies."""
    return _number(subject) >= FIRST_OF_CROWD


def _number(subject: str) -> int:
    digits = subject.lstrip("S")
    return int(digits) if digits.isdigit() else 0
