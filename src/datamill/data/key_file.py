"""Keys in a temporary file, for plans too large for memory."""

from __future__ import annotations

import io
import marshal
import pickle
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datamill import backends
from datamill.backends.base import BackendSession
from datamill.settings.address import DatabaseAddress
from datamill.settings.values import Settings

Key = tuple[Any, ...]

_CREATE = 'CREATE TABLE "key" ("position" INTEGER PRIMARY KEY, "key" BLOB NOT NULL UNIQUE)'
_MOST_VALUES = 500
_PLAIN = 2
"""Version of the marshal format that remembers no objects, so that the bytes depend on values only."""
_PICKLED = b"\x80"
"""First byte of pickled keys; marshalled ones start with another."""


class KeyFile:
    """Distinct keys in the order in which they came, in an SQLite file that goes with this object."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="datamill-keys-")
        path = str(Path(folder) / "keys.db")
        self._session = backends.connect(DatabaseAddress("sqlite", path), Settings())
        weakref.finalize(self, _remove, self._session, folder)
        self._session.execute(_CREATE)
        self._count = 0

    def add(self, keys: Sequence[Key]) -> int:
        """Add keys; return how many were new."""
        before = self._count
        self._session.begin()
        for start in range(0, len(keys), _MOST_VALUES):
            texts = list(dict.fromkeys(map(_pack, keys[start : start + _MOST_VALUES])))
            marks = ", ".join(["(?)"] * len(texts))
            sql = f'INSERT INTO "key" ("key") VALUES {marks} ON CONFLICT ("key") DO NOTHING'
            self._count += self._session.execute(sql, texts).rowcount
        self._session.commit()
        return self._count - before

    def read(self, start: int, count: int) -> Sequence[Key]:
        """Return keys from a position on."""
        sql = 'SELECT "key" FROM "key" WHERE "position" > ? ORDER BY "position" LIMIT ?'
        return [_unpack(row[0]) for row in self._session.execute(sql, (start, count)).rows]

    def holds(self, key: Key) -> bool:
        """Return whether a key is there."""
        return bool(self._session.execute('SELECT 1 FROM "key" WHERE "key" = ?', (_pack(key),)).rows)

    def __len__(self) -> int:
        return self._count


def _remove(session: BackendSession, folder: str) -> None:
    session.close()
    shutil.rmtree(folder, ignore_errors=True)


def _pack(key: Key) -> bytes:
    """Return bytes that are equal for equal keys."""
    try:
        return marshal.dumps(key, _PLAIN)
    except ValueError:  # it holds something else than numbers, text and bytes
        return _pickle(key)


def _unpack(packed: bytes) -> Key:
    key: Key = pickle.loads(packed) if packed.startswith(_PICKLED) else marshal.loads(packed)
    return key


def _pickle(key: Key) -> bytes:
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=5)
    pickler.fast = True  # without memory of objects seen before, the bytes depend on values only
    pickler.dump(key)
    return buffer.getvalue()
