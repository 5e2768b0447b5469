"""Files that are there after all, under a name that a second copy or an unfinished download has."""

import re
from pathlib import Path

_COPY = re.compile(r"\s*\(\d+\)(?=\.\w+$)|\s+-\s+copy(?:\s+\d+)?|^copy of\s+", re.IGNORECASE)
"""What is added to a name that is taken: "Walking 1.54138969 (1).mp4"."""

_UNFINISHED = re.compile(r"\.(?:part|partial|crdownload|download|tmp|filepart|aria2)$", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s_-]+")


def misnamed(expected: Path) -> tuple[str, str] | None:
    """Looks beside a missing file for one whose name is the expected one but for what copies and downloads add.

    Returns:
        Its name and what to do about it, or None if there is none.
    """
    if not expected.parent.is_dir():
        return None
    for path in sorted(expected.parent.iterdir()):
        whole = _UNFINISHED.sub("", path.name)
        if _plain(whole) == _plain(expected.name):
            if whole != path.name:
                return path.name, "Finish this download or copy: by its name it is not whole"
            return path.name, f"Rename it to {expected.name}, as the release has it"
    return None


def _plain(name: str) -> str:
    return _BETWEEN.sub("", _COPY.sub("", name)).lower()
