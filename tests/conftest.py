"""What holds for all tests."""

from __future__ import annotations

import signal

from hypothesis import settings

settings.register_profile("datamill", deadline=None)  # a busy machine is no failure
settings.load_profile("datamill")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # started in the background, where nobody types Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
