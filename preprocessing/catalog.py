"""Finds the views of Human3.6M on disk: who, which trial, which camera, and where each file is or should be.

What the files are called is told by `member_names`, whose words are at hand here too.
"""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from h36m_pose.errors import InputError
from h36m_pose.given_folders import require_raw
from preprocessing.member_names import CAMERAS as CAMERAS
from preprocessing.member_names import KINDS as KINDS
from preprocessing.member_names import Kind as Kind
from preprocessing.member_names import MemberName as MemberName
from preprocessing.member_names import file_name, parse_file, parse_subject
from preprocessing.member_names import parse_member as parse_member
from preprocessing.release import ACTIONS, canonical_action, trials_of

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
class ViewFiles:
    """The files of one view: one trial of one subject, seen by one camera.

    Every path is given: what was found, or else where the file is expected. `missing` tells which.

    Attributes:
        subject: "S1"; "S100" and above for the studio's crowd.
        trial: "Walking 1", in the release's own spelling: S1 has a "WalkingDog" where others have a "WalkDog".
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
    def action(self) -> str:
        """One of `release.ACTIONS`."""
        return canonical_action(self.trial)

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
    paths = {name: subject_folder / kind.folders[0] / file_name(name, trial, camera_id) for name, kind in KINDS.items()}
    return ViewFiles(subject, trial, camera_id, **paths, missing=())


def find_views(root: str | Path, actions: tuple[str, ...] = ("Walking",)) -> list[ViewFiles]:
    """Finds every view of some actions below a folder that holds the release, whichever way it was unpacked.

    A view is listed as soon as one of its per-camera files is there; `ViewFiles.missing` tells which are not. What has
    a file's name but is something else, such as a folder, is listed too: reading it tells.

    Args:
        root: holds `S1`, `S5`, ... itself, or in a folder `extracted` (h36m-fetch) with masks in `processed`.
        actions: out of `release.ACTIONS`. "Walking" takes `Walking` and `Walking 1`, not `WalkingDog`.

    Returns:
        Views sorted by subject number, action, trial and camera.

    Raises:
        InputError: if there is no such folder, nothing in it, no view of the actions, or a folder that cannot be read.
    """
    root = Path(root)
    require_raw(root)
    views: list[ViewFiles] = []
    for subject, folders in sorted(_subject_folders(root).items(), key=lambda item: subject_number(item[0])):
        views += _views_of_subject(subject, folders, actions)
    if not views:
        expected = f"Human3.6M subject folders with {', '.join(actions)} files"
        raise InputError(root, _seen(root), expected, _how_to_get(root, actions[0]))
    return views


def absent_release_views(views: list[ViewFiles], actions: tuple[str, ...] = ("Walking",)) -> list[str]:
    """Names of views of some actions that the release has and these lack, for the release subjects among them."""
    present = {(view.subject, view.trial, view.camera_id) for view in views}
    subjects = {view.subject for view in views}
    return [
        f"{subject} {trial}.{camera_id}"
        for subject in RELEASE_SUBJECTS
        for action in actions
        for trial in trials_of(subject, action)
        for camera_id in CAMERAS
        if subject in subjects and (subject, trial, camera_id) not in present
    ]


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        found = f"a folder that cannot be listed ({error.strerror})"
        raise InputError(folder, found, "a folder of the release", "Change its permissions, or move it away") from error


def _subject_folders(root: Path) -> dict[str, list[Path]]:
    """Folders per subject. With h36m-fetch a subject's masks may lie in a second tree, called `processed`."""
    trees = [root, root / "extracted", root / "processed"]
    if root.name == "extracted":
        trees.append(root.parent / "processed")
    found: dict[str, list[Path]] = {}
    for tree in trees:
        if tree.is_dir():
            for folder in _children(tree):
                subject = parse_subject(folder.name)
                if subject and folder.is_dir():
                    found.setdefault(subject, []).append(folder)
    return found


def _views_of_subject(subject: str, folders: list[Path], actions: tuple[str, ...]) -> list[ViewFiles]:
    found: dict[tuple[str, str, str], Path] = {}
    for member, path in _files_of_subject(subject, folders):
        if member.action in actions:
            key = member.kind, member.trial, member.camera_id
            if key not in found or (path.is_file() and not found[key].is_file()):
                found[key] = path
    expected_folders = _folder_in_use(folders, found)
    names = {(trial, camera_id) for _, trial, camera_id in found if camera_id}
    views = []
    for trial, camera_id in sorted(names, key=trial_order):
        keys = {name: (name, trial, camera_id if kind.per_camera else "") for name, kind in KINDS.items()}
        paths = {
            name: found.get(key, expected_folders[name] / file_name(name, trial, camera_id))
            for name, key in keys.items()
        }
        missing = tuple(name for name, key in keys.items() if key not in found)
        views.append(ViewFiles(subject, trial, camera_id, **paths, missing=missing))
    return views


def trial_order(trial_and_camera: tuple[str, str]) -> tuple[int, int, str, str]:
    """Sorts a subject's views: the unnumbered trial is the second one, `Walking 1` comes before `Walking`."""
    trial, camera_id = trial_and_camera
    number = re.search(r" ([0-9])$", trial)
    return ACTIONS.index(canonical_action(trial)), int(number[1]) if number else 2, trial, camera_id


def _files_of_subject(subject: str, folders: list[Path]) -> Iterator[tuple[MemberName, Path]]:
    """Everything that has the name of a file of the release, the release's own layout and spelling first."""
    for folder in folders:
        for name, kind in KINDS.items():
            for place in kind.folders:
                for home in _folders_called(folder, place):
                    for path in _children(home):
                        member = parse_file(name, subject, path.name)
                        if member:
                            yield member, path


def _folders_called(folder: Path, place: str) -> list[Path]:
    """Folders below another one, by their names in any case."""
    homes = [folder]
    for name in place.split("/"):
        homes = [
            child
            for home in homes
            for child in _children(home)
            if child.name.lower() == name.lower() and child.is_dir()
        ]
    return homes


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
    if parse_subject(root.name):
        return f"Give its parent, {root.parent}, if this is the folder of one subject"
    if any(path.suffix in (".tgz", ".gz", ".tar") for path in root.iterdir()):
        return "Unpack the archives there first (tar xzf Videos_S1.tgz, and so on)"
    needed = ", ".join(kind.archive for kind in KINDS.values() if kind.required)
    wanted = KINDS["masks"].archive
    return (
        f"Download, for each subject, the archives {needed} and, for clean crops, {wanted}, which hold "
        f"files such as S1/Videos/{action} 1.{CAMERAS[0]}.mp4, or make a synthetic capture: h36m-pose capture {root}"
    )
