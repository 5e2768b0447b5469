"""Variants of a release that are in order: none may raise an alarm."""

import dataclasses
import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from cdflib.cdfwrite import CDF
from raw_fixture import CAMERAS, LAYOUTS, make_scene, write_cdf, write_masks, write_scene, write_video
from spoiling import BAD, FRAMES, GOOD, TAIL, TRIAL, Tree, broken_directions, of_type, record, without

ALL = (BAD, GOOD)


@dataclasses.dataclass(frozen=True)
class Clean:
    """One variant.

    Attributes:
        name: of the test.
        change: changes the tree and may return another root for it.
        views: of the dataset.
        options: further words of the command.
        left_out: views with a fault that every copy of the release has.
    """

    name: str
    change: Callable[[Tree], Path | None]
    views: int = 2
    options: tuple[str, ...] = ()
    left_out: int = 0


def other_layout(tree: Tree) -> Path:
    """Moves everything to where h36m-fetch and its users have it."""
    for old, new in zip(LAYOUTS["release"], LAYOUTS["h36m-fetch"], strict=True):
        target = tree.root / new.format(subject="S1")
        target.parent.mkdir(parents=True, exist_ok=True)
        (tree.root / old.format(subject="S1")).rename(target)
    shutil.rmtree(tree.root / "S1")
    return tree.root


def both_layouts(tree: Tree) -> None:
    shutil.copytree(tree.root / "S1", tree.root / "other/S1")
    for old, new in zip(LAYOUTS["release"], LAYOUTS["h36m-fetch"], strict=True):
        shutil.copytree(tree.root / old.format(subject="S1"), tree.root / new.format(subject="S1"))


def respell(change: Callable[[str], str]) -> Callable[[Tree], None]:
    """Renames all files and folders."""

    def spoil(tree: Tree) -> None:
        for path in sorted(tree.root.rglob("*"), reverse=True):
            path.rename(path.with_name(change(path.name)))

    return spoil


def touch(*names: str) -> Callable[[Tree], None]:
    def add(tree: Tree) -> None:
        for name in names:
            path = tree.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"something else")

    return add


def archives_beside(tree: Tree) -> None:
    with tarfile.open(tree.root / "Videos_S1.tgz", "w:gz") as archive:
        content = tree.path("video").read_bytes()
        member = tarfile.TarInfo(f"S1/Videos/{TRIAL}.{BAD}.mp4")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    (tree.root / "Poses_D2_Positions_S5.tgz").write_bytes(b"a download that was never finished")


def poses_anew(write: Callable[[Path, np.ndarray], object]) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        for kind, joints in (
            ("2d", tree.bad.joints_px), ("mono", tree.bad.joints_cam_mm), ("world", tree.bad.joints_world_mm),
        ):  # fmt: skip
            write(tree.path(kind), joints)

    return change


def compressed(path: Path, joints: np.ndarray) -> None:
    path.unlink()
    file = CDF(path, cdf_spec={"Majority": "Row_major", "Compressed": 6})
    values = joints.reshape(len(joints), -1).astype(np.float32)
    specification = {"Variable": "Pose", "Data_Type": 44, "Num_Elements": 1, "Rec_Vary": True, "Compress": 6,
                     "Dim_Sizes": list(values.shape)}  # fmt: skip
    file.write_var(specification, var_data=values[None])
    file.close()


def frame_by_frame(path: Path, joints: np.ndarray) -> None:
    path.unlink()
    file = CDF(path, cdf_spec={"Majority": "Row_major"})
    specification = {"Variable": "Pose", "Data_Type": 44, "Num_Elements": 1, "Rec_Vary": True,
                     "Dim_Sizes": [joints[0].size]}  # fmt: skip
    file.write_var(specification, var_data=joints.reshape(len(joints), -1).astype(np.float32))
    file.close()


def double(path: Path, joints: np.ndarray) -> None:
    of_type(path, joints.reshape(len(joints), -1).astype(np.float32).astype(np.float64), 45)


def film(codec: str, options: dict[str, str] | None = None, times: int = 1) -> Callable[[Tree], None]:
    return lambda tree: write_video(tree.path("video"), tree.bad.images_bgr * times, codec, options)


def titled(tree: Tree) -> None:
    """A video that names its maker, in the letters of an old computer."""
    tree.change(
        "video", lambda content: content.replace(b"Lavf", b"L\xe1\xfff").replace(b"VideoHandler", b"Video\xc3\x28andle")
    )


def silhouettes(
    change: Callable[[list[np.ndarray]], list[np.ndarray]], third_axis: bool = False
) -> Callable[[Tree], None]:
    return lambda tree: write_masks(tree.path("masks"), change(tree.bad.masks), third_axis)


def first_empty(masks: list[np.ndarray]) -> list[np.ndarray]:
    return [0 * masks[0], *masks[1:]]


def box_masks(tree: Tree) -> None:
    folder = tree.root / "S1/MySegmentsMat/ground_truth_bb"
    folder.mkdir()
    shutil.copy(tree.path("masks"), folder)


def called(name: str | bytes) -> Callable[[Tree], Path]:
    """Gives the root another name."""
    return lambda tree: tree.root.rename(tree.root.with_name(os.fsdecode(name)))


def linked(tree: Tree) -> Path:
    """The subject's folder and one video are links to other places."""
    elsewhere = tree.root.parent / "elsewhere"
    elsewhere.mkdir()
    tree.path("video").rename(elsewhere / "film")
    tree.path("video").symlink_to(elsewhere / "film")
    (tree.root / "S1").rename(elsewhere / "one")
    (tree.root / "S1").symlink_to(elsewhere / "one")
    (tree.root / "loop").symlink_to(tree.root)
    (tree.root / "S5").symlink_to(tree.root / "S5")
    return tree.root


def read_only(tree: Tree) -> None:
    for path in tree.root.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)


def with_subject(subject: str, trial: str = TRIAL, camera_id: str = BAD) -> Callable[[Tree], None]:
    scene = make_scene(CAMERAS.index(camera_id), FRAMES, TAIL)
    return lambda tree: write_scene(tree.root, subject, trial, camera_id, scene)


def shifted(tree: Tree) -> None:
    """A sequence with the 200 mm shift, and its sister without."""
    with_subject("S9", "Greeting")(tree)
    with_subject("S9", "Greeting 1")(tree)


CLEAN = [
    Clean("as released", lambda tree: None),
    Clean("with a slash behind the root", lambda tree: Path(f"{tree.root}/S1/..")),
    Clean("the layout of h36m-fetch", other_layout),
    Clean("the layout of h36m-fetch, from inside", lambda tree: other_layout(tree) / "extracted"),
    Clean("both layouts at once", both_layouts),
    Clean("all names in lower case", respell(str.lower)),
    Clean("all names in upper case", respell(str.upper)),
    Clean("no masks", without("masks")),
    Clean("no world poses", without("world")),
    Clean("with masks of boxes", box_masks),
    Clean("archives beside", archives_beside),
    Clean("other actions beside", touch(
        f"S1/Videos/WalkingDog 1.{BAD}.mp4", f"S1/Videos/WalkTogether.{BAD}.mp4", f"S1/Videos/_ALL 1.{BAD}.mp4",
        "S1/MyPoseFeatures/D3_Positions/WalkingDog.cdf", f"S1/Videos/Eating 2.{BAD}.mp4",
    )),
    Clean("other kinds beside", touch(
        f"S1/MyPoseFeatures/D3_Positions_mono_universal/{TRIAL}.{BAD}.cdf", f"S1/MyPoseFeatures/RawAngles/{TRIAL}.cdf",
        f"S1/MySegmentsMat/ground_truth_bs/{TRIAL}.{BAD}.mp4", f"S1/MySegmentsMat/PartLabels/{TRIAL}.{BAD}.mat",
    )),
    Clean("what systems leave behind", touch(
        ".DS_Store", "S1/.DS_Store", "S1/Videos/Thumbs.db", f"S1/Videos/._{TRIAL}.{BAD}.mp4", "README", "metadata.xml",
        f"S1/Videos/{TRIAL}.{BAD}.mp4.md5", f"S1/Videos/{TRIAL}.{BAD} (1).mp4", f"S1/Videos/copy of {TRIAL}.{BAD}.mp4",
        f"S1/Videos/W\u00e4lking 1.{BAD}.mp4", "S5/empty", "Sx/Videos/nothing", "lost+found/S1/Videos/nothing",
    )),
    Clean("a video twice as long as the poses", film("mpeg4", times=2)),
    Clean("a video with its index first", film("mpeg4", {"movflags": "+faststart"})),
    Clean("a video of H.264", film("libx264")),
    Clean("a video of MPEG-2", film("mpeg2video")),
    Clean("a video in fragments", film("libx264", {"movflags": "+frag_keyframe+empty_moov"})),
    Clean("a title in another encoding", titled),
    Clean("bytes behind a video", lambda tree: tree.change("video", lambda content: content + b"\n\0")),
    Clean("poses stored by rows", poses_anew(write_cdf)),
    Clean("poses stored by columns", poses_anew(lambda path, joints: write_cdf(path, joints, by_columns=True))),
    Clean("poses compressed", poses_anew(compressed)),
    Clean("poses frame by frame", poses_anew(frame_by_frame)),
    Clean("poses in double precision", poses_anew(double)),
    Clean("masks with a third axis", silhouettes(list, third_axis=True)),
    Clean("masks that end early", silhouettes(lambda masks: masks[: FRAMES - 2])),
    Clean("masks more than frames", silhouettes(lambda masks: [*masks, *masks])),
    Clean("an empty mask", silhouettes(first_empty)),
    Clean("masks of 255", silhouettes(lambda masks: [255 * mask for mask in masks])),
    Clean("logical masks", silhouettes(lambda masks: [mask > 0 for mask in masks])),
    Clean("the second trial of S7", with_subject("S7", "Walking 2"), views=3),
    Clean("somebody of the studio's crowd", with_subject("S101"), views=3),
    Clean("somebody's own recording", with_subject("S42"), views=3),
    Clean("links", linked),
    Clean("files that may only be read", read_only),
    Clean("a root of several scripts", called("\u4eba Mensch \u0447\u0435\u043b\u043e\u0432\u0435\u043a")),
    Clean("a root with a line break", called("two\nlines")),
    Clean("a root that is no text", called(b"h\xff36m")),
    Clean("the studio's record", record),
    Clean("every fifth frame", lambda tree: None, options=("--every", "5")),
    Clean("several actions", with_subject("S5", "Photo 2"), 3, ("--actions", "Photo,Walking")),
    Clean("a broken video of the release", broken_directions, 1, ("--actions", "Directions"), 1),
    Clean("a shifted sequence of the release", shifted, 1, ("--actions", "Greeting"), 1),
    Clean("a shifted sequence, asked for", shifted, 2, ("--actions", "Greeting", "--with-faults")),
]  # fmt: skip
