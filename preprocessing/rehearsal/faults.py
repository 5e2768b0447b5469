"""The faults that a copy of a synthetic capture can be given: those that real downloads have, one name for each.

Plain words only, so that `--list` and typing errors answer at once. What each does to its files is in `video_damage`,
`pose_damage`, `mask_damage` and `name_damage`; the tests hold every `says` against the real doctor.
"""

import dataclasses
import difflib

from h36m_pose.errors import InputError
from preprocessing.doctor_findings import BROKEN, GAP, WRONG
from preprocessing.member_names import KINDS

VIEW, PAIR, TRIAL, SUBJECT = "view", "pair", "trial", "subject"
"""What one fault takes: a view; two views of a trial, whose pictures have one size; a trial; all of a subject."""

HARMLESS = ""
"""The severity of what the doctor has nothing to say of."""


@dataclasses.dataclass(frozen=True)
class Fault:
    """One thing that can be wrong.

    Attributes:
        name: as `--faults` takes it.
        does: what happens to which file, in a few words.
        costs: what follows for a dataset made of it.
        says: the doctor's words, with "..." for what is not always the same; "" if there is nothing to say.
        severity: of that finding; HARMLESS if there is none.
        scope: VIEW, PAIR, TRIAL or SUBJECT.
        kinds: the keys of `KINDS` of which the views must have a file.
        least_frames: poses that a trial must have for the fault to be told.
        apart: whether the person must be elsewhere in each of two pictures for it to be told.
    """

    name: str
    does: str
    costs: str
    says: str
    severity: str = BROKEN
    scope: str = VIEW
    kinds: tuple[str, ...] = ("video",)
    least_frames: int = 1
    apart: bool = False

    @property
    def spares_poses(self) -> bool:
        """Whether the view's poses can still be used to tell where its camera stands."""
        return self.scope == VIEW and set(self.kinds) <= {"video", "masks"}


_LEFT_OUT = "the view is left out"
_BOTH_OUT = "both views are left out"
_POSES = ("poses_2d", "poses_mono", "poses_world")
_PER_CAMERA = tuple(name for name, kind in KINDS.items() if kind.per_camera and kind.required)

_VIDEO = (
    Fault("missing_video", "a video is not there", _LEFT_OUT, "no video"),
    Fault("empty_video", "a video of no bytes", _LEFT_OUT, "video: an empty file"),
    Fault(
        "truncated_video", "a video with its index in front is cut: most players show it as a shorter one",
        f"{_LEFT_OUT}; --allow-partial takes the frames before the cut",
        "video: ... of its ... frames: a cut file (... of ... bytes)",
    ),
    Fault(
        "video_without_index", "a video is cut before its index, which stands last: no player opens it",
        _LEFT_OUT, "video: a file that is no video, or a cut one: none of its frames can be found (... of ... bytes)",
    ),
    Fault(
        "short_video", "a whole video that ends before the poses do",
        f"{_LEFT_OUT}; --allow-partial takes the frames that are there",
        "video: ... frames for ... poses", kinds=("video", "poses_2d"), least_frames=2,
    ),
    Fault(
        "frozen_video", "a video of key frames, each shown twelve times",
        "the view is taken, and most of its poses belong to other pictures",
        "video: ... equal frames in a row (... of ... repeat)", WRONG, least_frames=14,
    ),
    Fault(
        "resized_video", "a video of half the size, such as a smaller copy for the web",
        _LEFT_OUT, "masks of ..., the video has ...", kinds=("video", "masks"),
    ),
    Fault(
        "flipped_bit", "one bit of a video is another; most often it still plays",
        f"{_LEFT_OUT}; in the release, which has no digests, nothing tells",
        "video: not the file that the studio wrote",
    ),
    Fault(
        "swapped_videos", "the videos of two cameras have each other's names",
        "both views are taken, and their poses belong to other pictures",
        "video of another view: the joints of ... fit it", WRONG, PAIR, ("video", "poses_2d"), 12, apart=True,
    ),
)  # fmt: skip

_POSES_FAULTS = (
    Fault(
        "nan_pose", "2D joints of some frames are NaN", _LEFT_OUT,
        "D2_Positions: numbers that are not finite in ... of ... frames, the first is ...", kinds=_POSES[:1],
    ),
    Fault(
        "zero_pose", "3D joints of some frames are zero", _LEFT_OUT,
        "D3_Positions_mono: all joints in one place in ... of ... frames, the first is ...", kinds=_POSES[1:2],
    ),
    Fault(
        "poses_in_metres", "3D joints are in metres", _LEFT_OUT,
        "D3_Positions_mono: joints that lie ... apart at most", kinds=_POSES[1:2],
    ),
    Fault(
        "wrong_shape", "2D joints of 17 instead of 32 joints", _LEFT_OUT, "D2_Positions: `Pose` of shape (1, ..., 34)",
        kinds=_POSES[:1],
    ),
    Fault(
        "truncated_poses", "a file of poses is cut", _LEFT_OUT,
        "D3_Positions_mono: a damaged CDF file (...)", kinds=_POSES[1:2],
    ),
    Fault(
        "login_page", "a web page that asks to log in stands under the name of a file of poses", _LEFT_OUT,
        "D2_Positions: no CDF file", kinds=_POSES[:1],
    ),
    Fault(
        "unlike_lengths", "3D poses of a view end before its 2D ones", _LEFT_OUT,
        "D3_Positions_mono: ... poses beside ...", kinds=_POSES[:2], least_frames=2,
    ),
    Fault(
        "universal_skeleton", "D3_Positions_mono_universal in the place of D3_Positions_mono: everybody has S1's bones",
        _LEFT_OUT,
        "D3_Positions_mono_universal in the place of D3_Positions_mono: the bone lengths are those of S1", kinds=_POSES,
    ),
    Fault(
        "world_for_mono", "D3_Positions in the place of D3_Positions_mono", _LEFT_OUT,
        "D3_Positions in the place of D3_Positions_mono", kinds=_POSES,
    ),
    Fault(
        "missing_world", "a trial's D3_Positions are not there",
        "the trial is used; where its cameras stand is not known", "no D3_Positions", GAP, TRIAL, _POSES,
    ),
    Fault(
        "swapped_poses", "D2_Positions of two cameras have each other's names", _BOTH_OUT,
        "2D joints ... px off the 3D ones: D3_Positions_mono fits D2_Positions of ...", BROKEN, PAIR, _POSES[:2],
    ),
    Fault(
        "swapped_cameras", "all files of two cameras have each other's names: they fit each other",
        "both views are taken, under the wrong cameras", "poses of camera ..., by where they place it", WRONG, PAIR,
        (*_PER_CAMERA, "poses_world"), 5,
    ),
)  # fmt: skip

_MASKS = (
    Fault(
        "missing_masks", "the masks of a view are not there", "the person is cut out by background subtraction",
        "no masks", GAP, kinds=("masks",),
    ),
    Fault(
        "few_masks", "masks for the first half of a view", "the person is cut out by background subtraction after that",
        "masks for the first ... of ... poses", GAP, kinds=("masks", "poses_2d"), least_frames=14,
    ),
    Fault(
        "empty_masks", "every third mask is empty", "there the person is cut out by background subtraction",
        "... of ... masks are empty (frame ...)", GAP, kinds=("masks",), least_frames=4,
    ),
    Fault(
        "truncated_masks", "a file of masks is cut", _LEFT_OUT,
        "masks: a damaged or cut HDF5 file", kinds=("masks",),
    ),
    Fault(
        "matlab5_masks", "masks saved again by MATLAB, without -v7.3", _LEFT_OUT, "masks: a MATLAB 5 file",
        kinds=("masks",),
    ),
    Fault(
        "swapped_masks", "the masks of two cameras have each other's names",
        _BOTH_OUT, "masks of another view: the joints of ... fit them", BROKEN, PAIR, ("masks", "poses_2d"), apart=True,
    ),
)  # fmt: skip

_NAMES = (
    Fault(
        "missing_view", "nothing of a view is there", "the view is not there", "nothing of it is there",
        kinds=_PER_CAMERA,
    ),
    Fault(
        "copied_name", "a video is called as a second copy is: (1)", _LEFT_OUT,
        'no video, but a file called "... (1).mp4"',
    ),
    Fault(
        "unfinished_download", "a video that is still called .crdownload", _LEFT_OUT,
        'no video, but a file called "....crdownload"',
    ),
    Fault(
        "wrong_case", "a subject's folders are in another letter case", "nothing: names are read in any case", "",
        HARMLESS, SUBJECT,
    ),
    Fault(
        "left_packed", "one subject is still an archive, beside the unpacked ones", "the subject is not there",
        "archives of ... are not read beside unpacked subjects", GAP, SUBJECT,
    ),
    Fault(
        "cut_archive", "all subjects are archives again, and one of them is cut",
        "the views behind the cut are left out", "...: an archive that ..., its last good member is ...", GAP, SUBJECT,
    ),
)  # fmt: skip

FAULTS = {fault.name: fault for fault in (*_VIDEO, *_POSES_FAULTS, *_MASKS, *_NAMES)}
PACKING = "cut_archive"
"""The one that changes the shape of the whole copy; `all` is without it."""

_HIDDEN_BY_PACKING = ("flipped_bit", "copied_name", "unfinished_download", "left_packed")
"""What does not show in archives: digests of videos, and names that are not the release's."""


def parse_faults(words: str) -> tuple[Fault, ...]:
    """Reads the value of `--faults`: names between commas, or "all", which is all but `PACKING`.

    Returns:
        Each fault once, in the order of `FAULTS`.

    Raises:
        InputError: if there is no name, one that is not known, or two that exclude each other.
    """
    names = [word.strip().lower().replace("-", "_") for word in words.split(",") if word.strip()]
    if names == ["all"]:
        names = [name for name in FAULTS if name != PACKING]
    expected = "names between commas, or all"
    listed = "h36m-pose spoil --list prints them"
    for name in names:
        if name not in FAULTS:
            near = difflib.get_close_matches(name, FAULTS, n=1)
            raise InputError("--faults", repr(name), expected, f"Did you mean {near[0]}?" if near else listed)
    if not names:
        raise InputError("--faults", "no name", expected, listed)
    hidden = [name for name in names if name in _HIDDEN_BY_PACKING]
    if PACKING in names and hidden:
        raise InputError("--faults", f"{hidden[0]} beside {PACKING}", "faults that show in archives", "Leave one out")
    return tuple(fault for fault in FAULTS.values() if fault.name in names)
