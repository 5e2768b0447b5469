"""Ctrl-C and SIGTERM as a request that the loop answers at its next step."""

import signal
import threading
from types import FrameType
from typing import Any


class Interruption:
    """While in context, the first SIGINT or SIGTERM is noted; a second one acts at once, as usual.

    Attributes:
        signal_number: the signal that came; None so far.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self._before: dict[int, Any] = {}

    @property
    def exit_status(self) -> int:
        """What shells expect: 130 after Ctrl-C, 143 after SIGTERM."""
        return 128 + (self.signal_number or 0)

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *problem: object) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.signal_number = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
