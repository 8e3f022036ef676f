"""Database servers that belong to one test: they may be stopped under a client, or be a second one of their kind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.services import service_url

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "scripts" / "services"


class OwnServer:
    """A server of `scripts/services` in a folder of its own.

    Args:
        name: ``postgresql``, ``mysql`` or ``mariadb``.
        folder: One that the servers' unprivileged user can reach.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder

    @property
    def url(self) -> str:
        """Where it is; the same after a restart."""
        found: dict[str, str] = json.loads((self._folder / "urls.json").read_text())
        return found[self.name]

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; PostgreSQL also as if it crashed: ``immediate``."""
        address = self._folder / "urls.json"
        text = address.read_text()
        self._run("stop", mode)
        address.write_text(text)

    def _run(self, command: str, mode: str = "fast") -> None:
        environment = {
            **os.environ,
            "DATAMILL_SERVICES_DIR": str(self._folder),
            "POSTGRESQL_STOP_MODE": mode,
        }
        log = self._folder / "output.log"
        with log.open("w") as output:  # no pipe: the server would hold it open
            words = [str(SERVICES), command, self.name]
            done = subprocess.run(words, env=environment, stdout=output, stderr=output, timeout=120)
        assert done.returncode == 0, log.read_text()


@contextmanager
def own_server(name: str) -> Iterator[OwnServer]:
    """Run a new, empty server for the time of a block; skip the test where the program is not installed."""
    if service_url(name) is None:
        pytest.skip(f"{name} does not run: scripts/services start {name}")
    folder = Path(f"/var/tmp/datamill-own-{name}-{os.getpid()}")
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    server = OwnServer(name, folder)
    try:
        _share_program(name, folder)
        server.start()
        yield server
        server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _share_program(name: str, folder: Path) -> None:
    """Let a server that was unpacked, not installed, run from where it is."""
    command = Path(os.environ.get("DATAMILL_SERVICES_DIR", ROOT / ".services")) / f"{name}.command"
    unavailable = command.with_suffix(".unavailable")
    if unavailable.exists():
        pytest.skip(unavailable.read_text().strip())
    if command.exists():
        program = Path(command.read_text().splitlines()[0])
        unpacked = next((parent for parent in program.parents if parent.name == f"{name}-server"), None)
        if unpacked is not None:
            (folder / f"{name}-server").symlink_to(unpacked)
