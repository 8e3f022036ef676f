"""A network between two processes: ``python -m benchmarks.delay PORT TARGET_PORT MILLISECONDS`` passes bytes on, later.

Each way takes the delay, whatever the number of connections; there is no limit on the bytes per second.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

PIECE = 2**20


@contextmanager
def delayed(url: str, milliseconds: float) -> Iterator[str]:
    """Give a URL that leads to a server on this machine through a process that delays every byte."""
    if not milliseconds:
        yield url
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, __file__, str(port), str(urlsplit(url).port), str(milliseconds)]
    process = subprocess.Popen(command)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.05)
    raise TimeoutError("The delay did not start.")


async def serve(port: int, target: int, delay: float) -> None:
    """Pass on until the process is ended."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", target, limit=PIECE)
        await asyncio.gather(_pass(reader, other_writer, delay), _pass(other_reader, writer, delay))

    server = await asyncio.start_server(connected, "127.0.0.1", port, limit=PIECE)
    await server.serve_forever()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    loop = asyncio.get_running_loop()
    try:
        while piece := await reader.read(PIECE):
            loop.call_later(delay, writer.write, piece)
    except ConnectionError:
        pass  # one side is gone: so is the other, below
    loop.call_later(delay, writer.close)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1e3))
