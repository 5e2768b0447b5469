"""The one error that bad input raises: told in a single line, mended by its reader."""

from pathlib import Path


class InputError(Exception):
    """A file or a word from the user cannot be used.

    The command line prints it as one line and leaves with exit status 2, without a traceback. Everything else that
    is raised is a defect of ours and keeps its traceback.

    Args:
        path: the file, folder or option at fault.
        found: what is there, in a few words.
        expected: what should be there.
        mend: what the reader can do about it, as an imperative sentence without the final full stop.
    """

    def __init__(self, path: str | Path, found: str, expected: str, mend: str):
        self.path, self.found, self.expected, self.mend = path, found, expected, mend
        super().__init__(path, found, expected, mend)

    def __str__(self) -> str:
        end = "" if self.mend.endswith("?") else "."
        line = f"{self.path}: found {self.found}; expected {self.expected}. {self.mend}{end}"
        return " ".join(line.split())
