"""A corpus of spoiled releases: what goes wrong between a download and a dataset, one thing per tree.

Every entry spoils a tree of two whole views, and says which of them cannot be used then and what is told of it.
"""

import os
import shutil

import cv2
import numpy as np
import scipy.io
from raw_fixture import make_scene, write_cdf
from spoiling import (
    BAD,
    BOTH,
    FRAMES,
    PAGE,
    TAIL,
    TRIAL,
    Spoiled,
    announce,
    broken_directions,
    cells_of,
    cut,
    damage_pictures,
    exchange,
    faststart,
    file_for_folder,
    folder_linked_to_itself,
    hdf5_with,
    instead,
    link_to_itself,
    masks,
    moved_away,
    of_type,
    on,
    only,
    only_renamed,
    poses,
    record,
    sound_only,
    swap,
    then,
    universal,
    video,
    with_value,
    without,
    without_pictures,
)

NO_FILE = r"found no such file; expected the "
_CDF = "expected a CDF file of the release"


def _ones(frames: int = FRAMES, numbers: int = 96) -> np.ndarray:
    return np.ones((frames, numbers), np.float32)


VIDEO = [
    Spoiled("video missing", without("video"), NO_FILE + "Videos of S1"),
    Spoiled("video empty", on("video", cut(0)), "found an empty file; expected an mp4 video"),
    Spoiled(
        "video cut, index last", on("video", cut(0.7)),
        r"none of its frames can be found \([\d,]+ of [\d,]+ bytes\)",
    ),
    Spoiled(
        "video cut, index first", then(faststart, on("video", cut(0.7))),
        r"found 4 of its 8 frames: a cut file \(",
    ),
    Spoiled("video cut by a byte", on("video", lambda content: content[:-1]), r"a cut file \(|or a cut one"),
    Spoiled("video of zero length", instead("video", without_pictures), "no frames|no pictures|no video"),
    Spoiled("video is a page", on("video", lambda content: PAGE), "found a file that is no video, or a cut one;"),
    Spoiled(
        "video in an unknown code", on("video", lambda c: c.replace(b"mp4v", b"zzzv").replace(b"esds", b"zzzz")),
        "pictures in an unknown code",
    ),
    Spoiled("video is a playlist", on("video", lambda c: b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1/a.mp4"), "no video"),
    Spoiled("video announces too many frames", on("video", announce(10**9)), "found 8 of its 1000000008 frames"),
    Spoiled("video is sound", instead("video", sound_only), "found no pictures in it"),
    Spoiled(
        "video shorter than poses", video(lambda tree: tree.bad.images_bgr[:4]),
        "found 4 frames; expected 6 or more",
    ),
    Spoiled("video announces 1 frame more", on("video", announce(1)), "found 8 of its 9 frames"),
    Spoiled("video announces 100 frames more", on("video", announce(100)), "found 8 of its 108 frames"),
    Spoiled("video with a damaged picture", on("video", damage_pictures), r"only \d frames that can be decoded"),
    Spoiled("video of zeros", on("video", lambda content: bytes(len(content))), "no video, or a cut one"),
    Spoiled("video is a folder", instead("video", lambda path: path.mkdir()), "found a folder; expected an mp4 video"),
    Spoiled("video is a loop of links", instead("video", link_to_itself), "found a link that leads nowhere"),
    Spoiled("video is a pipe", instead("video", os.mkfifo), "found a pipe or a device"),
    Spoiled(
        "video of another size",
        video(lambda tree: [cv2.resize(image, (640, 480)) for image in tree.bad.images_bgr]),
        "masks of 500x500; expected 640x480",
    ),
    Spoiled(
        "video of another height",
        video(lambda tree: [np.pad(image, ((1, 1), (0, 0), (0, 0))) for image in tree.bad.images_bgr]),
        "masks of 500x500; expected 500x502",
    ),
    Spoiled("videos moved to unknown names", moved_away, NO_FILE + "Videos of S1"),
    Spoiled("videos in a loop of folders", folder_linked_to_itself, NO_FILE, BOTH),
    Spoiled("a file for the folder of videos", file_for_folder, NO_FILE, BOTH),
]  # fmt: skip

POSES = [
    Spoiled("2D poses missing", without("2d"), NO_FILE + "Poses/D2_Positions of S1"),
    Spoiled("mono poses missing", without("mono"), NO_FILE + "Poses/D3_Positions_mono of S1"),
    Spoiled("video and 2D poses missing", without("video", "2d"), NO_FILE),
    *(
        entry
        for kind, views in (("2d", BOTH[:1]), ("mono", BOTH[:1]), ("world", BOTH))
        for entry in (
            Spoiled(f"{kind} poses empty", on(kind, cut(0)), f"found an empty file; {_CDF}", views),
            Spoiled(f"{kind} poses cut", on(kind, cut(0.5)), "found a damaged CDF file", views),
            Spoiled(f"{kind} poses cut by a byte", on(kind, lambda c: c[:-1]), "found a damaged CDF file", views),
            Spoiled(f"{kind} poses are a page", on(kind, lambda c: PAGE), f"found no CDF file; {_CDF}", views),
            Spoiled(f"{kind} poses are a folder", instead(kind, lambda path: path.mkdir()), "found a folder", views),
            Spoiled(
                f"{kind} poses are HDF5", instead(kind, lambda path: hdf5_with(path, "Pose", _ones())),
                "found no CDF file", views,
            ),
            Spoiled(
                f"{kind} poses are angles", instead(kind, lambda path: of_type(path, _ones(FRAMES, 78), 44)),
                r"found `Pose` of shape \(1, 6, 78\); expected \(1, frames, (64|96)\)", views,
            ),
            Spoiled(
                f"{kind} poses are whole numbers",
                instead(kind, lambda path: of_type(path, _ones().astype(np.int32), 4)), "`Pose` of type int32", views,
            ),
        )
    ),
    Spoiled("2D poses hold NaN", poses("2d", lambda t: with_value(t.bad.joints_px, np.nan)), "not finite in 1 of 6"),
    Spoiled("mono poses infinite", poses("mono", lambda t: with_value(t.bad.joints_cam_mm, np.inf)), "not finite in 1"),
    Spoiled(
        "world poses hold NaN", poses("world", lambda t: with_value(t.bad.joints_world_mm, np.nan)),
        "finite", BOTH,
    ),
    Spoiled(
        "world poses hold 1e38", poses("world", lambda t: with_value(t.bad.joints_world_mm, 1e38)),
        "too large", BOTH,
    ),
    Spoiled("2D poses hold 1e38", poses("2d", lambda t: with_value(t.bad.joints_px, 1e38)), "too large"),
    Spoiled(
        "2D poses are zeros", poses("2d", lambda t: 0 * t.bad.joints_px),
        "all joints in one place in 6 of 6 frames",
    ),
    Spoiled(
        "mono poses are zeros", poses("mono", lambda t: 0 * t.bad.joints_cam_mm),
        "all joints in one place in 6 of 6",
    ),
    Spoiled("mono poses at the lens", poses("mono", lambda t: t.bad.joints_cam_mm * (1, 1, 1e-9)), "behind the camera"),
    Spoiled("mono poses in metres", poses("mono", lambda t: t.bad.joints_cam_mm / 1000), "release is in millimetres"),
    Spoiled("mono poses on a line", poses("mono", lambda t: t.bad.joints_cam_mm * (0, 1, 1)), "off any projection"),
    Spoiled(
        "mono poses in a mirror", poses("mono", lambda t: t.bad.joints_cam_mm * (-1, 1, 1)),
        "2D joints in a mirror",
    ),
    Spoiled(
        "2D poses have a third number", exchange("2d", "mono"),
        r"of shape \(1, 6, 96\); expected \(1, frames, 64\)",
    ),
    Spoiled("2D poses of the other camera", swap("2d"), "px off any projection of the 3D joints", BOTH),
    Spoiled("mono poses of the other camera", swap("mono"), "px off any projection of the 3D joints", BOTH),
    Spoiled("all poses of the other camera", then(swap("2d"), swap("mono")), "beside the 2D joints in", BOTH),
    Spoiled("world poses for mono ones", poses("mono", lambda t: t.bad.joints_world_mm), "behind the camera|off any"),
    Spoiled("universal poses for mono ones", poses("mono", universal), "px off any projection of the 3D joints"),
    Spoiled("2D poses shorter", poses("2d", lambda t: t.bad.joints_px[:-1]), "found 6 frames; expected 5, as in .*D2_"),
    Spoiled("mono poses shorter", poses("mono", lambda t: t.bad.joints_cam_mm[:-1]), "found 5 frames; expected 6"),
    Spoiled("world poses shorter", poses("world", lambda t: t.bad.joints_world_mm[:-1]), "found 5 frames", BOTH),
    Spoiled(
        "poses of another trial",
        then(*(
            poses(kind, lambda tree, name=name: getattr(make_scene(1, FRAMES, TAIL, 4.4), name))
            for kind, name in (("2d", "joints_px"), ("mono", "joints_cam_mm"))
        )),
        "mm off those of",
    ),
    Spoiled(
        "all poses of another trial",
        then(*(
            poses(kind, lambda tree, name=name: getattr(make_scene(1, FRAMES, TAIL, 4.4), name))
            for kind, name in (("2d", "joints_px"), ("mono", "joints_cam_mm"), ("world", "joints_world_mm"))
        )),
        "beside the 2D joints in|mm off those of", BOTH,
    ),
    Spoiled(
        "world poses of another trial",
        poses("world", lambda tree: make_scene(1, FRAMES, TAIL, 3.3).joints_world_mm[::-1] * (1, 1.2, 1)),
        "mm off those of", BOTH,
    ),
    Spoiled(
        "another variable in the poses",
        instead("2d", lambda path: write_cdf(path, _ones().reshape(6, 32, 3), variable="Angles")),
        "found no variable `Pose`, only Angles",
    ),
    Spoiled(
        "a wrong bit against the studio's record", then(record, on("2d", lambda c: c[:-1] + bytes([c[-1] ^ 1]))),
        "found other bytes than the studio wrote",
    ),
]  # fmt: skip

MASKS = [
    Spoiled("masks empty", on("masks", cut(0)), "found an empty file; expected a MATLAB v7.3 file"),
    Spoiled("masks cut", on("masks", cut(0.5)), "found a damaged or cut HDF5 file"),
    Spoiled("masks cut by a byte", on("masks", lambda content: content[:-1]), "damaged"),
    Spoiled("masks are a page", on("masks", lambda content: PAGE), "found no MATLAB file"),
    Spoiled("masks are a folder", instead("masks", lambda path: path.mkdir()), "found a folder; expected a MATLAB"),
    Spoiled("masks are a loop of links", instead("masks", link_to_itself), "found a link that leads nowhere"),
    Spoiled(
        "masks of MATLAB 5", instead("masks", lambda path: scipy.io.savemat(path, {"Masks": np.zeros((3, 4))})),
        "found a MATLAB 5 file; expected MATLAB v7.3",
    ),
    Spoiled("masks are part labels", instead("masks", lambda path: hdf5_with(path, "Feat", _ones())), "only Feat"),
    Spoiled("masks are no cells", instead("masks", lambda path: hdf5_with(path, "Masks", _ones())), "no cell array"),
    Spoiled("masks of text", instead("masks", lambda path: cells_of(path, np.full((5, 7), b"no"))), "a first mask of"),
    Spoiled("masks of fractions", instead("masks", lambda path: cells_of(path, np.ones((500, 500)))), "float64"),
    Spoiled("masks of one number", instead("masks", lambda path: cells_of(path, np.uint8(1))), "a first mask of uint8"),
    Spoiled(
        "masks of four axes", instead("masks", lambda path: cells_of(path, np.ones((1, 1, 5, 5), np.uint8))),
        "first",
    ),
    Spoiled(
        "no masks in the file", instead("masks", lambda path: cells_of(path, np.ones((5, 5), np.uint8), 0)),
        "no masks",
    ),
    Spoiled("masks of another height", masks(lambda tree: [mask[:-2] for mask in tree.bad.masks]), "expected 500x500"),
    Spoiled(
        "masks of another trial", masks(lambda t: [np.roll(m, 190, 1) for m in t.bad.masks]),
        "beside the 2D joints",
    ),
    Spoiled("masks of the other camera", swap("masks"), "beside the 2D joints in", BOTH),
    Spoiled(
        "masks of unlike sizes", masks(lambda tree: [m if i != 2 else m[2:] for i, m in enumerate(tree.bad.masks)]),
        "in frame 2; expected",
    ),
    Spoiled(
        "masks lying on their side", masks(lambda tree: [mask[:, 10:].T for mask in tree.bad.masks]),
        "masks of 500x490",
    ),
]  # fmt: skip

SUBJECTS = [
    Spoiled(
        "a withheld subject", only("S2", "video"),
        "found no such file; expected the Poses", (f"S2 {TRIAL}.{BAD}",),
    ),
    Spoiled("another withheld subject", only("S10", "video", "masks"), "no such file", (f"S10 {TRIAL}.{BAD}",)),
    Spoiled(
        "a subject that is not in the release", only("S42", "2d", "mono"),
        "Videos of S42", (f"S42 {TRIAL}.{BAD}",),
    ),
    Spoiled("a subject without a number", only_renamed("Sx"), "found Sx; expected Human3.6M subject folders", ()),
    Spoiled("a subject called by its number", only_renamed("1"), "found 1; expected Human3.6M subject folders", ()),
    Spoiled("an unknown subject in two scripts", only_renamed("S\uff11"), "expected Human3.6M subject folders", ()),
    Spoiled("an empty root", lambda tree: shutil.rmtree(tree.root / "S1"), "found an empty folder", ()),
    Spoiled(
        "an empty subject", lambda t: [shutil.rmtree(p) for p in (t.root / "S1").iterdir()],
        "found S1; expected", (),
    ),
    Spoiled(
        "a broken video of the release, taken all the same", broken_directions, "a cut one|a cut file",
        ("S11 Directions.54138969",), ("--actions", "Directions", "--with-faults"),
    ),
    Spoiled(
        "no file of the action", lambda tree: None,
        "subject folders with Eating files", (), ("--actions", "Eating"),
    ),
    Spoiled("an unknown action", lambda tree: None, "found 'Runing'", (), ("--actions", "Runing")),
    Spoiled("an unknown step", lambda tree: None, "--every: found 'often'", (), ("--every", "often")),
]  # fmt: skip

SPOILED = [*VIDEO, *POSES, *MASKS, *SUBJECTS]
