"""Raw files straight from the release's archives: each is read once per run, and only if something of it is to do.

An archive that is new, or has changed, is read through: its members' digests are noted in the dataset's state folder,
and the wanted members are kept on disk for the views that are made next, as far as there is room to spare. For any
other archive the notes tell what is in it; then it is read as far as the last member that is needed, if one is. The
copies are removed when their subject is done.
"""

import contextlib
import dataclasses
import functools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from h36m_pose.atomic_files import replacing
from h36m_pose.data.dataset import RECORD, view_folder
from h36m_pose.errors import InputError
from h36m_pose.progress import bar
from preprocessing.archive_index import Contents, contents_of, read_index, stamp_of, write_index
from preprocessing.archive_staging import Staging
from preprocessing.archives import ArchiveReader, find_archives, impostors
from preprocessing.catalog import CAMERAS, KINDS, ViewFiles, files_of, subject_number, trial_order
from preprocessing.member_names import MemberName
from preprocessing.raw_source import STATE, STUDIO_RECORD
from preprocessing.sources import CHANGED, KINDS_USED

STAGING = ".staging"
"""Folder of a dataset for copies of members; never there when no run is."""

INDEX = "archives.json"

MOST_KEPT_AHEAD = 8 << 30
"""Bytes kept while archives are read for the first time: all Walking files of the release are about 3 GB."""


class ArchiveSource:
    """See `raw_source.RawSource`; nothing is read or written before `views` is asked for.

    Args:
        root: folder of the archives, or one archive.
        dataset: folder.
        actions: the release's names.

    Raises:
        InputError: if there is no archive.
    """

    def __init__(self, root: Path, dataset: Path, actions: Sequence[str]):
        self._root, self._dataset, self._actions = root, dataset, tuple(actions)
        self._paths = {path.relative_to(root).as_posix(): path for path in find_archives(root)}
        if not self._paths:
            mend = "Give the folder of the downloaded archives"
            raise next(iter(impostors(root)), InputError(root, "no archives", "archives of the release", mend))
        self._index, self._noted_record = dataset / STATE / INDEX, dataset / STATE / STUDIO_RECORD
        self._staging = Staging(dataset / STAGING)
        self._contents: dict[str, Contents] = {}
        self._read_now: set[str] = set()
        self._holders: dict[MemberName, str] = {}
        self._withdrawn: dict[MemberName, InputError] = {}

    @functools.cached_property
    def views(self) -> list[ViewFiles]:
        """See `RawSource`. Archives that are not known yet are read for this.

        Raises:
            InputError: if they hold no view of the actions.
        """
        self._staging.clear()
        known = read_index(self._index)
        for name, path in self._paths.items():
            each = known.get(name)
            if each and each.stamp == stamp_of(path) and (not each.synthetic or self._noted_record.is_file()):
                self._contents[name] = each
        self._read([name for name in self._paths if name not in self._contents], keep=True)
        self._choose()
        complaints = [*impostors(self._root), *self._complaints()]
        names = {name for name in {**self._holders, **self._withdrawn} if name.action in self._actions}
        views = [self._files(*each) for each in {(n.subject, n.trial, n.camera_id) for n in names if n.camera_id}]
        if not views and len(complaints) == 1:
            raise complaints[0]
        for complaint in complaints:
            print(f"h36m-pose: {complaint}", file=sys.stderr)
        if not views:
            expected = f"archives with {', '.join(self._actions)} files"
            needed = ", ".join(kind.archive for kind in KINDS.values() if kind.required)
            mend = f"Download the archives {needed} and, for clean crops, {KINDS['masks'].archive} of each subject"
            raise InputError(self._root, f"{len(self._paths)} archives without such files", expected, mend)
        return sorted(views, key=lambda f: (subject_number(f.subject), trial_order((f.trial, f.camera_id))))

    @property
    def facts(self) -> dict[str, Any]:
        """See `RawSource`."""
        packed = any(contents.synthetic for contents in self._contents.values())
        return {"synthetic": packed or (self._root / STUDIO_RECORD).is_file()}

    def changed(self, files: ViewFiles, record: dict[str, Any], verify: bool) -> str | None:
        """See `RawSource`. The digests that were noted are compared; to verify, all archives are read again."""
        unread = [name for name in self._paths if name not in self._read_now]
        if verify and unread:
            self._read(unread, keep=False)
            self._choose()
        for name in _names_of(files):
            holder, source = self._holders.get(name), record["sources"].get(name.kind)
            held = self._contents[holder].members[name] if holder else None
            if (held and (held.size, held.sha256)) != (source and (source["size"], source["sha256"])):
                return CHANGED
        return None

    def batches(self, todo: Sequence[ViewFiles]) -> Iterator[Sequence[ViewFiles]]:
        """See `RawSource`: the views of one subject after the other.

        Raises:
            InputError: if there is no room for a subject's files, or an archive has changed since it was listed.
        """
        subjects: dict[str, list[ViewFiles]] = {}
        for files in sorted(todo, key=lambda files: subject_number(files.subject)):
            subjects.setdefault(files.subject, []).append(files)
        left = {name for files in todo for name in _names_of(files) if name in self._holders}
        self._staging.keep_only(left)
        with contextlib.ExitStack() as stack:
            stack.callback(self._staging.clear)
            record = self._studio_record()
            if record:
                self._staging.put(record, STUDIO_RECORD)
            cursors = {}
            for archive in sorted({self._holders[name] for name in left if name not in self._staging}):
                names = {name for name in left if self._holders[name] == archive and name not in self._staging}
                cursors[archive] = _Cursor(self._paths[archive], self._contents[archive], names, self._staging)
                stack.callback(cursors[archive].close)
            for subject, views in subjects.items():
                self._require_room(subject, left)
                for archive, cursor in cursors.items():
                    try:
                        cursor.bring(subject)
                    except InputError:
                        self._forget(archive)
                        raise
                yield [self._files(files.subject, files.trial, files.camera_id) for files in views]
                left = {name for name in left if name.subject != subject}
                self._staging.keep_only(left)

    def fault(self, files: ViewFiles) -> InputError | None:
        """See `RawSource`: a file that was refused, or may be in the lost part of a broken archive."""
        for name in _names_of(files):
            if name in self._withdrawn:
                return self._withdrawn[name]
            if name not in self._holders:
                for archive, contents in self._contents.items():
                    if contents.may_have_held(name):
                        return contents.complaint(self._paths[archive])
        return None

    def finished(self, files: ViewFiles, record: dict[str, Any]) -> None:
        """See `RawSource`: the index remembers."""

    def close(self) -> None:
        """See `RawSource`."""
        self._staging.clear()

    def _read(self, archives: Sequence[str], keep: bool) -> None:
        """Reads archives through, and keeps what is likely to be needed, if asked to."""
        if not archives:
            return
        room = min(MOST_KEPT_AHEAD, self._staging.free_bytes() // 2) if keep else 0
        with bar(
            sum(_megabytes(self._paths[name].stat().st_size) for name in archives), "read archives", " MB"
        ) as total:
            for archive in archives:
                path, digests, kept = self._paths[archive], dict[MemberName, str](), set[MemberName]()
                stamp, reader, before = stamp_of(path), ArchiveReader(path), total.n
                with contextlib.suppress(InputError):  # the survey tells what was wrong
                    for member in reader.members(lambda name: name.kind in KINDS_USED):
                        if member.size <= room and self._is_worth_keeping(member.name):
                            room -= member.size
                            kept.add(member.name)
                        digests[member.name] = self._staging.take(member, member.name in kept)
                        total.update(before + _megabytes(reader.consumed) - total.n)
                total.update(before + _megabytes(stamp[0]) - total.n)
                if reader.studio_record is not None:
                    with replacing(self._noted_record) as temporary:
                        temporary.write_bytes(reader.studio_record)
                self._contents[archive] = contents_of(reader.survey(), stamp, digests)
                self._staging.drop(kept - set(self._contents[archive].members))
                self._read_now.add(archive)
                write_index(self._index, self._contents)

    def _studio_record(self) -> Path | None:
        """The record of a synthetic capture, if these are the archives of one: beside them, or out of one of them."""
        beside, packed = self._root / STUDIO_RECORD, any(each.synthetic for each in self._contents.values())
        return beside if beside.is_file() else self._noted_record if packed else None

    def _is_worth_keeping(self, name: MemberName) -> bool:
        if name.action not in self._actions or name in self._staging:
            return False
        cameras = [name.camera_id] if name.camera_id else CAMERAS
        folders = [view_folder(self._dataset, name.subject, name.trial, camera) for camera in cameras]
        return not all((folder / RECORD).is_file() for folder in folders)

    def _choose(self) -> None:
        """Decides which archive each file is taken from, and which files cannot be taken."""
        self._holders, self._withdrawn = {}, {}
        for archive in sorted(self._contents):
            for name, held in self._contents[archive].members.items():
                first = self._holders.setdefault(name, archive)
                if self._contents[first].members[name] != held:
                    found, mend = f"another {_said(name)} than in {self._paths[first]}", "Remove the wrong archive"
                    self._withdrawn[name] = InputError(self._paths[archive], found, "the same in both", mend)
        for name in self._withdrawn:
            del self._holders[name]
        for archive, contents in sorted(self._contents.items()):
            for name, reason in contents.withdrawn.items():
                if name not in self._holders:
                    found, mend = f"{reason} for {_said(name)}", "Pack the file itself, once, or download it again"
                    self._withdrawn.setdefault(name, InputError(self._paths[archive], found, "a plain file", mend))

    def _complaints(self) -> list[InputError]:
        each = [contents.complaint(self._paths[name]) for name, contents in sorted(self._contents.items())]
        return [complaint for complaint in each if complaint]

    def _files(self, subject: str, trial: str, camera_id: str) -> ViewFiles:
        files = files_of(self._staging.folder / subject, subject, trial, camera_id)
        there = {name.kind for name in _names_of(files) if name in self._holders}
        return dataclasses.replace(files, missing=tuple(kind for kind in KINDS if kind not in there))

    def _require_room(self, subject: str, names: set[MemberName]) -> None:
        missing = [name for name in names if name.subject == subject and name not in self._staging]
        needed = sum(self._contents[self._holders[name]].members[name].size for name in missing)
        free = self._staging.free_bytes()
        if needed > free:
            expected = f"{_megabytes(needed)} MB for the raw files of {subject}, which are removed after use"
            raise InputError(self._dataset, f"{_megabytes(free)} MB free", expected, "Free some space and run it again")

    def _forget(self, archive: str) -> None:
        del self._contents[archive]
        write_index(self._index, self._contents)


class _Cursor:
    """One archive, read as far as is needed and no more.

    Args:
        path: of the archive.
        contents: of it, as they were noted.
        names: of all members that are ever wanted; those that come by earlier than needed are kept too.
        staging: takes them.
    """

    def __init__(self, path: Path, contents: Contents, names: set[MemberName], staging: Staging):
        self._path, self._contents, self._left, self._staging = path, contents, names, staging
        self._members = ArchiveReader(path).members(lambda name: name in self._left)

    def bring(self, subject: str) -> None:
        """Reads on until all wanted members of a subject are there."""
        while any(name.subject == subject for name in self._left):
            member = next(self._members, None)
            digest = self._staging.take(member, keep=True) if member else ""
            if member is None or digest != self._contents.members[member.name].sha256:
                mend = "Run the same command again"
                raise InputError(self._path, "other contents than when it was listed", "the same archive", mend)
            self._left.discard(member.name)

    def close(self) -> None:
        """Closes the file."""
        self._members.close()


def _names_of(files: ViewFiles) -> list[MemberName]:
    """The files of a view that are used."""
    return [
        MemberName(kind, files.subject, files.trial, files.camera_id if KINDS[kind].per_camera else "")
        for kind in KINDS_USED
    ]


def _said(name: MemberName) -> str:
    """What a file is called in the release."""
    files = files_of(Path(name.subject), name.subject, name.trial, name.camera_id)
    return str(getattr(files, name.kind))


def _megabytes(count: int) -> int:
    return count >> 20
