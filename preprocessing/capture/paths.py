"""The closed paths along which the studio's people walk, laid out in the part of the room that all cameras see."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

PATHS = ("ellipse left", "ellipse right", "figure eight", "there and back", "wander")
"""Names for `walk(path=...)`; left and right are the directions of the turn."""

_POINTS = 1600
_CENTRE_MM = (0.0, 260.0)
"""The middle of the area: the cameras at the back stand nearer to the room's origin than those in front."""
_REACH_MM = (1180.0, 1480.0)
"""How far from the middle a pelvis may come along x and y."""


class WalkingPath:
    """A closed curve on the floor, parametrised by the distance walked along it in mm; it repeats for ever."""

    def __init__(self, points_mm: Float[ndarray, "points 2"]):
        closed = np.vstack([points_mm, points_mm[:1]])
        distance = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
        self.length_mm = float(distance[-1])
        self._spline = CubicSpline(distance, closed, bc_type="periodic")
        even = np.linspace(0, self.length_mm, 4 * _POINTS + 1)
        along = self._spline(even, 1)
        heading = np.unwrap(np.arctan2(along[:, 1], along[:, 0]))
        self._turn = float(np.round((heading[-1] - heading[0]) / (2 * np.pi)) * 2 * np.pi)
        winding = heading - self._turn * even / self.length_mm
        winding[-1] = winding[0]
        self._winding = CubicSpline(even, winding, bc_type="periodic")

    def position_mm(self, walked_mm: Float[ndarray, "*batch"]) -> Float[ndarray, "*batch 2"]:
        """Where on the floor one is after so many mm."""
        return self._spline(walked_mm)

    def heading(self, walked_mm: Float[ndarray, "*batch"]) -> Float[ndarray, "*batch"]:
        """The direction of walking in radians from x towards y, continuous over whole turns."""
        return self._winding(walked_mm) + self._turn * np.asarray(walked_mm) / self.length_mm

    def curvature(self, walked_mm: Float[ndarray, "*batch"]) -> Float[ndarray, "*batch"]:
        """Change of heading in radians per mm, positive to the left."""
        return self._winding(walked_mm, 1) + self._turn / self.length_mm


def draw_path(name: str, generator: np.random.Generator) -> WalkingPath:
    """One path of the named kind, with its own size, place and tilt."""
    angle = np.linspace(0, 2 * np.pi, _POINTS, endpoint=False)
    direction = float(generator.choice([-1, 1]))
    if name in ("ellipse left", "ellipse right"):
        direction = 1.0 if name == "ellipse left" else -1.0
        points = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * generator.uniform(0.78, 1.0, size=2)
    elif name == "figure eight":
        lemniscate = (
            np.stack([1.45 * np.sin(angle) * np.cos(angle), np.cos(angle)], axis=-1) / (1 + np.sin(angle) ** 2)[:, None]
        )
        points = lemniscate * generator.uniform(0.92, 1.0)
    elif name == "there and back":
        points = _there_and_back(generator)
    elif name == "wander":
        points = _wandering(angle, generator)
    else:
        raise ValueError(f"no walking path is called {name!r}; there are {', '.join(PATHS)}")
    points = points * np.array([1.0, direction])
    tilt = generator.uniform(-0.25, 0.25) if name != "there and back" else generator.uniform(-0.7, 0.7)
    turned = points @ np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    inside = turned / max(1.0, float(np.abs(turned).max()))
    centre = np.array(_CENTRE_MM) + generator.uniform(-60, 60, size=2)
    return WalkingPath(inside * np.array(_REACH_MM) + centre)


def _there_and_back(generator: np.random.Generator) -> Float[ndarray, "points 2"]:
    """Two straight lanes joined by tight half circles; lengths are shares of the room's reach."""
    radius, straight = generator.uniform(0.3, 0.36), generator.uniform(0.62, 0.72)
    arc = np.linspace(-np.pi / 2, np.pi / 2, _POINTS // 4, endpoint=False)
    lane = np.linspace(-straight, straight, _POINTS // 4, endpoint=False)
    x = np.concatenate(
        [np.full_like(lane, radius), radius * np.sin(-arc), np.full_like(lane, -radius), radius * np.sin(arc)]
    )
    y = np.concatenate([lane, straight + radius * np.cos(arc), -lane, -straight - radius * np.cos(arc)])
    points = np.stack([x, y], axis=-1)
    return gaussian_filter1d(points, sigma=_POINTS / 45, axis=0, mode="wrap")


def _wandering(angle: Float[ndarray, "points"], generator: np.random.Generator) -> Float[ndarray, "points 2"]:
    """An ellipse with slow bulges, so that straighter and tighter stretches follow each other."""
    points = np.stack([0.85 * np.cos(angle), 0.95 * np.sin(angle)], axis=-1)
    for waves in (2, 3):
        for axis in (0, 1):
            bulge = np.clip(generator.normal(0, 0.2), -0.3, 0.3) / waves
            points[:, axis] += bulge * np.cos(waves * angle + generator.uniform(0, 2 * np.pi))
    return points
