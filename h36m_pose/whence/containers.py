"""What files of each format say of themselves, as one dictionary: the record under its key, and what stood there before
there were records."""

import html
import importlib.util
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from h36m_pose.errors import InputError
from h36m_pose.predictions_file import NOT_OURS
from h36m_pose.provenance import KEY
from h36m_pose.whence.binary_records import as_record, c3d_record, onnx_metadata

Held = dict[str, Any]

_HEAD_BYTES = 1 << 16
_MOST_TEXT_BYTES = 64 << 20
_META = re.compile(r'<meta name="(made-from|whence)" content="([^"]*)">')
_COMMENT = re.compile(r'^<!-- (\{"whence": .*\}) -->$', re.MULTILINE)
_SUBJECT = re.compile(rb"/Subject \(((?:[^\\()]|\\.)*)\)")
_DESCRIPTION = re.compile(r"<dc:description>(.*?)</dc:description>", re.DOTALL)
_WORDS_OF_ARRAYS = (KEY, "about", "views", "weights")
_OWN_CARD = "library_name: h36m_pose"


def held_in(path: Path) -> Held | None:
    """What a file says of itself; None if it says nothing, or nothing that is ours.

    Args:
        path: of a file.

    Raises:
        InputError: if a package is missing that reads it.
    """
    read = _READERS.get(path.suffix.lower())
    return read(path) if read else None


def _json(path: Path) -> Held | None:
    if path.stat().st_size > _MOST_TEXT_BYTES:
        return None
    held = as_record(path.read_bytes().decode("utf-8", errors="replace"))
    info = held.get("info") if held else None
    return info | held if held and isinstance(info, dict) else held


def _arrays(path: Path) -> Held | None:
    """Texts among the arrays; `about`, in which predictions tell all, is opened."""
    import numpy as np

    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            texts = {name: str(stored[name]) for name in _WORDS_OF_ARRAYS if name in stored}
            names = list(stored)
    except NOT_OURS:
        return None
    held: Held = {"arrays": names}
    held |= as_record(texts.get("about")) or {}
    if "weights" in texts:
        held["weights"] = texts["weights"]
    record = as_record(texts.get(KEY))
    return held | ({KEY: record} if record else {})


def _media(path: Path) -> Held | None:
    from h36m_pose.rendering.media_files import comment_of

    try:
        return comment_of(path)
    except (ValueError, OSError):  # of Pillow and PyAV, for files that only begin as pictures and videos do
        return None


def _page(path: Path) -> Held | None:
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES).decode("utf-8", errors="replace")
    found = {name: html.unescape(content) for name, content in _META.findall(head)}
    if "made-from" not in found:
        return None
    record = as_record(found.get(KEY))
    return {"made_from": found["made-from"]} | ({KEY: record} if record else {})


def _markdown(path: Path) -> Held | None:
    if path.stat().st_size > _MOST_TEXT_BYTES:
        return None
    text = path.read_text(encoding="utf-8", errors="replace")
    comment = _COMMENT.search(text)
    if comment:
        return as_record(comment.group(1))
    return {"card": True} if _OWN_CARD in text[:_HEAD_BYTES] else None


def _latex(path: Path) -> Held | None:
    """The comment in the first line."""
    with path.open("rb") as stream:
        line = stream.readline(_HEAD_BYTES).decode("utf-8", errors="replace")
    return as_record(line[2:]) if line.startswith("% {") else None


def _pdf(path: Path) -> Held | None:
    """The subject among the document's facts, which stand at the end, uncompressed."""
    found = _SUBJECT.search(path.read_bytes()) if path.stat().st_size <= _MOST_TEXT_BYTES else None
    if found is None:
        return None
    return as_record(re.sub(rb"\\([\\()])", rb"\1", found.group(1)).decode("ascii", errors="replace"))


def _drawing(path: Path) -> Held | None:
    with path.open("rb") as stream:
        found = _DESCRIPTION.search(stream.read(_HEAD_BYTES).decode("utf-8", errors="replace"))
    return as_record(html.unescape(found.group(1))) if found else None


def _onnx(path: Path) -> Held | None:
    metadata = onnx_metadata(path)
    return as_record(metadata.get("constants")) if metadata else None


def _archive(path: Path) -> Held | None:
    """The constants of an exported network."""
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo("constants.json")
            if entry.file_size > _MOST_TEXT_BYTES:
                return None
            return as_record(archive.read(entry).decode("utf-8", errors="replace"))
    except (zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, EOFError, RuntimeError):
        return None


def _c3d(path: Path) -> Held | None:
    record = c3d_record(path)
    return {KEY: record} if record else None


def _rerun(path: Path) -> Held | None:
    """The property of the recording, which the package alone can unpack."""
    if importlib.util.find_spec("rerun") is None:
        mend = "Run pip install 'h36m-pose[rerun]'"
        raise InputError(path, "no package rerun-sdk to read it with", "it, for Rerun's files", mend)
    from rerun.chunk import RrdReader

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of cut files, which say nothing then
        try:
            chunks = RrdReader(path).stream()
            wanted = next((each for each in chunks if str(each.entity_path).endswith(f"/{KEY}")), None)
        except (ValueError, RuntimeError, OSError):
            return None
    if wanted is None:
        return None
    batch = wanted.to_record_batch()
    texts = [value for name in batch.schema.names for row in batch[name].to_pylist() for value in _listed(row)]
    record = next((held for held in map(as_record, texts) if held), None)
    return {KEY: record} if record else None


def _listed(row: Any) -> list[str]:
    return [each for each in row if isinstance(each, str)] if isinstance(row, list) else []


def _pack(path: Path) -> Held | None:
    """The index of a pack, whose manifest tells the rest.

    Raises:
        InputError: if it is damaged.
    """
    from h36m_pose.data.pack_reader import open_pack

    with open_pack(path) as pack:
        index = pack.index
    return {"pack": True, "fingerprint": index.fingerprint, "synthetic": index.synthetic, "frames": index.frames}


_READERS: dict[str, Callable[[Path], Held | None]] = {
    ".json": _json, ".npz": _arrays, ".png": _media, ".mp4": _media, ".html": _page, ".md": _markdown,
    ".tex": _latex, ".pdf": _pdf, ".svg": _drawing,
    ".onnx": _onnx, ".zip": _archive, ".c3d": _c3d, ".rrd": _rerun, ".h36mpack": _pack,
}  # fmt: skip
