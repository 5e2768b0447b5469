"""The records in ONNX and C3D files, found without the packages that write them."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

_METADATA, _BYTES = 14, 2
"""Of ONNX's ModelProto: the field of named words; and protobuf's word for a field that tells its length."""
_FIXED = {1: 8, 5: 4}
"""Protobuf's fields of fixed size, in bytes."""
_MOST_WORDS = 1 << 24

_C3D_MARK, _BLOCK = 0x50, 512
C3D_GROUP = "WHENCE"


def onnx_metadata(path: Path) -> dict[str, str] | None:
    """The named words of an ONNX file; None if it is no such file.

    Args:
        path: of the file. The network in it is skipped, however large it is.
    """
    found: dict[str, str] = {}
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        try:
            for field, content in _fields(stream, size):
                if field == _METADATA:
                    pair = dict(_pairs(content))
                    found[pair[1].decode()] = pair[2].decode()
        except (ValueError, KeyError):
            return None
    return found


def _fields(stream: BinaryIO, size: int) -> Iterator[tuple[int, bytes]]:
    """The top-level fields that hold bytes; those that hold no metadata come empty."""
    while stream.tell() < size:
        tag = _varint(stream)
        field, kind = tag >> 3, tag & 7
        if kind == 0:
            _varint(stream)
        elif kind in _FIXED:
            stream.seek(_FIXED[kind], 1)
        elif kind == _BYTES:
            length = _varint(stream)
            if stream.tell() + length > size or (field == _METADATA and length > _MOST_WORDS):
                raise ValueError("a field longer than the file")
            if field == _METADATA:
                yield field, stream.read(length)
            else:
                stream.seek(length, 1)
        else:
            raise ValueError("no protobuf")


def _varint(stream: BinaryIO) -> int:
    value = 0
    for shift in range(0, 64, 7):
        byte = stream.read(1)
        if not byte:
            raise ValueError("a cut number")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("a number without an end")


def _pairs(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a small message of words."""
    at = 0
    while at < len(content):
        field, kind, at = content[at] >> 3, content[at] & 7, at + 1
        length = shift = 0
        while True:
            if at >= len(content) or kind != _BYTES:
                raise ValueError("no pair of words")
            length |= (content[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if content[at - 1] < 0x80:
                break
        yield field, content[at : at + length]
        at += length


def c3d_record(path: Path) -> dict[str, Any] | None:
    """The texts of the group WHENCE of a C3D file, as `predict.mocap` writes them; None if there is none.

    Args:
        path: of the file, little-endian.
    """
    content = path.read_bytes()[: 256 * _BLOCK]
    groups, texts = {}, []
    try:
        if content[1] != _C3D_MARK:
            return None
        at = (content[0] - 1) * _BLOCK + 4
        while content[at]:
            length, number = struct.unpack_from("<bb", content, at)
            name = content[at + 2 : at + 2 + abs(length)].decode("ascii")
            start = at + 2 + abs(length)
            (step,) = struct.unpack_from("<H", content, start)
            if number < 0:
                groups[-number] = name
            else:
                texts.append((number, name, _text(content, start + 2)))
            if not step:
                break
            at = start + step
    except (IndexError, struct.error, UnicodeDecodeError):
        return None
    held = {name.lower(): words for number, name, words in texts if groups.get(number) == C3D_GROUP and words}
    return held or None


def _text(content: bytes, at: int) -> str:
    """The parameter whose type stands at a place; empty if it is no text."""
    kind, dimensions = struct.unpack_from("<bB", content, at)
    if kind != -1:
        return ""
    count = 1
    for each in content[at + 2 : at + 2 + dimensions]:
        count *= each
    return content[at + 2 + dimensions : at + 2 + dimensions + count].decode("utf-8", errors="replace").rstrip()


def as_record(words: str | None) -> dict[str, Any] | None:
    """Words as the JSON object that they are; None if they are none."""
    try:
        value = json.loads(words or "")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
