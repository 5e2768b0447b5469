"""The motion format of the CMU motion capture database: a skeleton (.asf) and its joint angles (.amc).

A bone's direction and its own axes are given in the world of the zero pose; a frame turns each bone, about its own
axes, relative to its parent. Lengths are in the file's unit: millimetres are `value / length_unit * 25.4`.
"""

import dataclasses
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.spatial.transform import Rotation

from h36m_pose.errors import InputError

_EXPORT = "Export the motion again as an ASF/AMC pair of the CMU motion capture database"


@dataclasses.dataclass(frozen=True, eq=False)
class Bone:
    """One bone of an .asf skeleton.

    Attributes:
        name: as in the file; the first bone is "root".
        parent: index of the parent among the skeleton's bones, -1 for the root.
        offset: (3,) from its start to its end in the zero pose, in the file's unit; zeros for the root.
        axes: (3, 3) its own axes in the zero pose.
        channels: what a frame gives, in order: "tx" to "tz", "rx" to "rz".
    """

    name: str
    parent: int
    offset: Float[ndarray, "3"]
    axes: Float[ndarray, "3 3"]
    channels: tuple[str, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Skeleton:
    """An .asf skeleton: bones in an order in which parents come first, and the units of the file."""

    bones: tuple[Bone, ...]
    to_mm: float
    to_radians: float

    def index(self, name: str) -> int:
        """The place of a bone among `bones`."""
        return [bone.name for bone in self.bones].index(name)


def read_skeleton(path: Path) -> Skeleton:
    """Reads an .asf file."""
    sections = _sections(path)
    try:
        units = dict(line.split()[:2] for line in sections["units"])
        radians = units.get("angle", "deg").startswith("rad")
        root = {line.split()[0]: line.split()[1:] for line in sections["root"]}
        to_radians = 1.0 if radians else np.pi / 180
        described = _described_bones(sections["bonedata"])
        parents = _parents(sections["hierarchy"])
        axes = _axes([float(value) for value in root["orientation"]], root["axis"][0], to_radians)
        bones = [Bone("root", -1, np.zeros(3), axes, tuple(channel.lower() for channel in root["order"]))]
        names = ["root"]
        for name, parent in parents:
            fields = described[name]
            offset = np.array(fields["direction"], dtype=float)
            offset *= float(fields["length"][0]) / np.linalg.norm(offset)
            axes = _axes([float(value) for value in fields["axis"][:3]], fields["axis"][3], to_radians)
            channels = tuple(channel.lower() for channel in fields.get("dof", []))
            bones.append(Bone(name, names.index(parent), offset, axes, channels))
            names.append(name)
        return Skeleton(tuple(bones), 25.4 / float(units["length"]), to_radians)
    except (KeyError, ValueError, IndexError) as error:
        raise InputError(path, f"a skeleton that cannot be read ({error})", "an .asf file", _EXPORT) from error


def read_frames(path: Path, skeleton: Skeleton) -> dict[str, Float[ndarray, "frames channels"]]:
    """Reads an .amc file: for every moving bone its channels, in the file's units."""
    frames: dict[str, list[list[float]]] = {bone.name: [] for bone in skeleton.bones if bone.channels}
    channels = {bone.name: len(bone.channels) for bone in skeleton.bones}
    for number, line in enumerate(_text(path).splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith(("#", ":")) or words[0].isdigit():
            continue
        name, values = words[0], words[1:]
        if name not in frames or len(values) != channels[name]:
            found = f"line {number}: {' '.join(words[:4])!r}"
            raise InputError(
                path, found, "bones and channels of its .asf skeleton", "Put the .asf of this motion beside it"
            )
        try:
            frames[name].append([float(value) for value in values])
        except ValueError as error:
            raise InputError(path, f"line {number}: {line.strip()!r}", "numbers", _EXPORT) from error
    counts = {name: len(values) for name, values in frames.items()}
    if not counts or min(counts.values()) < 2 or len(set(counts.values())) > 1:
        found = f"between {min(counts.values(), default=0)} and {max(counts.values(), default=0)} frames a bone"
        raise InputError(path, found, "at least two frames, every bone in each", _EXPORT)
    return {name: np.array(values) for name, values in frames.items()}


def turn_bones(
    skeleton: Skeleton, frames: dict[str, Float[ndarray, "frames channels"]]
) -> tuple[Float[ndarray, "frames 3"], list[Rotation]]:
    """Place of the root in mm and, bone by bone, its rotations from the zero pose to the file's world."""
    count = len(frames["root"])
    turned: list[Rotation] = []
    for bone in skeleton.bones:
        own = Rotation.identity(count)
        if bone.channels:
            angles = [i for i, channel in enumerate(bone.channels) if channel.startswith("r")]
            order = "".join(bone.channels[i][1] for i in angles)
            if order:
                own = Rotation.from_euler(order, frames[bone.name][:, angles] * skeleton.to_radians)
        axes = Rotation.from_matrix(bone.axes)
        relative = axes * own * axes.inv()
        turned.append(relative if bone.parent < 0 else turned[bone.parent] * relative)
    shift = [skeleton.bones[0].channels.index(channel) for channel in ("tx", "ty", "tz")]
    return frames["root"][:, shift] * skeleton.to_mm, turned


def place_ends(
    skeleton: Skeleton, root_mm: Float[ndarray, "frames 3"], turned: list[Rotation]
) -> Float[ndarray, "frames bones 3"]:
    """The end of every bone in mm in the file's world; the root's end is the root itself."""
    ends = np.empty((len(root_mm), len(skeleton.bones), 3))
    for index, bone in enumerate(skeleton.bones):
        start = root_mm if bone.parent < 0 else ends[:, bone.parent]
        ends[:, index] = start + turned[index].apply(bone.offset * skeleton.to_mm)
    return ends


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(path, error.strerror or "no readable file", "a file", "Check the path") from error


def _sections(path: Path) -> dict[str, list[str]]:
    """The lines of an .asf file by the word after the colon, comments and empty lines left out."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for raw in _text(path).splitlines():
        line = raw.split("#")[0].strip()
        if line.startswith(":"):
            current = sections.setdefault(line[1:].split()[0].lower(), [])
        elif line:
            current.append(line)
    return sections


def _described_bones(lines: list[str]) -> dict[str, dict[str, list[str]]]:
    """The `begin ... end` blocks of bonedata, by the bone's name."""
    bones: dict[str, dict[str, list[str]]] = {}
    fields: dict[str, list[str]] = {}
    for line in lines:
        words = line.split()
        if words[0] == "begin":
            fields = {}
        elif words[0] == "end":
            bones[fields["name"][0]] = fields
        else:
            fields[words[0]] = words[1:]
    return bones


def _parents(lines: list[str]) -> list[tuple[str, str]]:
    """(bone, parent) in the order of the hierarchy."""
    pairs = []
    for line in lines:
        words = line.split()
        if words[0] not in ("begin", "end"):
            pairs += [(child, words[0]) for child in words[1:]]
    return pairs


def _axes(angles: list[float], order: str, to_radians: float) -> Float[ndarray, "3 3"]:
    return Rotation.from_euler(order.lower(), np.array(angles) * to_radians).as_matrix()
