"""JSON files that tell whether they are as they were written: their last entry is a digest of all before it."""

import hashlib
import json
from typing import Any

CHECKSUM = "checksum"


def with_checksum(value: dict[str, Any]) -> dict[str, Any]:
    """The same names and values, with the digest of their text as the last; any older digest is replaced."""
    plain = {name: entry for name, entry in value.items() if name != CHECKSUM}
    return {**plain, CHECKSUM: hashlib.sha256(text_of(plain).encode()).hexdigest()}


def text_of(value: dict[str, Any]) -> str:
    """The text of a file of ours: what `checksum_holds` expects to the last blank. Refuses NaN and infinity."""
    return json.dumps(value, indent=1, allow_nan=False) + "\n"


def checksum_holds(text: str, value: dict[str, Any]) -> bool:
    """Whether `text`, which was read as `value`, is what was written, byte for byte."""
    return text == text_of(with_checksum(value))
