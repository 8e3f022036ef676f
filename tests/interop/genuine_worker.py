"""Runs in the environment of the genuine DataJoint: executes what it is sent, and sends back what comes of it.

Each message is a pickled (code, values) of its length; the answer a pickled (True, value of ``result``) or
(False, (class, message)).
"""

from __future__ import annotations

import os
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any, BinaryIO


def main() -> None:
    """Serve until the input ends."""
    answers: BinaryIO = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the package prints must not mix with answers
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(Path(__file__).parent))
    scope: dict[str, Any] = {}
    while head := sys.stdin.buffer.read(8):
        code, values = pickle.loads(sys.stdin.buffer.read(int.from_bytes(head, "little")))
        scope.update(values, result=None)
        try:
            exec(compile(code, "<test>", "exec"), scope)  # noqa: S102 - that is what this process is for
            answer = pickle.dumps((True, scope["result"]))
        except Exception as error:  # noqa: BLE001 - every failure is an answer
            answer = pickle.dumps((False, (type(error).__name__, str(error))))
        answers.write(len(answer).to_bytes(8, "little") + answer)
        answers.flush()


if __name__ == "__main__":
    main()
