"""The file names of Human3.6M: which kinds of files there are, in which folders, and what a name says.

Two folder layouts are in public use. Plain `tar xzf` of the release's archives gives
`S1/MyPoseFeatures/D2_Positions/Walking 1.54138969.cdf`; h36m-fetch strips the common folders and gives
`extracted/S1/Poses_D2_Positions/Walking 1.54138969.cdf`. The file names are the same in both.
"""

import dataclasses
import re

from preprocessing.release import SPELLINGS, canonical_action

CAMERAS = ("54138969", "55011271", "58860488", "60457274")


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
class MemberName:
    """What the name of a file of the release says.

    Attributes:
        kind: a key of `KINDS`.
        subject: "S1".
        trial: "Walking 1", in the release's own spelling.
        camera_id: one of `CAMERAS`, or "" for a kind with one file per trial.
    """

    kind: str
    subject: str
    trial: str
    camera_id: str

    @property
    def action(self) -> str:
        """One of `release.ACTIONS`."""
        return canonical_action(self.trial)


_SUBJECT = re.compile(r"S0*([1-9][0-9]{0,5})", re.IGNORECASE | re.ASCII)
_FILE = re.compile(r"([a-z]+)( [0-9])?(?:\.([0-9]{8}))?(\.[a-z0-9]+)", re.IGNORECASE | re.ASCII)
_KIND_OF_FOLDER = {folder.lower(): name for name, kind in KINDS.items() for folder in kind.folders}


def parse_member(name: str) -> MemberName | None:
    """Recognises a file by its folders and its own name, in either layout, below any folders and in any case.

    Args:
        name: a path with slashes, such as "./s1/Videos/Walking 1.54138969.mp4"; nothing is looked up on disk.

    Returns:
        None for anything else, and for names that are not plain: absolute, or with "..".
    """
    parts = [part for part in name.split("/") if part != "."]
    if len(parts) < 3 or any(part in ("", "..") for part in parts):
        return None
    *_, third, second, first, file = ["", *parts]
    for folder, owner in ((f"{second}/{first}", third), (first, second)):
        kind, subject = _KIND_OF_FOLDER.get(folder.lower()), parse_subject(owner)
        if kind and subject:
            return parse_file(kind, subject, file)
    return None


def parse_subject(folder: str) -> str | None:
    """ "S1" for the name of a subject's folder, in either case; None for other names."""
    match = _SUBJECT.fullmatch(folder)
    return f"S{match[1]}" if match else None


def parse_file(kind: str, subject: str, name: str) -> MemberName | None:
    """Recognises the name of a file that lies in the folder of one kind and subject."""
    match = _FILE.fullmatch(name)
    if not match or match[1].lower() not in SPELLINGS or match[4].lower() != KINDS[kind].suffix:
        return None
    camera_id = match[3] or ""
    if camera_id not in (CAMERAS if KINDS[kind].per_camera else ("",)):
        return None
    return MemberName(kind, subject, SPELLINGS[match[1].lower()] + (match[2] or ""), camera_id)


def file_name(kind: str, trial: str, camera_id: str) -> str:
    """What a file is called in the release; `camera_id` is not used for kinds with one file per trial."""
    camera = f".{camera_id}" if KINDS[kind].per_camera else ""
    return f"{trial}{camera}{KINDS[kind].suffix}"
