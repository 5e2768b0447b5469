"""Views that a dataset goes without, and why: in words for people, and in words that are the same on every machine."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from h36m_pose.errors import InputError
from preprocessing.catalog import KINDS, ViewFiles, files_of
from preprocessing.release import Fault


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """A view that is left out.

    Attributes:
        name: "S1 Walking 1.54138969".
        told: why, for people; names files by where they lie, or by the root of their archives.
        entry: of the manifest: subject, trial, camera_id and reason, which names files as the release does.
        expected: whether it is left out because the release itself has a fault there, not because of these files.
    """

    name: str
    told: str
    entry: dict[str, str]
    expected: bool


def by_fault_of_files(files: ViewFiles, fault: InputError, root: Path) -> LeftOut:
    """A view whose files cannot be used. Copies out of archives are gone when people read of them."""
    reason = _without_places(str(fault), files, root)
    told = str(fault) if files.video.is_relative_to(root) else f"{root}: {reason}"
    return LeftOut(files.name, told, _entry(files, reason), expected=False)


def by_fault_of_release(files: ViewFiles, faults: Iterable[Fault]) -> LeftOut:
    """A view that has a known fault in every copy of the release."""
    reason = "; ".join(f"known fault of the release, {fault.kind}: {fault.words}" for fault in faults)
    return LeftOut(files.name, reason, _entry(files, reason), expected=True)


def _entry(files: ViewFiles, reason: str) -> dict[str, str]:
    return {"subject": files.subject, "trial": files.trial, "camera_id": files.camera_id, "reason": reason}


def _without_places(text: str, files: ViewFiles, root: Path) -> str:
    """The text with the release's own names for the view's files, wherever they lie, and nothing of this machine."""
    names = files_of(Path(files.subject), files.subject, files.trial, files.camera_id)
    for kind in KINDS:
        for path in (getattr(files, kind).absolute(), getattr(files, kind)):
            text = text.replace(str(path), getattr(names, kind).as_posix())
    for folder in (root.absolute(), root):
        text = text.replace(f"{folder}/", "")
    return text
