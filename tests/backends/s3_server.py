"""A real S3 server over HTTP for tests."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def running_server() -> Iterator[str]:
    """Give the URL of the server that scripts/services started, else start one for as long as the block runs."""
    known = os.environ.get("DATAMILL_TEST_S3_URL") or _from_services()
    if known:
        yield known
        return
    port = _free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _from_services() -> str | None:
    file = ROOT / ".services" / "urls.json"
    if not file.exists():
        return None
    url: str | None = json.loads(file.read_text()).get("s3")
    if url and _answers(int(url.rpartition(":")[2])):
        return url
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _wait_for(port: int) -> None:
    for _ in range(300):
        if _answers(port):
            return
        time.sleep(0.1)
    raise TimeoutError("The S3 server did not start.")


def new_bucket(url: str) -> str:
    """Make a bucket and return its name."""
    name = f"test-{uuid.uuid4().hex}"
    urllib.request.urlopen(urllib.request.Request(f"{url}/{name}", method="PUT")).close()
    return name
