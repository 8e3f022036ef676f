"""Asking before something is removed."""

from __future__ import annotations

from collections.abc import Mapping

from datamill.errors import DataMillError
from datamill.settings.log import logger

COMMIT_DELETES = "Commit deletes?"
PROCEED = "Proceed?"


def describe_counts(counts: Mapping[str, int], *, zeros: bool = False) -> None:
    """Log how many rows of each table are concerned.

    Args:
        counts: Rows by full table name.
        zeros: Also name tables without rows.
    """
    for name, count in counts.items():
        if count or zeros:
            logger.info("%s (%d tuples)", name, count)


def ask(question: str) -> bool:
    """Ask a question until it is answered yes or no; Enter is no.

    Raises:
        DataMillError: There is nobody to ask.
    """
    while True:
        try:
            answer = input(f"{question} [yes, No]: ").strip().lower()
        except (EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise DataMillError(
                f"There is no interactive input to answer {question!r}; nothing was done.",
                hint="Pass prompt=False, or set config.safemode to False.",
            ) from error
        if answer in ("yes", "no", ""):
            return answer == "yes"
