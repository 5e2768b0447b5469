"""The first signal is noted, so that training can save; the second one ends it at once."""

import signal
from collections.abc import Iterator

import pytest

from h36m_pose.training.interruption import Interruption


@pytest.fixture(autouse=True)
def ctrl_c_as_python_has_it() -> Iterator[None]:
    """Shells have it ignored in what they start in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_signal_is_noted_and_the_second_one_interrupts() -> None:
    with pytest.raises(KeyboardInterrupt), Interruption() as interruption:
        assert interruption.signal_number is None
        signal.raise_signal(signal.SIGINT)
        assert interruption.signal_number == signal.SIGINT and interruption.exit_status == 130
        signal.raise_signal(signal.SIGINT)


def test_handlers_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interruption():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
