"""The one place that knows the file names of Human3.6M: who, which trial, which camera, in which folder.

Two folder layouts are in public use, and both are found by looking. Plain `tar xzf` of the release's archives gives
`S1/MyPoseFeatures/D2_Positions/Walking 1.54138969.cdf`; h36m-fetch strips the common folders and gives
`extracted/S1/Poses_D2_Positions/Walking 1.54138969.cdf`. The file names are the same in both.
"""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from h36m_pose.errors import InputError

CAMERAS = ("54138969", "55011271", "58860488", "60457274")
RELEASE_SUBJECTS = ("S1", "S5", "S6", "S7", "S8", "S9", "S11")
"""The subjects whose poses are public. S2, S3, S4 and S10 are withheld for the release's own server."""

FIRST_CROWD_NUMBER = 100
"""Subjects from S100 on are the studio's random bodies: never in the release, never used for test."""

FRAMES_PER_SECOND = 50
WIDTH_PX = 1000

WALKING_POSES = {
    "S1": {"Walking 1": 3476, "Walking": 3134},
    "S5": {"Walking 1": 3000, "Walking": 2521},
    "S6": {"Walking 1": 2750, "Walking": 3614},
    "S7": {"Walking 1": 3636, "Walking 2": 3623},
    "S8": {"Walking 1": 3737, "Walking": 3695},
    "S9": {"Walking 1": 2446, "Walking": 1612},
    "S11": {"Walking 1": 1637, "Walking": 1621},
}
"""Published poses per Walking trial (metadata.xml). S9's `Walking` has poses for the first half of its video only."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of file of the release.

    Attributes:
        folders: below the subject's folder; the release's own first, then that of h36m-fetch.
        suffix: of the files, lower case.
        per_camera: whether there is one file per camera, or one per trial.
        archive: the archive of the download site that holds it.
        required: whether a view cannot be used without it.
    """

    folders: tuple[str, ...]
    suffix: str
    per_camera: bool
    archive: str
    required: bool


KINDS = {
    "video": Kind(("Videos",), ".mp4", True, "Videos", True),
    "poses_2d": Kind(("MyPoseFeatures/D2_Positions", "Poses_D2_Positions"), ".cdf", True, "Poses/D2_Positions", True),
    "poses_mono": Kind(
        ("MyPoseFeatures/D3_Positions_mono", "Poses_D3_Positions_mono"), ".cdf", True, "Poses/D3_Positions_mono", True
    ),
    "poses_world": Kind(
        ("MyPoseFeatures/D3_Positions", "Poses_D3_Positions"), ".cdf", False, "Poses/D3_Positions", False
    ),
    "masks": Kind(("MySegmentsMat/ground_truth_bs", "Segments_mat_gt_bs"), ".mat", True, "Segments/mat_gt_bs", False),
    "box_masks": Kind(
        ("MySegmentsMat/ground_truth_bb", "Segments_mat_gt_bb"), ".mat", True, "Segments/mat_gt_bb", False
    ),
}


@dataclasses.dataclass(frozen=True)
class ViewFiles:
    """The files of one view: one trial of one subject, seen by one camera.

    Every path is given: the file that was found, or else where the file is expected. `missing` tells which.

    Attributes:
        subject: "S1"; "S100" and above for the studio's crowd.
        trial: "Walking 1", in the release's own spelling.
        camera_id: one of `CAMERAS`.
        video: the pictures.
        poses_2d: distorted pixels, D2_Positions.
        poses_mono: camera-frame mm, D3_Positions_mono.
        poses_world: world mm, D3_Positions; one file for the four cameras.
        masks: silhouettes, ground_truth_bs.
        box_masks: filled boxes, ground_truth_bb.
        missing: names of those of the six above that are not there.
    """

    subject: str
    trial: str
    camera_id: str
    video: Path
    poses_2d: Path
    poses_mono: Path
    poses_world: Path
    masks: Path
    box_masks: Path
    missing: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What people are told: "S1 Walking 1.54138969"."""
        return f"{self.subject} {self.trial}.{self.camera_id}"

    @property
    def missing_required(self) -> tuple[str, ...]:
        """Those missing files without which the view cannot be used."""
        return tuple(kind for kind in self.missing if KINDS[kind].required)


def subject_number(subject: str) -> int:
    """11 for "S11"."""
    return int(subject[1:])


def is_crowd(subject: str) -> bool:
    """Whether a subject is one of the studio's random bodies."""
    return subject_number(subject) >= FIRST_CROWD_NUMBER


def picture_height_px(subject: str, camera_id: str) -> int:
    """Rows of the release's pictures: 1002 or 1000 by camera, but 1002 throughout for S4, S7 and S10."""
    if subject in ("S4", "S7", "S10") or camera_id in ("54138969", "60457274"):
        return 1002
    return 1000


def files_of(subject_folder: Path, subject: str, trial: str, camera_id: str) -> ViewFiles:
    """Where the release's own layout keeps the files of a view, whether or not they are there."""
    paths = {
        name: subject_folder / kind.folders[0] / _file_name(kind, trial, camera_id) for name, kind in KINDS.items()
    }
    return ViewFiles(subject, trial, camera_id, **paths, missing=())


def find_views(root: str | Path, action: str = "Walking") -> list[ViewFiles]:
    """Finds every view of an action below a folder that holds the release, whichever way it was unpacked.

    A view is listed as soon as one of its per-camera files is there; `ViewFiles.missing` tells which are not.

    Args:
        root: holds `S1`, `S5`, ... itself, or in a folder `extracted` (h36m-fetch) with masks in `processed`.
        action: the release's name of the action. Trials are `Walking` and `Walking 1`, not `WalkingDog`.

    Returns:
        Views sorted by subject number, trial and camera.

    Raises:
        InputError: if there is no such folder, nothing in it, or no view of the action.
    """
    root = Path(root)
    _require_folder(root)
    views: list[ViewFiles] = []
    for subject, folders in sorted(_subject_folders(root).items(), key=lambda item: subject_number(item[0])):
        views += _views_of_subject(subject, folders, action)
    if not views:
        raise InputError(root, _seen(root), f"Human3.6M subject folders with {action} files", _how_to_get(root, action))
    return views


def absent_release_views(views: list[ViewFiles]) -> list[str]:
    """Names of the Walking views that the release has, but these do not, for the release subjects among them."""
    present = {(view.subject, view.trial, view.camera_id) for view in views}
    subjects = {view.subject for view in views}
    return [
        f"{subject} {trial}.{camera_id}"
        for subject in RELEASE_SUBJECTS
        for trial in WALKING_POSES[subject]
        for camera_id in CAMERAS
        if subject in subjects and (subject, trial, camera_id) not in present
    ]


def _file_name(kind: Kind, trial: str, camera_id: str) -> str:
    return f"{trial}.{camera_id}{kind.suffix}" if kind.per_camera else f"{trial}{kind.suffix}"


def _require_folder(root: Path) -> None:
    expected, mend = "a folder that holds S1, S5, ...", "Give the folder that the Human3.6M archives were unpacked in"
    if not root.exists():
        raise InputError(root, "nothing of that name", expected, mend)
    if not root.is_dir():
        raise InputError(root, "a file", expected, mend)


def _subject_folders(root: Path) -> dict[str, list[Path]]:
    """Folders per subject. With h36m-fetch a subject's masks may lie in a second tree, called `processed`."""
    trees = [root, root / "extracted", root / "processed"]
    if root.name == "extracted":
        trees.append(root.parent / "processed")
    found: dict[str, list[Path]] = {}
    for tree in trees:
        if tree.is_dir():
            for folder in sorted(tree.iterdir()):
                match = re.fullmatch(r"S(\d+)", folder.name, re.IGNORECASE)
                if match and folder.is_dir():
                    found.setdefault(f"S{int(match[1])}", []).append(folder)
    return found


def _views_of_subject(subject: str, folders: list[Path], action: str) -> list[ViewFiles]:
    found = {
        (name, trial, camera_id): path
        for name in KINDS
        for trial, camera_id, path in _files_of_kind(folders, name, action)
    }
    expected_folders = _folder_in_use(folders, found)
    names = {(trial, camera_id) for _, trial, camera_id in found if camera_id}
    views = []
    for trial, camera_id in sorted(names, key=_trial_order):
        paths, missing = {}, []
        for name, kind in KINDS.items():
            path = found.get((name, trial, camera_id if kind.per_camera else ""))
            if path is None:
                missing.append(name)
                path = expected_folders[name] / _file_name(kind, trial, camera_id)
            paths[name] = path
        views.append(ViewFiles(subject, trial, camera_id, **paths, missing=tuple(missing)))
    return views


def _trial_order(trial_and_camera: tuple[str, str]) -> tuple[int, str, str]:
    """The unnumbered trial is the second one: `Walking 1` comes before `Walking`."""
    trial, camera_id = trial_and_camera
    number = re.search(r" (\d+)$", trial)
    return int(number[1]) if number else 2, trial, camera_id


def _files_of_kind(folders: list[Path], name: str, action: str) -> Iterator[tuple[str, str, Path]]:
    """Trial, camera ("" for files per trial) and path of every file of one kind of one subject."""
    kind = KINDS[name]
    camera = rf"\.({'|'.join(CAMERAS)})" if kind.per_camera else "()"
    pattern = re.compile(rf"{re.escape(action)}( \d)?{camera}{re.escape(kind.suffix)}", re.IGNORECASE)
    for folder in folders:
        for place in kind.folders:
            if not (folder / place).is_dir():
                continue
            for path in sorted((folder / place).iterdir()):
                match = pattern.fullmatch(path.name)
                if match and path.is_file():
                    yield f"{action}{match[1] or ''}", match[2], path


def _folder_in_use(folders: list[Path], found: dict[tuple[str, str, str], Path]) -> dict[str, Path]:
    """Where a missing file of each kind is expected: beside its like, or else in the layout that the others use."""
    release_layout = (folders[0] / "MyPoseFeatures").is_dir()
    places = {name: folders[0] / kind.folders[0 if release_layout else -1] for name, kind in KINDS.items()}
    for (name, _, _), path in found.items():
        places[name] = path.parent
    return places


def _seen(root: Path, most: int = 6) -> str:
    names = sorted(path.name for path in root.iterdir() if not path.name.startswith("."))
    if not names:
        return "an empty folder"
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _how_to_get(root: Path, action: str) -> str:
    if re.fullmatch(r"S\d+", root.name, re.IGNORECASE):
        return f"Give its parent, {root.parent}, if this is the folder of one subject"
    if any(path.suffix in (".tgz", ".gz", ".tar") for path in root.iterdir()):
        return "Unpack the archives there first (tar xzf Videos_S1.tgz, and so on)"
    needed = ", ".join(kind.archive for kind in KINDS.values() if kind.required)
    wanted = KINDS["masks"].archive
    return (
        f"Download and unpack, for each subject, the archives {needed} and, for clean crops, {wanted}, which hold "
        f"files such as S1/Videos/{action} 1.{CAMERAS[0]}.mp4, or make a synthetic capture: h36m-pose capture {root}"
    )
