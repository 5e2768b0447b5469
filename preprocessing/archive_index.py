"""Remembers what is in archives, so that only those are read again that are new or have changed."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from h36m_pose.atomic_files import write_json
from h36m_pose.data.checksum import checksum_holds, with_checksum
from h36m_pose.errors import InputError
from preprocessing.archives import Survey
from preprocessing.member_names import MemberName

_SCHEMA = 1


@dataclasses.dataclass(frozen=True)
class Held:
    """A file of the release in an archive: `size` in bytes, `sha256` of its bytes or "" if they were not read."""

    size: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Contents:
    """What is in an archive.

    Attributes:
        stamp: size of the archive in bytes and time of its last change in ns, when it was read.
        members: the files of the release in it that can be used, in their order there.
        about: kinds and subjects that it has files of, usable or not.
        withdrawn: files of the release that were refused, with the reason.
        refused: how many entries were refused.
        first_refused: the first of them with the reason, or "".
        broken: what was found and how to mend it, if the archive could not be read to its end.
        synthetic: whether it holds the record of a synthetic capture.
    """

    stamp: tuple[int, int]
    members: dict[MemberName, Held]
    about: frozenset[tuple[str, str]]
    withdrawn: dict[MemberName, str]
    refused: int
    first_refused: str
    broken: tuple[str, str] | None
    synthetic: bool

    def complaint(self, path: Path) -> InputError | None:
        """Why the archive is not as it should be, if so."""
        if self.broken:
            return InputError(path, self.broken[0], "a whole archive of the release", self.broken[1])
        if self.refused:
            found = f"{self.refused} entries that are refused, the first is {self.first_refused}"
            mend = "Pack the files themselves, each once, with tar czf, or download the archive again"
            return InputError(path, found, "plain files under plain names", mend)
        return None

    def may_have_held(self, name: MemberName) -> bool:
        """Whether a file may be in the part of a broken archive that cannot be read.

        The release's own archives hold one kind of files of one subject.
        """
        return self.broken is not None and (len(self.about) > 1 or (name.kind, name.subject) in self.about)


def stamp_of(path: Path) -> tuple[int, int]:
    """Tells whether a file is the one that was read."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def contents_of(seen: Survey, stamp: tuple[int, int], digests: dict[MemberName, str]) -> Contents:
    """What is remembered of an archive that was read now."""
    return Contents(
        stamp=stamp,
        members={name: Held(size, digests.get(name, "")) for name, size in seen.members},
        about=seen.about,
        withdrawn=seen.withdrawn,
        refused=seen.refused_count,
        first_refused=seen.refused[0] if seen.refused else "",
        broken=(seen.broken.found, seen.broken.mend) if seen.broken else None,
        synthetic=seen.synthetic,
    )


def read_index(path: Path) -> dict[str, Contents]:
    """Contents by the archives' paths below the root; none if the index is lost, damaged or of another version."""
    try:
        text = path.read_text(encoding="utf-8")
        stored = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(stored, dict) or not checksum_holds(text, stored) or stored.get("schema") != _SCHEMA:
        return {}
    return {name: _from_json(value) for name, value in stored["archives"].items()}


def write_index(path: Path, archives: dict[str, Contents]) -> None:
    """Writes the index, unless it says that already."""
    if archives != read_index(path):
        write_json(
            path,
            with_checksum({"schema": _SCHEMA, "archives": {name: _as_json(each) for name, each in archives.items()}}),
        )


def _as_json(contents: Contents) -> dict[str, Any]:
    members = [[*dataclasses.astuple(name), held.size, held.sha256] for name, held in contents.members.items()]
    withdrawn = [[*dataclasses.astuple(name), reason] for name, reason in contents.withdrawn.items()]
    plain = {field.name: getattr(contents, field.name) for field in dataclasses.fields(contents)}
    return {**plain, "members": members, "about": sorted(contents.about), "withdrawn": withdrawn}


def _from_json(value: dict[str, Any]) -> Contents:
    return Contents(
        stamp=(value["stamp"][0], value["stamp"][1]),
        members={MemberName(*name): Held(size, sha256) for *name, size, sha256 in value["members"]},
        about=frozenset((kind, subject) for kind, subject in value["about"]),
        withdrawn={MemberName(*name): reason for *name, reason in value["withdrawn"]},
        refused=value["refused"],
        first_refused=value["first_refused"],
        broken=(value["broken"][0], value["broken"][1]) if value["broken"] else None,
        synthetic=value["synthetic"],
    )
