"""Reads the cameras of the release's own metadata.xml, if the user has one; nothing of it is part of this project.

The file comes from elsewhere, so its XML is read with suspicion: no document type, no entities, bounded size and depth.
"""

import dataclasses
import math
import re
from pathlib import Path
from xml.parsers import expat

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose.camera import Camera
from h36m_pose.errors import InputError
from preprocessing.catalog import CAMERAS, WIDTH_PX, picture_height_px

NAME = "metadata.xml"
SUBJECTS = 11
"""S1 to S11, with those whose poses are withheld."""

MOST_BYTES = 4 << 20
"""The release's own has 110,314."""
MOST_DEPTH = 16
_EXTRINSICS, _INTRINSICS = 6, 9
_NUMBERS = len(CAMERAS) * (SUBJECTS * _EXTRINSICS + _INTRINSICS)
_EXPECTED = "the metadata.xml of the release's code archive (code-v1.2.zip)"
_AGAIN = "Take it from that archive again, or move it away to do without"


Cameras = dict[tuple[str, str], Camera]
"""By subject and camera: ("S1", "54138969")."""


def read_cameras(path: Path) -> Cameras:
    """Reads the four cameras of each of the eleven subjects.

    Raises:
        InputError: if it is too large, no XML, has a document type or entities, or does not hold the release's cameras.
    """
    root = _parse(path)
    numbers = _numbers(path, root)
    camera_ids = tuple(element.text.strip() for element in root.at("dbcameras", "index2id").children)
    if sorted(camera_ids) != sorted(CAMERAS):
        found = f"cameras {', '.join(camera_ids)[:80]}" if camera_ids else "no names of cameras"
        raise InputError(path, found, ", ".join(CAMERAS), _AGAIN)
    middle = len(CAMERAS) * SUBJECTS * _EXTRINSICS
    outer = numbers[:middle].reshape(len(CAMERAS), SUBJECTS, _EXTRINSICS)
    inner = numbers[middle:].reshape(len(CAMERAS), _INTRINSICS)
    return {
        (f"S{subject + 1}", camera_id): _camera(f"S{subject + 1}", camera_id, outer[index, subject], inner[index])
        for index, camera_id in enumerate(camera_ids)
        for subject in range(SUBJECTS)
    }


def find_metadata(root: Path) -> Path | None:
    """The metadata.xml at most two folders below `root`, or beside it; None if there is none."""
    root = root.absolute()
    places = [root, *folders_in(root), *(inner for folder in folders_in(root) for inner in folders_in(folder))]
    places += [root.parent, *folders_in(root.parent)]
    return next((place / NAME for place in places if _is_file(place / NAME)), None)


def rotation_of(angles: Float[ndarray, "3"]) -> Float[ndarray, "3 3"]:
    """World to camera, from the release's angles (radians): turns about x, y and z, multiplied in this order."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_x @ about_y @ about_z


@dataclasses.dataclass(eq=False)
class _Element:
    """One XML element: its name, the text directly in it, and the elements in it."""

    name: str
    text: str = ""
    children: list["_Element"] = dataclasses.field(default_factory=list)

    def at(self, *names: str) -> "_Element":
        """The first element down that path; an empty one if there is none."""
        here = self
        for name in names:
            here = next((child for child in here.children if child.name == name), _Element(name))
        return here


class _Refused(Exception):
    """XML of a kind that the release does not use."""


def _parse(path: Path) -> _Element:
    with path.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InputError(path, f"more than {MOST_BYTES >> 20} MiB", _EXPECTED, _AGAIN)
    if not content.strip():
        raise InputError(path, "an empty file", _EXPECTED, _AGAIN)
    above = [_Element("")]
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name: str, _: dict[str, str]) -> None:
        if len(above) > MOST_DEPTH:
            raise _Refused("elements nested too deeply")
        element = _Element(name)
        above[-1].children.append(element)
        above.append(element)

    def end(_: str) -> None:
        above.pop()

    def text(characters: str) -> None:
        above[-1].text += characters

    def refuse(*_: object) -> None:
        raise _Refused("a document type, which the release's has not")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except _Refused as refused:
        raise InputError(path, str(refused), _EXPECTED, _AGAIN) from None
    except (expat.ExpatError, ValueError, LookupError) as error:  # the latter two are of unknown encodings
        raise InputError(path, f"no XML, or a cut file ({error})", _EXPECTED, _AGAIN) from None
    return above[0].children[0]


def _numbers(path: Path, root: _Element) -> Float[ndarray, "300"]:
    words = root.at("w0").text.strip().strip("[]").replace(",", " ").split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        raise InputError(path, "words among the numbers of `w0`", f"{_NUMBERS} numbers", _AGAIN) from None
    if len(numbers) != _NUMBERS or not all(map(math.isfinite, numbers)):
        found = f"{sum(map(math.isfinite, numbers))} finite numbers in `w0`"
        raise InputError(path, found, f"{_NUMBERS}: those of {_EXPECTED}", _AGAIN)
    return np.array(numbers)


def _camera(subject: str, camera_id: str, outer: Float[ndarray, "6"], inner: Float[ndarray, "9"]) -> Camera:
    return Camera(
        rotation=rotation_of(outer[:3]),
        centre_mm=outer[3:],
        focal_px=inner[0:2],
        principal_px=inner[2:4],
        radial=inner[4:7],
        tangential=inner[7:9],
        width_px=WIDTH_PX,
        height_px=picture_height_px(subject, camera_id),
    )


def folders_in(folder: Path) -> list[Path]:
    """Folders that are not a subject's, sorted; none where we may not look."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not re.fullmatch(r"[sS]\d+", path.name))
    except OSError:
        return []


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
