"""Ways to spoil a small release; `spoiled_trees` lists what is done with them, `clean_trees` what does no harm."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import av
import h5py
import numpy as np
from cdflib.cdfwrite import CDF
from numpy import ndarray
from raw_fixture import Scene, make_scene, write_cdf, write_masks, write_scene, write_video

from h36m_pose.atomic_files import sha256_of, write_json

BAD, GOOD = "55011271", "58860488"
"""Cameras of the view that is spoiled and of the one that is not; their pictures have the same size."""

TRIAL, FRAMES, TAIL = "Walking 1", 6, 2
PHASE = 2.0
"""Of the walk: the two cameras see the person in different parts of their pictures."""

_FOLDERS = {
    "video": ("Videos", ".mp4"),
    "2d": ("MyPoseFeatures/D2_Positions", ".cdf"),
    "mono": ("MyPoseFeatures/D3_Positions_mono", ".cdf"),
    "masks": ("MySegmentsMat/ground_truth_bs", ".mat"),
}


@dataclasses.dataclass(frozen=True)
class Tree:
    """A copy of the release to be spoiled, and what its two cameras saw."""

    root: Path
    bad: Scene
    good: Scene

    def path(self, kind: str, camera_id: str = BAD) -> Path:
        """Of a file of S1's trial."""
        if kind == "world":
            return self.root / f"S1/MyPoseFeatures/D3_Positions/{TRIAL}.cdf"
        folder, suffix = _FOLDERS[kind]
        return self.root / f"S1/{folder}/{TRIAL}.{camera_id}{suffix}"

    def change(self, kind: str, change: Callable[[bytes], bytes]) -> None:
        """Rewrites the bytes of a file."""
        self.path(kind).write_bytes(change(self.path(kind).read_bytes()))


Spoil = Callable[[Tree], None]


@dataclasses.dataclass(frozen=True)
class Spoiled:
    """One entry of the corpus.

    Attributes:
        name: of the test.
        spoil: changes the tree.
        found: what is told, as a pattern.
        views: that cannot be used; none if nothing at all can be done with the root.
        options: further words of the command.
    """

    name: str
    spoil: Spoil
    found: str
    views: tuple[str, ...] = (f"S1 {TRIAL}.{BAD}",)
    options: tuple[str, ...] = ()


BOTH = tuple(f"S1 {TRIAL}.{camera_id}" for camera_id in (BAD, GOOD))
PAGE = b"<html><body>Please log in to download</body></html>"


def on(kind: str, change: Callable[[bytes], bytes]) -> Spoil:
    """Rewrites the bytes of one file."""
    return lambda tree: tree.change(kind, change)


def without(*kinds: str) -> Spoil:
    def spoil(tree: Tree) -> None:
        for kind in kinds:
            tree.path(kind).unlink()

    return spoil


def instead(kind: str, make: Callable[[Path], object]) -> Spoil:
    """Puts something else in a file's place."""

    def spoil(tree: Tree) -> None:
        tree.path(kind).unlink()
        make(tree.path(kind))

    return spoil


def poses(kind: str, of: Callable[[Tree], ndarray]) -> Spoil:
    """Writes other joints, (frames, joints, axes)."""
    return lambda tree: write_cdf(tree.path(kind), of(tree))


def masks(of: Callable[[Tree], list[ndarray]]) -> Spoil:
    return lambda tree: write_masks(tree.path("masks"), of(tree))


def video(of: Callable[[Tree], list[ndarray]], codec: str = "mpeg4") -> Spoil:
    return lambda tree: write_video(tree.path("video"), of(tree), codec)


def faststart(tree: Tree) -> None:
    write_video(tree.path("video"), tree.bad.images_bgr, options={"movflags": "+faststart"})


def then(*steps: Spoil) -> Spoil:
    def spoil(tree: Tree) -> None:
        for step in steps:
            step(tree)

    return spoil


def cut(share: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: int(share * len(content))]


def announce(more: int) -> Callable[[bytes], bytes]:
    """Lets the header of a video, in its table of times, announce more or fewer frames than there are."""

    def change(content: bytes) -> bytes:
        place = content.index(b"stts") + 12
        count = int.from_bytes(content[place : place + 4], "big") + more
        return content[:place] + count.to_bytes(4, "big") + content[place + 4 :]

    return change


def damage_pictures(content: bytes) -> bytes:
    start = content.index(b"mdat")
    return content[: start + 9000] + bytes(600) + content[start + 9600 :]


def with_value(joints: ndarray, value: float) -> ndarray:
    changed = joints.copy()
    changed[3, 5, 1] = value
    return changed


def of_type(path: Path, values: ndarray, data_type: int) -> None:
    """Writes `Pose` with a given CDF type and exactly this shape."""
    path.unlink(missing_ok=True)
    file = CDF(path, cdf_spec={"Majority": "Row_major", "Compressed": 0})
    specification = {"Variable": "Pose", "Data_Type": data_type, "Num_Elements": 1, "Rec_Vary": True,
                     "Dim_Sizes": list(values.shape)}  # fmt: skip
    file.write_var(specification, var_data=values[None])
    file.close()


def without_pictures(path: Path) -> None:
    """An mp4 with a video track of zero length."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=50)
        stream.width, stream.height, stream.pix_fmt = 500, 500, "yuv420p"
        container.start_encoding()


def sound_only(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


def cells_of(path: Path, value: ndarray, count: int = FRAMES + TAIL) -> None:
    """A mask file whose cells all hold one value."""
    with h5py.File(path, "w", userblock_size=512) as file:
        cell = file.create_dataset("#refs#/a", data=value)
        file.create_dataset("Masks", data=np.full((count, 1), cell.ref, h5py.ref_dtype), dtype=h5py.ref_dtype)


def hdf5_with(path: Path, name: str, value: ndarray) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        file[name] = value


def swap(kind: str) -> Spoil:
    """Exchanges the files of the two cameras."""

    def spoil(tree: Tree) -> None:
        first, second = tree.path(kind, BAD), tree.path(kind, GOOD)
        one, other = first.read_bytes(), second.read_bytes()
        first.write_bytes(other)
        second.write_bytes(one)

    return spoil


def exchange(kind: str, other: str) -> Spoil:
    """Exchanges two kinds of files of the view."""

    def spoil(tree: Tree) -> None:
        one, two = tree.path(kind).read_bytes(), tree.path(other).read_bytes()
        tree.path(kind).write_bytes(two)
        tree.path(other).write_bytes(one)

    return spoil


def universal(tree: Tree) -> ndarray:
    """The same poses with the limbs of somebody of other proportions, as `D3_Positions_mono_universal` has them."""
    root = tree.bad.joints_cam_mm[:, :1]
    scale = np.full((32, 1), 0.93)
    scale[1:11] = 1.08  # the legs
    return root + scale * (tree.bad.joints_cam_mm - root)


def only(subject: str, *kinds: str) -> Spoil:
    """Adds a view of a subject of which only some kinds of files are there."""

    def spoil(tree: Tree) -> None:
        write_scene(tree.root, subject, TRIAL, BAD, tree.bad)
        for kind in {"video", "2d", "mono", "masks"} - set(kinds):
            folder, suffix = _FOLDERS[kind]
            (tree.root / f"{subject}/{folder}/{TRIAL}.{BAD}{suffix}").unlink()
        (tree.root / f"{subject}/MyPoseFeatures/D3_Positions/{TRIAL}.cdf").unlink()

    return spoil


def only_renamed(name: str) -> Spoil:
    """Gives the subject's folder another name."""

    def spoil(tree: Tree) -> None:
        (tree.root / "S1").rename(tree.root / name)

    return spoil


def broken_directions(tree: Tree) -> None:
    """S11's first trial, whose video the release has broken, beside a whole one."""
    for number, camera_id in ((0, "54138969"), (1, BAD)):
        write_scene(tree.root, "S11", "Directions", camera_id, make_scene(number, FRAMES, TAIL))
    path = tree.root / "S11/Videos/Directions.54138969.mp4"
    path.write_bytes(cut(0.6)(path.read_bytes()))


def record(tree: Tree) -> None:
    """Adds the studio's record, with the digests of all files."""
    files = {
        path.relative_to(tree.root).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(tree.root.rglob("*.*"))
        if path.is_file()
    }
    write_json(tree.root / "capture.json", {"parameters": {}, "files": files})


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def folder_linked_to_itself(tree: Tree) -> None:
    """The whole folder of videos is a link that leads to itself."""
    folder = tree.path("video").parent
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.symlink_to(folder)


def file_for_folder(tree: Tree) -> None:
    """Where the folder of videos should be there is a file."""
    folder = tree.path("video").parent
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_bytes(PAGE)


def moved_away(tree: Tree) -> None:
    """A download that was never finished: its name still says so."""
    tree.path("video").rename(tree.path("video").with_suffix(".mp4.part"))
