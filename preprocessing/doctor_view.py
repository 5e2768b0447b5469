"""One view under examination: each of its files, and whether they belong together. Nothing is written."""

import dataclasses
from collections.abc import Sequence

from jaxtyping import Float
from numpy import ndarray

from h36m_pose.atomic_files import sha256_of
from preprocessing import catalog
from preprocessing.catalog import KINDS, ViewFiles
from preprocessing.doctor_findings import (
    BROKEN,
    GAP,
    NOTE,
    PLAIN_NAMES,
    WRONG,
    Trouble,
    ViewReport,
    archive_of,
    attempt,
)
from preprocessing.doctor_masks import MaskLook, judge_masks, look_at_masks
from preprocessing.doctor_names import misnamed
from preprocessing.doctor_poses import Cameras, joints_of, look_at_poses
from preprocessing.doctor_video import Motion, VideoLook, look_at_video
from preprocessing.poses import read_positions
from preprocessing.release import SHORT_POSES, faults_of
from preprocessing.video import VideoFacts

TAIL = 5
"""Pictures that a video of the release has at most after its last pose, but for `SHORT_POSES`."""

LEAST_ROW, LEAST_REPEATED, MOST_REPEATED = 6, 5, 0.2
"""Pictures that show the same: a row of so many is told, and so many in all if that is this share of those compared."""

LEAST_FRAMES = 12
"""In a shorter trial a person hardly moves from the spot."""

OWN_SHARE, BETTER = 0.7, 1.25
"""Joints explain 0.74 and more of what moves in their own video. Below this share, those of another view are asked
whether they explain so many times as much."""


_WITHOUT = dict.fromkeys((kind for kind, facts in KINDS.items() if facts.required), "") | {
    "poses_world": "; without, it is not known where the camera stands",
    "masks": "; without, the person is cut out by background subtraction",
}
"""What is told of a missing file, by kind; the others are not missed."""


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """A view to be examined, with what is known of it.

    Attributes:
        files: of the view.
        siblings: the subject's other views, whose files may have been mistaken for these.
        poses_expected: how many poses the release, or the studio's record, has; None if it is not known.
        synthetic: whether the studio made it: then the sizes and rates of the release need not hold.
        written: sizes and SHA-256 of the view's files by kind, as the studio recorded them.
        cameras: of the subject, by camera id, from the user's metadata.xml.
        thorough: compare all pictures and read all masks.
        video: what was seen of the video, if the file is not there to be looked at: it is in an archive.
        masks: the same of the masks.
    """

    files: ViewFiles
    siblings: tuple[ViewFiles, ...] = ()
    poses_expected: int | None = None
    synthetic: bool = False
    written: dict[str, tuple[int, str]] = dataclasses.field(default_factory=dict)
    cameras: Cameras = dataclasses.field(default_factory=dict)
    thorough: bool = False
    video: VideoLook | Trouble | None = None
    masks: MaskLook | Trouble | None = None


def examine(case: Case) -> ViewReport:
    """Looks at every file of a view. What is wrong with one is a finding; the others are looked at all the same."""
    files = case.files
    report = ViewReport(files.subject, files.trial, files.camera_id, poses_expected=case.poses_expected)
    _tell_missing(files, report)
    _compare_digests(case, report)
    size = (catalog.WIDTH_PX, catalog.picture_height_px(files.subject, files.camera_id))
    video = None if "video" in files.missing else case.video or attempt(lambda: _look_at_video(case))
    if isinstance(video, VideoLook):
        size = video.facts.width_px, video.facts.height_px
    joints_px = look_at_poses(files, case.siblings, case.cameras, size, report)
    _count_poses(case, report)
    if isinstance(video, Trouble):
        report.add("bad video", BROKEN, f"video: {video.found}", video.mend)
    elif video:
        _judge_video(case, video, joints_px, report)
    if "masks" not in files.missing:
        masks = case.masks or attempt(lambda: look_at_masks(files.masks, report.poses, case.thorough))
        if isinstance(masks, Trouble):
            report.add("bad masks", BROKEN, f"masks: {masks.found}", masks.mend)
        elif masks:
            judge_masks(masks, case.siblings, joints_px, size if report.width_px else None, report)
    for fault in faults_of(files):  # nobody can mend these
        report.findings = [dataclasses.replace(finding, severity=NOTE, mend="") for finding in report.findings]
        report.add("known fault", NOTE, f"known fault of the release, left out: {fault.kind}")
    return report


def _tell_missing(files: ViewFiles, report: ViewReport) -> None:
    for kind in files.missing:
        if kind not in _WITHOUT:
            continue
        words, mend = f"no {PLAIN_NAMES[kind]}", f"Get {archive_of(files.subject, kind)}{_WITHOUT[kind]}"
        other = misnamed(getattr(files, kind))
        if other:
            words, mend = f'{words}, but a file called "{other[0]}"', other[1]
        report.add(f"no {kind}", BROKEN if KINDS[kind].required else GAP, words, mend)


def _compare_digests(case: Case, report: ViewReport) -> None:
    mend = "Run the same h36m-pose capture again: it makes what is not whole"
    for kind, (size, digest) in case.written.items():
        path = getattr(case.files, kind)
        if kind in case.files.missing or not path.is_file():
            continue
        try:
            same = path.stat().st_size == size and sha256_of(path) == digest
        except OSError:
            continue  # whoever reads it says so
        if not same:
            words = f"{PLAIN_NAMES[kind]}: not the file that the studio wrote"
            report.add("changed file", BROKEN, words, mend)


def _count_poses(case: Case, report: ViewReport) -> None:
    expected, found = case.poses_expected, report.poses
    if expected is None or found is None or found == expected:
        return
    owner = "the studio's record" if case.synthetic else "the release"
    mend = "Unpack the poses again: another number of poses belongs to other pictures"
    report.add("pose count", WRONG, f"{found:,} poses, {owner} has {expected:,}", mend)


def _look_at_video(case: Case) -> VideoLook:
    poses = attempt(lambda: len(read_positions(case.files.poses_2d, 2)))
    return look_at_video(case.files.video, poses if isinstance(poses, int) else case.poses_expected, case.thorough)


def _judge_video(
    case: Case, video: VideoLook, joints_px: Float[ndarray, "frames 32 2"] | None, report: ViewReport
) -> None:
    files, facts, poses = case.files, video.facts, report.poses
    report.video_frames, report.fps = facts.present, facts.fps
    report.width_px, report.height_px = facts.width_px, facts.height_px
    if not case.synthetic:
        _compare_with_release(files, facts, report)
    if poses and facts.present < poses:
        words = f"video: {facts.present:,} frames for {poses:,} poses"
        report.add("short video", BROKEN, words, "Take video and poses from one release")
    elif poses and facts.present > poses + TAIL:
        words = f"poses for the first {poses:,} of {facts.present:,} frames"
        if (files.subject, files.trial) in SHORT_POSES and not case.synthetic:
            report.add("short poses", NOTE, f"{words}: normal for this trial")
        elif case.poses_expected in (None, poses):
            report.add("long video", GAP, words, "Take video and poses from one release")
    if video.broken:
        report.add("bad video", BROKEN, f"video: {video.broken}", "Unpack or copy this file again")
    _look_for_repeats(video, joints_px, report)
    if video.motion and joints_px is not None and not report.has("repeated pictures"):
        _look_for_other_view(video.motion, joints_px, case.siblings, report)


def _compare_with_release(files: ViewFiles, facts: VideoFacts, report: ViewReport) -> None:
    size = facts.width_px, facts.height_px
    expected = catalog.WIDTH_PX, catalog.picture_height_px(files.subject, files.camera_id)
    if size != expected:
        words = "pictures of {}x{}, the release's are {}x{}".format(*size, *expected)
        mend = "Take the release's own video: in one of another size, joints and masks lie elsewhere"
        if size in [(catalog.WIDTH_PX, catalog.picture_height_px(files.subject, other)) for other in catalog.CAMERAS]:
            mend = "Check which camera's video it is, and unpack it again"
        report.add("picture size", WRONG, words, mend)
    if abs(facts.fps - catalog.FRAMES_PER_SECOND) > 0.1:
        words = f"{facts.fps:.4g} pictures per second, the release has {catalog.FRAMES_PER_SECOND}"
        report.add("rate", WRONG, words, "Take the release's own video: each of its pictures has its pose")


def _look_for_repeats(video: VideoLook, joints_px: Float[ndarray, "frames 32 2"] | None, report: ViewReport) -> None:
    found = video.repeats(joints_px)
    report.repeated_pictures = found.longest
    often = found.repeated >= LEAST_REPEATED and found.repeated > MOST_REPEATED * found.compared
    if found.longest >= LEAST_ROW or often:
        words = f"video: {found.longest} equal frames in a row ({found.repeated} of {found.compared} repeat)"
        mend = "Take the release's own video, or decode all of its frames, not key frames only"
        report.add("repeated pictures", WRONG, words, mend)


def _look_for_other_view(
    motion: Motion, joints_px: Float[ndarray, "frames 32 2"], siblings: Sequence[ViewFiles], report: ViewReport
) -> None:
    """Is what moves in the pictures where the joints are, or where those of another view are?"""
    own = motion.share_at(joints_px) if len(joints_px) >= LEAST_FRAMES else None
    if own is None or own >= OWN_SHARE:
        return
    shares = {sibling.name: motion.share_at(joints) or 0.0 for sibling, joints in joints_of(siblings)}
    name, share = max(shares.items(), key=lambda item: item[1], default=("", 0.0))
    if share > max(OWN_SHARE, BETTER * own):
        words = f"video of another view: the joints of {name} fit it"
        report.add("swapped video", WRONG, words, "Check which camera's files these are, and unpack them again")
