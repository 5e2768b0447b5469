"""Makes a spoiled copy of a synthetic capture, to rehearse with; the original stays as it is, byte for byte.

What is not changed is shared with the original by hard links, where the file system has them. Of the copy's
`capture.json`, the entries of changed files are left out, so that their digests do not give away what their content is
to tell, as it must in the release, which has no digests.
"""

import dataclasses
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from h36m_pose.atomic_files import replacing, sha256_of, write_json
from h36m_pose.errors import InputError
from preprocessing.capture.record import RECORD_NAME, Record
from preprocessing.catalog import KINDS, ViewFiles, find_views, parse_member
from preprocessing.rehearsal import mask_damage, name_damage, pose_damage, video_damage
from preprocessing.rehearsal.faults import SUBJECT, Fault
from preprocessing.rehearsal.places import choose
from preprocessing.rehearsal.rewriting import Damage
from preprocessing.release import ACTIONS

LIST_NAME = "SPOILED.json"
"""Beside the copy's subjects: what was done to it. No reader of captures looks at it."""

DAMAGE: dict[str, Damage] = {**video_damage.DAMAGE, **pose_damage.DAMAGE, **mask_damage.DAMAGE, **name_damage.DAMAGE}
_KEPT_IN_RECORD = ("flipped_bit",)
"""What only the studio's own digest tells."""


@dataclasses.dataclass(frozen=True)
class Done:
    """One fault as it was put into the copy.

    Attributes:
        fault: which.
        views: names of those it was put on, such as "S1 Walking 1.54138969".
        files: what was done, by path below the copy's root.
    """

    fault: Fault
    views: tuple[str, ...]
    files: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Spoiled:
    """What became of a copy.

    Attributes:
        done: the faults, in the order of `faults.FAULTS`.
        shared: how many of its files are the original's own, by hard links.
        files: how many it has.
        bytes: of those that are not shared.
    """

    done: tuple[Done, ...]
    shared: int
    files: int
    bytes: int


def spoil(raw: Path, out: Path, faults: Sequence[Fault], seed: int = 0) -> Spoiled:
    """Copies a whole synthetic capture with some faults.

    Args:
        raw: the capture; never changed.
        out: the copy, where nothing stands yet; it appears when it is finished.
        faults: of `faults.FAULTS`.
        seed: of the choice of views.

    Raises:
        InputError: if `raw` is no whole capture of the studio, or too small, or if `out` exists or lies within it.
    """
    if out.exists() or out.is_symlink():
        found = "a folder" if out.is_dir() else "a file"
        raise InputError(out, f"{found} of that name", "nothing there yet", "Give another name, or remove it")
    if out.resolve().is_relative_to(raw.resolve()):
        raise InputError(out, "a place within the capture", "one outside", "Give a name beside it")
    record, views = _whole_capture(raw)
    places = choose(faults, views, seed)
    with replacing(out) as temporary:
        _share(record, temporary)
        done = []
        for fault in sorted(faults, key=lambda fault: fault.scope == SUBJECT):  # which take the files elsewhere
            place = tuple(_moved(view, raw, temporary) for view in places[fault.name])
            changes = DAMAGE[fault.name](place)
            files = {path.relative_to(temporary).as_posix(): words for path, words in changes.items()}
            done.append(Done(fault, tuple(view.name for view in place), files))
            _forget(record, fault, files, temporary)
        done.sort(key=lambda each: faults.index(each.fault))
        Record(temporary, record.parameters, record.files).save()
        write_json(temporary / LIST_NAME, _as_json(done, record, seed))
    there = [path.stat() for path in out.rglob("*") if path.is_file()]
    own = [status.st_size for status in there if status.st_nlink == 1]
    return Spoiled(tuple(done), len(there) - len(own), len(there), sum(own))


def _whole_capture(raw: Path) -> tuple[Record, list[ViewFiles]]:
    """The studio's record of a capture, and its Walking views.

    A capture is told from a release by that record, which lists every file: whatever is not listed is somebody else's.
    """
    record = Record.read(raw)
    if record is None:
        found = f"no {RECORD_NAME}, by which a capture of the studio is told from a real release"
        mend = "Make a capture: h36m-pose capture data/demo/raw. Of a real release no spoiled copy is made"
        raise InputError(raw, found, "a synthetic capture", mend)
    if (raw / LIST_NAME).exists():
        mend = "Spoil the capture that it was copied from"
        raise InputError(raw, f"{LIST_NAME}: a copy that is spoiled already", "a whole capture", mend)
    views = find_views(raw, ACTIONS)
    for view in views:
        for path in (getattr(view, kind) for kind in KINDS if kind not in view.missing):
            if path.relative_to(raw).as_posix() not in record.files:
                expected = f"only files that the studio wrote: {RECORD_NAME} does not list this one"
                raise InputError(path, "a file from elsewhere", expected, "Move it away; only captures are spoiled")
    for name, known in record.files.items():
        path = raw / name
        if parse_member(name) is None:
            found = f"the name {name!r}"
            raise InputError(raw / RECORD_NAME, found, "files of the release's names", "Film the capture again")
        if not path.is_file() or path.stat().st_size != known["bytes"]:
            found = "a file of another size" if path.is_file() else "no such file"
            mend = "Run the same h36m-pose capture again: it makes what is not whole"
            raise InputError(path, found, f"the {known['bytes']:,} bytes that {RECORD_NAME} records", mend)
    return record, [view for view in views if view.action == "Walking"]


def _share(record: Record, copy: Path) -> None:
    """Puts every file of a capture into the copy, as a second name of the same file if that is possible."""
    for name in record.files:
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = (record.root / name).resolve()
        try:
            os.link(source, target)
        except OSError:  # another disk, or a file system without links; what cannot be copied either, says so
            shutil.copyfile(source, target)


def _moved(view: ViewFiles, raw: Path, copy: Path) -> ViewFiles:
    """The same view in the copy."""
    paths = {kind: copy / getattr(view, kind).relative_to(raw) for kind in KINDS}
    return dataclasses.replace(view, **paths)  # type: ignore[arg-type]


def _forget(record: Record, fault: Fault, files: dict[str, str], copy: Path) -> None:
    """Takes the entries of changed files out of the record. Those of removed files stay: they are expected."""
    if fault.name not in _KEPT_IN_RECORD:
        for name in files:
            if (copy / name).is_file():
                record.files.pop(name, None)


def _as_json(done: Sequence[Done], record: Record, seed: int) -> dict[str, object]:
    return {
        "spoiled_copy_of": {"parameters": record.parameters, RECORD_NAME: sha256_of(record.root / RECORD_NAME)},
        "seed": seed,
        "faults": [
            {
                "name": each.fault.name,
                "does": each.fault.does,
                "costs": each.fault.costs,
                "doctor_says": each.fault.says,
                "severity": each.fault.severity,
                "views": each.views,
                "files": each.files,
            }
            for each in done
        ],
    }
