"""The doctor: looks at everything below a root, in folders or in archives, and tells what is fit for use.

Nothing below the root is changed. Of archives, one file at a time is copied to the system's folder for temporary files;
the poses, which are small, stay there until the end.
"""

import contextlib
import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

from h36m_pose.errors import InputError
from preprocessing.archive_search import find_archives, impostors, subjects_beside
from preprocessing.catalog import ViewFiles, find_views, subject_number, trial_order
from preprocessing.doctor_across import compare
from preprocessing.doctor_archives import ArchiveReport, look_into
from preprocessing.doctor_expected import Expected, expected_at
from preprocessing.doctor_findings import (
    ABSENT,
    ARCHIVES,
    BROKEN,
    GAP,
    NOTE,
    SITE_NUMBERS,
    Finding,
    Trouble,
    ViewReport,
    attempt,
)
from preprocessing.doctor_pool import examine_all
from preprocessing.doctor_view import Case, examine
from preprocessing.member_names import KINDS, parse_subject
from preprocessing.metadata import Cameras, find_metadata, folders_in, read_cameras
from preprocessing.release import WITHHELD_SUBJECTS

_WANTED = ", ".join(kind.archive for name, kind in KINDS.items() if name != "box_masks")
_NUMBERED = ", ".join(f"{number} is {subject}" for subject, number in SITE_NUMBERS.items())
_DOWNLOAD = f"Download {_WANTED}: SubjectSpecific_N.tgz of each, where {_NUMBERED}"
_MOST_TRIED, _MEANT_DEPTH = 100, 3

READY, USABLE, NOT_USABLE = 0, 1, 2
"""Exit statuses."""


@dataclasses.dataclass(eq=False)
class Diagnosis:
    """All that was found.

    Attributes:
        root: as given.
        actions: that were asked for.
        synthetic: whether the studio made the capture.
        capture_options: what makes the same synthetic capture again, for the command line.
        metadata: the metadata.xml whose cameras were compared, if there was one.
        archives: that were read; none if there are folders.
        views: those of the release or of the studio's record, found or not, and what else was found; sorted.
        findings: on the root as a whole.
        meant: a folder nearby that holds what the root does not.
    """

    root: Path
    actions: tuple[str, ...]
    synthetic: bool = False
    capture_options: str = ""
    metadata: Path | None = None
    archives: list[ArchiveReport] = dataclasses.field(default_factory=list)
    views: list[ViewReport] = dataclasses.field(default_factory=list)
    findings: list[Finding] = dataclasses.field(default_factory=list)
    meant: Path | None = None

    @property
    def exit_status(self) -> int:
        """READY, USABLE with gaps, or NOT_USABLE."""
        if not any(view.sound for view in self.views):
            return NOT_USABLE
        findings = [*self.findings, *(finding for view in self.views for finding in view.findings)]
        return READY if all(finding.severity == NOTE for finding in findings) else USABLE


def diagnose(root: str | Path, actions: tuple[str, ...], thorough: bool = False, workers: int = 1) -> Diagnosis:
    """Examines all views of some actions below a root.

    Args:
        root: of a release that was unpacked in either layout, of its archives, or of a synthetic capture.
        actions: out of `release.ACTIONS`.
        thorough: compare all pictures of the videos, and read all masks.
        workers: processes.
    """
    root = Path(root)
    diagnosis = Diagnosis(root, actions)
    views, archives = _find(diagnosis)
    if not views and not archives:
        diagnosis.meant = _meant(root, actions)
        return diagnosis
    expected = expected_at(root, actions)
    diagnosis.synthetic, diagnosis.capture_options = expected.synthetic, expected.capture_options
    diagnosis.findings += expected.findings
    cameras = _read_cameras(diagnosis)
    if views:
        views = _without_withheld(views, diagnosis)
        cases = [_case(files, views, expected, cameras, thorough) for files in views]
        diagnosis.views = examine_all(cases, workers)
    else:
        expected = _examine_archives(archives, expected, cameras, thorough, diagnosis)
    compare(diagnosis.views)
    diagnosis.views += _absent(diagnosis, expected)
    diagnosis.views.sort(key=lambda view: (subject_number(view.subject), trial_order((view.trial, view.camera_id))))
    return diagnosis


def _find(diagnosis: Diagnosis) -> tuple[list[ViewFiles], list[Path]]:
    """Views in folders, or else archives; what keeps us from looking is a finding."""
    root = diagnosis.root
    views: list[ViewFiles] = []
    archives: list[Path] = []
    problems = []
    try:
        archives = find_archives(root)
    except InputError as error:
        problems.append(error)
    try:
        views = find_views(root, diagnosis.actions)
    except InputError as error:
        problems += [] if archives else [error]
    for problem in problems[:1]:
        words = f"{_name(problem.path, root)}: found {problem.found}, expected {problem.expected}"
        diagnosis.findings.append(Finding("root", GAP if views else BROKEN, words, problem.mend))
    if views and archives:
        diagnosis.findings.append(_beside(archives, {files.subject for files in views}, root))
    return views, archives


def _beside(archives: list[Path], subjects: set[str], root: Path) -> Finding:
    """Archives are not read where there are folders; that matters if they are of other subjects."""
    others = subjects_beside(root, subjects)
    if not others:
        words = f"not read, as there are folders: {_some([_name(path, root) for path in archives])}"
        return Finding("archives beside folders", NOTE, words)
    words = f"archives of {', '.join(others)} are not read beside unpacked subjects"
    return Finding("archives beside folders", GAP, words, "Unpack these too, or give a folder of archives only")


def _read_cameras(diagnosis: Diagnosis) -> Cameras:
    """Those of the user's metadata.xml; none if there is none, or for a synthetic capture."""
    path = None if diagnosis.synthetic else find_metadata(diagnosis.root)
    if path is None:
        return {}
    cameras = attempt(lambda: read_cameras(path))
    if isinstance(cameras, Trouble):
        words = f"{_name(path, diagnosis.root)}: {cameras.found}"
        diagnosis.findings.append(Finding("metadata", NOTE, f"{words}; not used", cameras.mend))
        return {}
    diagnosis.metadata = path
    return cameras


def _without_withheld(views: list[ViewFiles], diagnosis: Diagnosis) -> list[ViewFiles]:
    """Videos of some subjects can be downloaded, but their poses cannot."""
    withheld = sorted({files.subject for files in views if files.subject in WITHHELD_SUBJECTS}, key=subject_number)
    if withheld and not diagnosis.synthetic:
        words = f"{', '.join(withheld)}: not looked at, since their poses are not public"
        diagnosis.findings.append(Finding("withheld", NOTE, words))
        return [files for files in views if files.subject not in withheld]
    return views


def _case(files: ViewFiles, views: Sequence[ViewFiles], expected: Expected, cameras: Cameras, thorough: bool) -> Case:
    return Case(
        files,
        siblings=tuple(other for other in views if other.subject == files.subject and other is not files),
        poses_expected=expected.poses.get((files.subject, files.trial)),
        synthetic=expected.synthetic,
        written=expected.written_of(files),
        cameras={camera_id: camera for (subject, camera_id), camera in cameras.items() if subject == files.subject},
        thorough=thorough,
    )


def _examine_archives(
    archives: list[Path], expected: Expected, cameras: Cameras, thorough: bool, diagnosis: Diagnosis
) -> Expected:
    """Fills the diagnosis in; returns what is expected now that it is known what the archives are of."""
    for error in impostors(diagnosis.root):
        words = f"{_name(error.path, diagnosis.root)}: {error.found}, not read"
        diagnosis.findings.append(Finding("no archive", NOTE, words))
    with tempfile.TemporaryDirectory(prefix="h36m-pose-doctor-") as folder:
        archive_reports, looked = look_into(
            archives, diagnosis.root, Path(folder), diagnosis.actions, expected.poses, thorough
        )
        diagnosis.archives = archive_reports
        for archive in archive_reports:
            diagnosis.findings += archive.findings()
        if any(archive.synthetic for archive in archive_reports) and not expected.synthetic:
            diagnosis.synthetic, expected = True, Expected(True, {})
        views = _without_withheld([view.files for view in looked], diagnosis)
        for view in looked:
            if view.files in views:
                case = _case(view.files, views, expected, cameras, thorough)
                report = examine(dataclasses.replace(case, video=view.video, masks=view.masks))
                report.origin = ARCHIVES
                diagnosis.views.append(report)
    return expected


def _absent(diagnosis: Diagnosis, expected: Expected) -> list[ViewReport]:
    """What should be there and is not."""
    found = {(view.subject, view.trial, view.camera_id) for view in diagnosis.views}
    absent = []
    for subject, trial, camera_id in expected.views:
        if (subject, trial, camera_id) not in found:
            poses = expected.poses.get((subject, trial))
            report = ViewReport(subject, trial, camera_id, ABSENT, poses_expected=poses)
            mend = _DOWNLOAD
            if expected.synthetic:
                mend = "Run h36m-pose capture again: it films what is missing"
            report.add("absent", BROKEN, "nothing of it is there", mend)
            absent.append(report)
    return absent


def _meant(root: Path, actions: tuple[str, ...]) -> Path | None:
    """A folder around the root, or a little below it, that holds views."""
    candidates = [root.absolute().parent] if parse_subject(root.absolute().name) else []
    level = [root]
    for _ in range(_MEANT_DEPTH):
        level = [child for folder in level for child in folders_in(folder)][:_MOST_TRIED]
        candidates += level
    for candidate in candidates:
        with contextlib.suppress(InputError):
            find_views(candidate, actions)
            return candidate
    return None


def _name(path: str | Path, root: Path) -> str:
    """A path as it is told: below the root, if it is."""
    path = Path(path)
    return path.relative_to(root).as_posix() if path != root and path.is_relative_to(root) else str(path)


def _some(names: Sequence[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
