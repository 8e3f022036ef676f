"""Keeping complaints of the font library, which a user can do nothing about, from the terminal."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_MARK = b"Fontconfig warning:"
_ERRORS = 2
"""File descriptor of standard error, to which the library writes by itself."""


@contextmanager
def quiet_fonts() -> Iterator[None]:
    """Leave out what Graphviz's font library says of the machine's font settings; all else is written afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Graphviz warns of fonts that it replaces
        try:
            sys.stderr.flush()
            kept = os.dup(_ERRORS)
        except (OSError, ValueError, AttributeError):  # there is no standard error
            yield
            return
        with tempfile.TemporaryFile() as said:
            os.dup2(said.fileno(), _ERRORS)
            try:
                yield
            finally:
                os.dup2(kept, _ERRORS)
                os.close(kept)
                said.seek(0)
                rest = b"".join(line for line in said if not line.startswith(_MARK))
                if rest:
                    os.write(_ERRORS, rest)
