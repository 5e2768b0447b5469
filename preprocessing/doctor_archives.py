"""The doctor's way through archives: each is read once, and of each file what can be told from it alone is kept."""

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from h36m_pose.errors import InputError
from h36m_pose.progress import bar
from preprocessing.archives import ArchiveReader, Member, Survey
from preprocessing.catalog import CAMERAS, KINDS, ViewFiles, files_of
from preprocessing.doctor_findings import GAP, Finding, Trouble, attempt
from preprocessing.doctor_masks import MaskLook, look_at_masks
from preprocessing.doctor_video import VideoLook, look_at_video
from preprocessing.member_names import MemberName

_MEGABYTE = 10**6


@dataclasses.dataclass(frozen=True, eq=False)
class ArchiveReport:
    """What was seen of an archive.

    Attributes:
        name: its path below the root.
        bytes: its size.
        files: how many files of the wanted actions it holds, by kind.
        others: how many other files.
        refused: members that were refused, one line each; the first few.
        refused_count: how many there were.
        broken: why it could not be read to its end, and its last good member; None if it is whole.
        synthetic: whether it holds the studio's record.
    """

    name: str
    bytes: int
    files: dict[str, int]
    others: int
    refused: tuple[str, ...]
    refused_count: int
    broken: str | None
    synthetic: bool

    def findings(self) -> list[Finding]:
        """What is to be said of it."""
        findings = []
        if self.broken:
            findings.append(
                Finding("broken archive", GAP, f"{self.name}: {self.broken}", f"Download {self.name} again")
            )
        if self.refused:
            words = f"{self.name}: {self.refused_count} members refused: {'; '.join(self.refused[:3])}"
            mend = "Take the archive from the download site, which has plain files only"
            findings.append(Finding("refused members", GAP, words, mend))
        return findings

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(eq=False)
class Looked:
    """A view out of archives.

    Attributes:
        files: its poses are on disk, its video and masks no more.
        video: what was seen of the video.
        masks: what was seen of the masks.
    """

    files: ViewFiles
    video: VideoLook | Trouble | None
    masks: MaskLook | Trouble | None


class _Pass:
    """What one pass through all archives gathers."""

    def __init__(self, folder: Path, poses: dict[tuple[str, str], int | None], thorough: bool):
        self.videos: dict[MemberName, VideoLook | Trouble] = {}
        self.masks: dict[MemberName, MaskLook | Trouble] = {}
        self.poses: dict[MemberName, Path] = {}
        self._folder, self._poses, self._thorough = folder, poses, thorough

    def __contains__(self, name: MemberName) -> bool:
        return name in self.videos or name in self.masks or name in self.poses

    def take(self, member: Member) -> None:
        """Copies a member under a name of our own, looks at it, and keeps only poses."""
        name = member.name
        path: Path = getattr(self.place_of(name.subject, name.trial, name.camera_id or CAMERAS[0]), name.kind)
        path.parent.mkdir(parents=True, exist_ok=True)
        poses = self._poses.get((name.subject, name.trial))
        try:
            with path.open("wb") as stream:
                shutil.copyfileobj(member.stream, stream, 1 << 20)
            if name.kind == "video":
                self.videos[name] = attempt(lambda: look_at_video(path, poses, self._thorough))
            elif name.kind == "masks":
                self.masks[name] = attempt(lambda: look_at_masks(path, poses, self._thorough))
            else:
                self.poses[name] = path
        finally:
            if name not in self.poses:
                path.unlink(missing_ok=True)

    def forget(self, name: MemberName) -> None:
        """Drops a member that turned out not to be trusted."""
        self.videos.pop(name, None)
        self.masks.pop(name, None)
        path = self.poses.pop(name, None)
        if path:
            path.unlink(missing_ok=True)

    def views(self) -> list[Looked]:
        """All views of which there is a file of their own."""
        names = {(name.subject, name.trial, name.camera_id) for name in (*self.videos, *self.masks, *self.poses)}
        looked = []
        for subject, trial, camera_id in names:
            if not camera_id:
                continue
            keys = {
                kind: MemberName(kind, subject, trial, camera_id if KINDS[kind].per_camera else "") for kind in KINDS
            }
            missing = tuple(kind for kind, key in keys.items() if key not in self)
            files = dataclasses.replace(self.place_of(subject, trial, camera_id), missing=missing)
            looked.append(Looked(files, self.videos.get(keys["video"]), self.masks.get(keys["masks"])))
        return looked

    def place_of(self, subject: str, trial: str, camera_id: str) -> ViewFiles:
        """Where we keep the files of a view."""
        return files_of(self._folder / subject, subject, trial, camera_id)


def look_into(
    archives: Sequence[Path],
    root: Path,
    folder: Path,
    actions: tuple[str, ...],
    poses: dict[tuple[str, str], int | None],
    thorough: bool,
) -> tuple[list[ArchiveReport], list[Looked]]:
    """Reads all archives once.

    Args:
        archives: their paths.
        root: below which they lie.
        folder: for the files that are looked at.
        actions: whose files are wanted.
        poses: how many poses the trials have, as far as that is known.
        thorough: compare all pictures of the videos, and read all masks.

    Returns:
        What was seen of the archives, in their order, and the views in them.
    """
    gathered = _Pass(folder, poses, thorough)
    reports = []
    sizes = [path.stat().st_size for path in archives]
    before = 0
    with bar(sum(sizes) // _MEGABYTE, "doctor", " MB") as progress:  # of compressed bytes
        for path, size in zip(archives, sizes, strict=True):
            reader = ArchiveReader(path)

            def wanted(name: MemberName) -> bool:
                return name.action in actions and name.kind != "box_masks" and name not in gathered

            mine = []
            try:
                for member in reader.members(wanted):
                    mine.append(member.name)
                    gathered.take(member)
                    progress.update((before + reader.consumed) // _MEGABYTE - progress.n)
            except InputError:
                pass  # the survey has it
            survey = reader.survey()
            good = {name for name, _ in survey.members}
            for name in mine:
                if name not in good:
                    gathered.forget(name)
            reports.append(_report(survey, path, root, actions))
            before += size
            progress.update(before // _MEGABYTE - progress.n)
    return reports, gathered.views()


def _report(survey: Survey, path: Path, root: Path, actions: tuple[str, ...]) -> ArchiveReport:
    files: dict[str, int] = {}
    others = survey.others
    for name, _ in survey.members:
        if name.action in actions:
            files[name.kind] = files.get(name.kind, 0) + 1
        else:
            others += 1
    broken = survey.broken.found if survey.broken else None
    return ArchiveReport(
        name=path.relative_to(root).as_posix() if path != root else path.name,
        bytes=path.stat().st_size,
        files=files,
        others=others,
        refused=survey.refused,
        refused_count=survey.refused_count,
        broken=broken,
        synthetic=survey.synthetic,
    )
