"""What the doctor has to say: findings, by weight, and what was seen of each view."""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from h36m_pose.errors import InputError
from preprocessing.catalog import KINDS

NOTE, GAP, WRONG, BROKEN = "note", "gap", "wrong", "broken"
"""Normal, but good to know; usable, with something missing; usable to the eye, but it would spoil a training; and
unusable, so that preprocessing leaves the view out by itself."""

FILES, ARCHIVES, ABSENT = "files", "archives", "nothing"
"""Where a view was found."""

PLAIN_NAMES = {
    "video": "video",
    "poses_2d": "D2_Positions",
    "poses_mono": "D3_Positions_mono",
    "poses_world": "D3_Positions",
    "masks": "masks",
    "box_masks": "box masks",
}
"""What people call the kinds of files in `catalog.KINDS`."""

SITE_NUMBERS = {"S1": 1, "S5": 6, "S6": 7, "S7": 2, "S8": 3, "S9": 4, "S11": 5}
"""The download site numbers its subjects in its own way (anibali/h36m-fetch, download_all.py)."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing to say.

    Attributes:
        kind: the same word for the same thing, for programs.
        severity: NOTE, GAP, WRONG or BROKEN.
        words: found and expected, short enough for the view's line.
        mend: what to do about it, as an imperative sentence without the final full stop; "" for a note.
    """

    kind: str
    severity: str
    words: str
    mend: str = ""


@dataclasses.dataclass(eq=False)
class ViewReport:
    """What was seen of one view; None where there was nothing to see.

    Attributes:
        subject: "S1".
        trial: "Walking 1".
        camera_id: one of `catalog.CAMERAS`.
        origin: FILES, ARCHIVES or ABSENT.
        video_frames: pictures in the video.
        fps: of the video.
        width_px: columns of its pictures.
        height_px: rows.
        poses: in D2_Positions or, without, in D3_Positions_mono.
        poses_expected: how many the release, or the studio's record, has.
        masks: in the file of silhouettes.
        bone_change_mm: the most by which a bone's length changes during the trial.
        bone_asymmetry_mm: the most by which a left and a right bone differ.
        projection_px: how far the 2D joints are from the best projection of the 3D ones, root mean square.
        metadata_px: how far they are from the projection by the camera of metadata.xml.
        repeated_pictures: the most pictures in a row that show the same, among those that were compared.
        bones_mm: mean lengths of the 16 bones in D3_Positions_mono.
        world_bones_mm: the same in D3_Positions.
        camera_centre_mm: where in the world the poses place the camera.
        findings: in the order of the checks.
    """

    subject: str
    trial: str
    camera_id: str
    origin: str = FILES
    video_frames: int | None = None
    fps: float | None = None
    width_px: int | None = None
    height_px: int | None = None
    poses: int | None = None
    poses_expected: int | None = None
    masks: int | None = None
    bone_change_mm: float | None = None
    bone_asymmetry_mm: float | None = None
    projection_px: float | None = None
    metadata_px: float | None = None
    repeated_pictures: int | None = None
    bones_mm: tuple[float, ...] | None = None
    world_bones_mm: tuple[float, ...] | None = None
    camera_centre_mm: tuple[float, float, float] | None = None
    findings: list[Finding] = dataclasses.field(default_factory=list)

    @property
    def name(self) -> str:
        """What people are told: "S1 Walking 1.54138969"."""
        return f"{self.subject} {self.trial}.{self.camera_id}"

    @property
    def sound(self) -> bool:
        """Whether the view can be trained on."""
        return not any(finding.severity in (WRONG, BROKEN) for finding in self.findings)

    def add(self, kind: str, severity: str, words: str, mend: str = "") -> None:
        """Adds a finding."""
        self.findings.append(Finding(kind, severity, words, mend))

    def has(self, kind: str) -> bool:
        """Whether there is a finding of a kind."""
        return any(finding.kind == kind for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, numbers rounded to what they are good for."""
        fields = {name: _rounded(value) for name, value in dataclasses.asdict(self).items()}
        return {"name": self.name, "sound": self.sound, **fields}


Look = TypeVar("Look")


@dataclasses.dataclass(frozen=True)
class Trouble:
    """Why a file could not be looked at.

    Attributes:
        found: in a few words.
        mend: as in `Finding`.
    """

    found: str
    mend: str


def attempt(look: Callable[[], Look]) -> Look | Trouble:
    """What a look gives, or why a file cannot be read."""
    try:
        return look()
    except InputError as error:
        return Trouble(error.found, error.mend)
    except OSError as error:
        return Trouble((error.strerror or str(error)).lower(), "Look at what stands there, and at its permissions")


def archive_of(subject: str, kind: str) -> str:
    """The archive of the download site that holds a kind of file: "Poses/D2_Positions, SubjectSpecific_6"."""
    number = SITE_NUMBERS.get(subject)
    return KINDS[kind].archive + (f" (SubjectSpecific_{number}.tgz on the site)" if number else "")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return [round(number, 4) for number in value] if isinstance(value, tuple) else value
