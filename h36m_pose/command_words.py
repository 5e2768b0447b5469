"""The command line at work, in the words that go into the records of files (`provenance`). The door imports it."""

import contextlib
import contextvars
import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

_WHERE_NOT_WHAT = {
    "--out": 1, "--output": 1, "--workers": 1, "--jobs": 1, "--no-onnx": 0, "--no-overlay": 0, "--overwrite": 0
}  # fmt: skip
"""Options that say where files go, how fast, or which of them are wanted, with how many words follow them: they are no
part of the record, since they change nothing in a file."""

_words: contextvars.ContextVar[Sequence[str]] = contextvars.ContextVar("words", default=())


@contextlib.contextmanager
def at_work(words: Sequence[str]) -> Iterator[None]:
    """Tells whoever asks within which command line is at work.

    Args:
        words: as typed after `h36m-pose`.
    """
    token = _words.set(words)
    try:
        yield
    finally:
        _words.reset(token)


def current() -> str:
    """The command line at work, as `typed` gives it; empty if Python code called us."""
    words = _words.get()
    return typed(words) if words else ""


def typed(words: Sequence[str]) -> str:
    """A command line for a record: without what changes nothing in a file, and without the name of anybody's home."""
    kept, skipped = ["h36m-pose"], 0
    for word in words:
        option, equals, _ = word.partition("=")
        if skipped:
            skipped -= 1
        elif option in _WHERE_NOT_WHAT:
            skipped = 0 if equals else _WHERE_NOT_WHAT[option]
        else:
            kept.append(_shown(word))
    return " ".join(kept)


def _shown(word: str) -> str:
    """A word with a path below the working folder told from there, one below the home folder from `~`; quoted."""
    before, equals, path = word.rpartition("=")
    if not path.startswith("/"):
        return shlex.quote(word)
    home = os.environ.get("HOME") or "/"
    for folder, instead in ((Path.cwd(), ""), (Path(home), "~/")):
        if folder != Path("/") and Path(path).is_relative_to(folder):
            return f"{before}{equals}{instead}{shlex.quote(str(Path(path).relative_to(folder)))}"
    return shlex.quote(word)
