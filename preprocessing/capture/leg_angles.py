"""One leg as angles, and back: the coordinates in which swing and stance are described."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from preprocessing.capture.anatomy import BoneLengths
from preprocessing.capture.foot_contact import softly_positive

Coordinates = Float[ndarray, "samples 4"]

_KNEE_STOP = np.radians(2.0)
"""Knees come no straighter than this, and slow down before they do."""


def leg_length_mm(knee_deg: Float[ndarray, "*batch"], lengths: BoneLengths) -> Float[ndarray, "*batch"]:
    """Hip to ankle when the knee is bent by so many degrees."""
    return np.sqrt(
        lengths.thigh**2 + lengths.shank**2 + 2 * lengths.thigh * lengths.shank * np.cos(np.radians(knee_deg))
    )


def angles_of_span(
    span_mm: Float[ndarray, "samples 3"], heading: Float[ndarray, "samples"], lengths: BoneLengths
) -> Float[ndarray, "samples 3"]:
    """Swing forward, swing to the left (radians) and cosine of the knee's flexion, given hip to ankle in the world.

    The cosine stands in for the knee's angle because it goes smoothly through a leg that is asked to overstretch.
    """
    ahead = span_mm[:, 0] * np.cos(heading) + span_mm[:, 1] * np.sin(heading)
    aside = span_mm[:, 1] * np.cos(heading) - span_mm[:, 0] * np.sin(heading)
    distance = np.linalg.norm(span_mm, axis=-1)
    straight = (distance**2 - lengths.thigh**2 - lengths.shank**2) / (2 * lengths.thigh * lengths.shank)
    return np.stack([np.arctan2(ahead, -span_mm[:, 2]), np.arcsin(aside / distance), straight], axis=-1)


def span_of_angles(
    angles: Float[ndarray, "samples 3"], heading: Float[ndarray, "samples"], lengths: BoneLengths
) -> Float[ndarray, "samples 3"]:
    """Hip to ankle in the world, in mm; the inverse of `angles_of_span` but for a leg that would overstretch."""
    forward, left, straight = angles.T
    knee = np.arccos(np.clip(straight, -0.5, np.cos(np.radians(0.2))))
    knee = _KNEE_STOP + softly_positive(knee - _KNEE_STOP, np.radians(0.8))
    distance = leg_length_mm(np.degrees(knee), lengths)
    ahead, aside = distance * np.cos(left) * np.sin(forward), distance * np.sin(left)
    down = distance * np.cos(left) * np.cos(forward)
    cosine, sine = np.cos(heading), np.sin(heading)
    return np.stack([ahead * cosine - aside * sine, ahead * sine + aside * cosine, -down], axis=-1)


def bent_leg(
    span_mm: Float[ndarray, "samples 3"], toward: Float[ndarray, "samples 3"], lengths: BoneLengths
) -> tuple[Float[ndarray, "samples 3 3"], Float[ndarray, "samples 3 3"]]:
    """Rotations of thigh and shank that reach over `span_mm` with the knee pointing `toward`."""
    distance = np.linalg.norm(span_mm, axis=-1, keepdims=True)
    axis = span_mm / distance
    left = np.cross(-axis, toward)
    left /= np.linalg.norm(left, axis=-1, keepdims=True)
    front = np.cross(left, -axis)
    along = (distance**2 + lengths.thigh**2 - lengths.shank**2) / (2 * distance)
    out = np.sqrt(np.maximum(lengths.thigh**2 - along**2, 0))
    bones = (axis * along + front * out) / lengths.thigh, (axis * (distance - along) - front * out) / lengths.shank
    thigh, shank = (np.stack([np.cross(left, -bone), left, -bone], axis=-1) for bone in bones)
    return thigh, shank


def height_over_mm(
    aside_mm: Float[ndarray, "samples"], knee_deg: Float[ndarray, "samples"], lengths: BoneLengths
) -> Float[ndarray, "samples"]:
    """How high a hip stands over an ankle that lies so far aside of it, when the knee is bent by so many degrees."""
    return np.sqrt(np.maximum(leg_length_mm(knee_deg, lengths) ** 2 - aside_mm**2, (0.8 * lengths.leg) ** 2))


def quintic(
    share: Float[ndarray, "samples"],
    place0: Coordinates,
    speed0: Coordinates,
    bend0: Coordinates,
    place1: Coordinates,
    speed1: Coordinates,
    bend1: Coordinates,
) -> Coordinates:
    """The quintic over share 0 to 1 with the given values, first and second derivatives at both ends."""
    u = share[:, None]
    u2, u3, u4, u5 = u**2, u**3, u**4, u**5
    return (
        place0 * (1 - 10 * u3 + 15 * u4 - 6 * u5)
        + speed0 * (u - 6 * u3 + 8 * u4 - 3 * u5)
        + bend0 * (0.5 * u2 - 1.5 * u3 + 1.5 * u4 - 0.5 * u5)
        + place1 * (10 * u3 - 15 * u4 + 6 * u5)
        + speed1 * (-4 * u3 + 7 * u4 - 3 * u5)
        + bend1 * (0.5 * u3 - u4 + 0.5 * u5)
    )
