"""Real S3 servers over HTTP: that of ``scripts/services``, and ones of a test's own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests.services import service_url

KEY, SECRET = "test", "testtest"


class S3Server:
    """A server that runs as long as a ``with`` block.

    Args:
        folder: Where it may keep things.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    @abstractmethod
    def command(self) -> list[str]:
        """Return what starts it."""

    @abstractmethod
    def make_bucket(self, name: str) -> None:
        """Make a bucket."""

    def store(self, location: str) -> dict[str, Any]:
        """Return the settings of a store in a new bucket."""
        name = f"bucket-{uuid.uuid4().hex}"
        self.make_bucket(name)
        return {**store_settings(self.url, name), "location": location}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, or start it again."""
        self.process = subprocess.Popen(
            self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder
        )
        for _ in range(300):
            if _answers(self.port):
                return
            time.sleep(0.1)
        raise TimeoutError("The S3 server did not start.")

    def stop(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()


class Moto(S3Server):
    """moto: one Python process, everything in memory."""

    def command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def make_bucket(self, name: str) -> None:
        _make_bucket(self.url, name)


class Rclone(S3Server):
    """``rclone serve s3`` of a folder: files of objects, one folder for each bucket."""

    def command(self) -> list[str]:
        program = str(Path(sys.executable).with_name("rclone"))
        options = ["--addr", f"127.0.0.1:{self.port}", "--auth-key", f"{KEY},{SECRET}", "--config", ""]
        return [program, "serve", "s3", *options, str(self.folder)]

    def make_bucket(self, name: str) -> None:
        (self.folder / name).mkdir()


SERVERS: dict[str, type[S3Server]] = {"rclone": Rclone, "moto": Moto}


@contextmanager
def running_server(folder: Path) -> Iterator[str]:
    """Give the URL of the server that scripts/services started, else start one for as long as the block runs."""
    known = service_url("s3")
    if known and _answers(int(known.rpartition(":")[2])):
        yield known
        return
    with Moto(folder) as server:
        yield server.url


def store_settings(url: str, bucket: str) -> dict[str, Any]:
    """Return the settings of a store in a bucket, without location."""
    keys = {"access_key": KEY, "secret_key": SECRET, "region": "us-east-1"}
    return {"protocol": "s3", "endpoint": url, "bucket": bucket, **keys}


def new_store(url: str) -> dict[str, Any]:
    """Make a bucket on the shared server, and return the settings of a store in it."""
    name = f"test-{uuid.uuid4().hex}"
    _make_bucket(url, name)
    return {**store_settings(url, name), "location": "lab/data"}


def _make_bucket(url: str, name: str) -> None:
    urllib.request.urlopen(urllib.request.Request(f"{url}/{name}", method="PUT")).close()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
