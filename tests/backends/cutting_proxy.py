"""A proxy between client and server that cuts a connection at a chosen word of the client."""

from __future__ import annotations

import select
import socket
import threading
from typing import Self
from urllib.parse import urlsplit


class CuttingProxy:
    """Hands on what client and server say, until a connection is to be cut.

    Args:
        url: The server's address; it must be reached without TLS.

    Fields:
        url: The same address through the proxy.
        cuts: How many connections were cut.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._server = (parts.hostname, parts.port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = url.replace(f":{parts.port}", f":{self._listening.getsockname()[1]}")
        self._word, self._answered, self.cuts = b"", False, 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, word: bytes, answered: bool) -> None:
        """Cut the next connection that says a word: before the server hears it, or once it has answered."""
        self._word, self._answered = word, answered

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        with client, server:
            while True:
                ready, _, _ = select.select([client, server], [], [])
                for source in ready:
                    try:
                        data = source.recv(65536)
                        if not data or (source is client and self._is_over(data, server)):
                            return
                        (server if source is client else client).sendall(data)
                    except OSError:
                        return

    def _is_over(self, data: bytes, server: socket.socket) -> bool:
        if not self._word or self._word not in data:
            return False
        self._word = b""
        self.cuts += 1
        if self._answered:
            server.sendall(data)
            server.recv(65536)
        return True
