"""What holds for all tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("datamill", deadline=None)  # a busy machine is no failure
settings.load_profile("datamill")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # started in the background, where nobody types Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _interrupts_mean_the_same_to_every_test() -> Iterator[None]:
    """Undo what libraries do: dask_jobqueue has interrupts end the process as soon as it is imported."""
    yield
    signal.signal(signal.SIGINT, signal.default_int_handler)
