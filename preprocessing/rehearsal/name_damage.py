"""What can be wrong with names and folders: a view, a copy's name, letter case, archives.

Each function is the fault of its name in `faults.FAULTS`: it is given the views and returns what was done, by file.
"""

import gzip
import tarfile
from pathlib import Path

from h36m_pose.atomic_files import remove as remove_tree
from h36m_pose.atomic_files import replacing
from preprocessing.capture.record import camera_paths
from preprocessing.member_names import parse_subject
from preprocessing.rehearsal.places import Place
from preprocessing.rehearsal.rewriting import Changes, cut, remove

_PACKED = ".tgz"


def missing_view(place: Place) -> Changes:
    return {path: remove(path) for view in place for path in camera_paths(view) if path.is_file()}


def copied_name(place: Place) -> Changes:
    return {view.video: _renamed(view.video, f"{view.video.stem} (1){view.video.suffix}") for view in place}


def unfinished_download(place: Place) -> Changes:
    return {
        view.video: f"{cut(view.video, 0.7)}, then {_renamed(view.video, f'{view.video.name}.crdownload')}"
        for view in place
    }


def wrong_case(place: Place) -> Changes:
    folder = _folder_of(place)
    for path in sorted(folder.glob("*/")):
        path.rename(path.with_name(path.name.lower()))
    return {folder: f"{_renamed(folder, folder.name.lower())}, as are its folders"}


def left_packed(place: Place) -> Changes:
    folder = _folder_of(place)
    return {folder: f"packed as {_pack(folder).name}"}


def cut_archive(place: Place) -> Changes:
    """Packs all subjects of the copy."""
    chosen = _folder_of(place)
    subjects = [path for path in sorted(chosen.parent.iterdir()) if path.is_dir() and parse_subject(path.name)]
    archives = {folder: _pack(folder) for folder in subjects}
    path = archives[chosen]
    return {chosen: f"packed as {path.name}, like all other subjects, and {cut(path, 0.5)}"}


def _folder_of(place: Place) -> Path:
    return place[0].video.parents[1]


def _renamed(path: Path, name: str) -> str:
    path.rename(path.with_name(name))
    return f"renamed to {name}"


def _pack(folder: Path) -> Path:
    """An archive in a folder's place, the same bytes every time."""
    path = folder.with_name(folder.name + _PACKED)

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.mtime = member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mode = 0o755 if member.isdir() else 0o644
        return member

    with (
        replacing(path) as temporary,
        temporary.open("wb") as stream,
        gzip.GzipFile("", "wb", 1, stream, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for member in (folder, *sorted(folder.rglob("*"))):
            archive.add(member, member.relative_to(folder.parent).as_posix(), recursive=False, filter=plain)
    remove_tree(folder)
    return path


DAMAGE = {
    damage.__name__: damage
    for damage in (missing_view, copied_name, unfinished_download, wrong_case, left_packed, cut_archive)
}
