"""A signal sets the event; the handlers of before are back afterwards."""

from __future__ import annotations

import os
import signal

import pytest

from daedalus.worker.signals import stop_event


def test_a_signal_sets_the_event_and_a_second_ctrl_c_interrupts_again() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with stop_event() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(5)
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_signal_in_the_middle_of_waiting_for_it_is_heard() -> None:
    with stop_event() as stop:
        with stop._cond:  # as `wait` holds it for a moment
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(30)
