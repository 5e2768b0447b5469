"""Progress bars with rate and time left, for terminals and for log files alike."""

import sys

from tqdm import tqdm


def bar(total: int, description: str, unit: str, done: int = 0, silent: bool = False) -> tqdm:
    """A progress bar on standard error; into a file or pipe it writes a line at most every ten seconds.

    Args:
        total: how many units there are.
        description: what is going on, a word or two.
        unit: the name of one unit, such as " frame".
        done: how many of them were finished earlier.
        silent: show nothing.
    """
    interval = 0.1 if sys.stderr.isatty() else 10.0
    return tqdm(
        total=total,
        desc=description,
        unit=unit,
        initial=done,
        mininterval=interval,
        dynamic_ncols=True,
        smoothing=0.1,
        disable=silent,
    )
