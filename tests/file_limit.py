"""A limit for the size of files: writing fails half way, in the same manner as on a full disk."""

import contextlib
import resource
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """While it lasts, this process and those it starts write no file of more bytes.

    Python would cut the bytecode of what it imports short, too, without noticing, and stumble over it ever after.
    """
    limits, kept = resource.getrlimit(resource.RLIMIT_FSIZE), sys.dont_write_bytecode
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    sys.dont_write_bytecode = True  # worker processes inherit it
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        sys.dont_write_bytecode = kept
