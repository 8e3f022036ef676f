"""The genuine DataJoint, as a black box in an environment and a process of its own."""

from __future__ import annotations

import fcntl
import os
import pickle
import subprocess
import venv
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

VERSION = "2.3.5"
OLD_VERSION = "0.14.4"
PACKAGES = {
    VERSION: [f"datajoint[postgres]=={VERSION}"],
    OLD_VERSION: [f"datajoint=={OLD_VERSION}", "numpy<2", "setuptools"],
}
ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".services" / "genuine"
INSTALL_SECONDS = 300


class UnavailableError(Exception):
    """The package cannot be installed here; the text says why."""


class GenuineError(Exception):
    """The genuine package raised: class name and message."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


def python(version: str = VERSION) -> Path:
    """Return the interpreter of an environment with the genuine package, made on first use.

    Raises:
        UnavailableError: It cannot be made.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = FOLDER / f"datajoint-{version}"
        mark = folder / "installed"
        if not mark.exists():
            _install(folder, PACKAGES[version])
            mark.touch()
    return folder / "bin" / "python"


def _install(folder: Path, packages: list[str]) -> None:
    venv.create(folder, with_pip=True, clear=True)
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *packages]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"installing took more than {INSTALL_SECONDS} s") from None
    if run.returncode:
        raise UnavailableError((run.stderr.strip().splitlines() or ["pip failed"])[-1])


class Genuine:
    """A process with the genuine package, connected to a database.

    Args:
        url: URL of the database.
        stores: Settings of the object stores.
        folder: Where the process works.
    """

    def __init__(self, url: str, stores: dict[str, Any], folder: Path) -> None:
        parts = urlsplit(url)
        backend = "postgresql" if parts.scheme.startswith("postgres") else "mysql"
        environment = {name: text for name, text in os.environ.items() if not name.startswith("DJ_")}
        environment |= {
            "DJ_HOST": parts.hostname or "",
            "DJ_PORT": str(parts.port),
            "DJ_USER": unquote(parts.username or ""),
            "DJ_PASS": unquote(parts.password or ""),
            "DJ_BACKEND": backend,
            "DJ_USE_TLS": "false",
            "DJ_LOG_LEVEL": "ERROR",
        }
        if backend == "postgresql":
            environment["DJ_DATABASE_NAME"] = parts.path.strip("/")
        self._process = subprocess.Popen(
            [str(python()), str(Path(__file__).with_name("genuine_worker.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=folder,
        )
        self.run(
            """
            import datajoint as dj
            import pipeline
            dj.config["safemode"] = False
            dj.config.stores.update(stores)
            """,
            stores=stores,
        )

    def run(self, code: str, **values: Any) -> Any:
        """Run code in the process, whose names stay; return what it leaves in ``result``.

        Raises:
            GenuineError: It raised.
        """
        import textwrap

        assert self._process.stdin is not None
        assert self._process.stdout is not None
        message = pickle.dumps((textwrap.dedent(code), values))
        self._process.stdin.write(len(message).to_bytes(8, "little") + message)
        self._process.stdin.flush()
        head = self._process.stdout.read(8)
        if not head:
            raise GenuineError("Ended", f"The process ended with {self._process.wait()}.")
        done, answer = pickle.loads(self._process.stdout.read(int.from_bytes(head, "little")))
        if not done:
            raise GenuineError(*answer)
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)
