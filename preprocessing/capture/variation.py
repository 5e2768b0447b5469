"""How a capture departs from the usual one: what the crowd varies in, and other clothes for everyone.

Each aspect that the crowd does not vary in is as the training subjects have it, so that what the variety of bodies,
cameras, light or clothing is worth can be measured by taking it away.
"""

import dataclasses
from typing import Any

from jaxtyping import Float
from numpy import ndarray

from h36m_pose.camera import Camera
from h36m_pose.errors import InputError
from preprocessing.capture.anatomy import Person, draw_person
from preprocessing.capture.clothing import Wardrobe, draw_wardrobe, other_outfit
from preprocessing.capture.rig import draw_rig
from preprocessing.catalog import FIRST_CROWD_NUMBER, is_crowd, subject_number

ASPECTS = {
    "bodies": "sizes, proportions and ways of walking",
    "cameras": "places, focal lengths and distortion",
    "light": "rooms with their lamps",
    "clothing": "clothes, hair and skin",
}
"""What a crowd may vary in."""

MODELS = ("S1", "S5", "S6", "S7")
"""Whom the crowd is like in the rest, in turn: those who train in every protocol, and by default do not validate."""

CROWD_ROOMS = 5
"""A room takes as long to make as some fifty pictures of it, so the crowd does not get one each."""


@dataclasses.dataclass(frozen=True)
class Variation:
    """What differs from the usual capture; as it is by default, nothing does.

    Attributes:
        crowd_varies: keys of `ASPECTS`: what is drawn anew for each of the crowd. The rest is as the `MODELS` have it.
        outfit: clothes and hair colour of the release's subjects: 0 for their own, any other number for other ones.
    """

    crowd_varies: tuple[str, ...] = tuple(ASPECTS)
    outfit: int = 0

    def __post_init__(self) -> None:
        unknown = [aspect for aspect in self.crowd_varies if aspect not in ASPECTS]
        if unknown:
            expected = f"some of {', '.join(ASPECTS)}, or none"
            raise InputError("--crowd-varies", ", ".join(unknown), expected, "Correct it")
        if self.outfit < 0:
            raise InputError("--wardrobe", str(self.outfit), "0 or more", "Choose another number")

    @property
    def parameters(self) -> dict[str, Any]:
        """What the record of a capture tells of it; nothing of what is as usual."""
        told: dict[str, Any] = {}
        if set(self.crowd_varies) != set(ASPECTS):
            told["crowd varies"] = ", ".join(aspect for aspect in ASPECTS if aspect in self.crowd_varies) or "nothing"
        return told | ({"wardrobe": self.outfit} if self.outfit else {})

    def person(self, subject: str, seed: int) -> Person:
        """The body of a subject and its way of walking."""
        if not self._alike(subject, "bodies"):
            return draw_person(subject, seed)
        return dataclasses.replace(draw_person(_model_of(subject), seed), name=subject)

    def wardrobe(self, person: Person, seed: int) -> Wardrobe:
        """What a person wears."""
        if self._alike(person.name, "clothing"):
            return draw_wardrobe(draw_person(_model_of(person.name), seed), seed)
        if self.outfit and not _in_crowd(person.name):
            return other_outfit(person, seed, self.outfit)
        return draw_wardrobe(person, seed)

    def rig(self, seed: int, subject: str, joints_world_mm: Float[ndarray, "frames 32 3"]) -> dict[str, Camera]:
        """The four cameras that film a subject's walk."""
        return draw_rig(seed, subject, joints_world_mm, mounted=self._alike(subject, "cameras"))

    def room(self, subject: str) -> str:
        """The name of the room a subject is filmed in: the release's one laboratory, or one of the crowd's few."""
        if not is_crowd(subject) or self._alike(subject, "light"):
            return "laboratory"
        return f"room {subject_number(subject) % CROWD_ROOMS}"

    def _alike(self, subject: str, aspect: str) -> bool:
        return _in_crowd(subject) and aspect not in self.crowd_varies


USUAL = Variation()


def _in_crowd(name: str) -> bool:
    """Whether it is a subject of the crowd; persons from outside bear the name of their file."""
    return name[1:].isdigit() and name[0] == "S" and is_crowd(name)


def _model_of(subject: str) -> str:
    return MODELS[(subject_number(subject) - FIRST_CROWD_NUMBER - 1) % len(MODELS)]
