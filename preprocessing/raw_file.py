"""What the readers of raw files have in common: is there a file that can be read, and if not, what is there instead."""

import errno
import stat
from pathlib import Path

from h36m_pose.errors import InputError


def require_file(path: Path, expected: str) -> None:
    """Makes sure that a path is a regular file that can be opened; without this, reading a pipe would never end.

    Args:
        path: of the file.
        expected: what it should be, such as "an mp4 video".

    Raises:
        InputError: if it is absent, a folder, a link that leads nowhere, a pipe, or not ours to read.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            with path.open("rb") as stream:
                stream.read(1)
            return
    except OSError as error:
        raise InputError(path, *_unreadable(path, error, expected)) from error
    found = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
    raise InputError(path, found, expected, "Move it away and unpack the file from its archive")


def _unreadable(path: Path, error: OSError, expected: str) -> tuple[str, str, str]:
    """Found, expected and mend."""
    again = "Unpack it from its archive"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "a file that may not be read", expected, "Change its permissions"
    for place in (path, *path.parents):
        if place.is_symlink() and not place.exists():
            whose = "" if place == path else f": {place} is one"
            return f"a link that leads nowhere{whose}", expected, "Put the file in the link's place"
        if place != path and place.exists() and not place.is_dir():
            return f"no such file: {place} is no folder", expected, f"Move that away. {again}"
    if error.errno == errno.ENOENT:
        return "no such file", expected, again
    return f"a file that cannot be read ({error.strerror})", expected, "Check the disk and unpack the file again"
