"""The logger of datamill. Importing it installs no handler."""

from __future__ import annotations

import logging
import sys

JOBS = 15
"""Level of messages about makes: their start, success and error."""

logging.addLevelName(JOBS, "JOBS")

logger = logging.getLogger("datamill")


class _StandardError(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to whatever ``sys.stderr`` is at the moment, so that notebooks and tests see it."""

    def emit(self, record: logging.LogRecord) -> None:
        self.setStream(sys.stderr)
        super().emit(record)


def set_level(level: str) -> None:
    """Set the least severity shown, and show messages on standard error unless the program handles logging itself.

    Args:
        level: A level name such as ``"INFO"`` or ``"JOBS"``.
    """
    logger.setLevel(level)
    if not logger.hasHandlers():
        handler = _StandardError()
        handler.setFormatter(
            logging.Formatter("[%(asctime)s][%(levelname)s]: %(message)s", "%Y-%m-%d %H:%M:%S")
        )
        logger.addHandler(handler)
