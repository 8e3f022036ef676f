"""`NpyRef`: an array in a store, of which slices are read alone."""

from __future__ import annotations

import ast
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy
from numpy.lib import format as npy_format
from numpy.lib.mixins import NDArrayOperatorsMixin

from datamill.codecs.refs.reference import Reference
from datamill.errors import ConfigError
from datamill.storage.backend import StorageBackend
from datamill.storage.folders import damaged
from datamill.storage.stores import Stores

FIRST_READ: Final = 256
LONGEST_HEADER: Final = 2**20
LARGE_ROW: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Header:
    """What the beginning of a NumPy file says: ``shape``, ``dtype``, ``fortran`` order, and where data begin."""

    shape: tuple[int, ...]
    dtype: numpy.dtype[Any]
    fortran: bool
    offset: int

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return self.offset + math.prod(self.shape) * self.dtype.itemsize


def read_header(backend: StorageBackend, path: str) -> Header:
    """Read the header of a NumPy file, and nothing else.

    Raises:
        ValueError: It is no NumPy file.
    """
    start = backend.get_range(path, 0, FIRST_READ)
    if start[:6] != npy_format.MAGIC_PREFIX or len(start) < 12:
        raise ValueError("it does not begin as one")
    width = 2 if start[6] == 1 else 4
    offset = 8 + width + int.from_bytes(start[8 : 8 + width], "little")
    if offset > LONGEST_HEADER:
        raise ValueError(f"its header would take {offset} bytes")
    if offset > len(start):
        start += backend.get_range(path, len(start), offset)
    text = start[8 + width : offset].decode("utf-8" if start[6] >= 3 else "latin-1")
    try:
        facts = ast.literal_eval(text)
        dtype = npy_format.descr_to_dtype(facts["descr"])
        return Header(tuple(facts["shape"]), dtype, bool(facts["fortran_order"]), offset)
    except (SyntaxError, KeyError, TypeError) as error:
        raise ValueError(f"its header is damaged ({error})") from error


class NpyRef(Reference, NDArrayOperatorsMixin):
    """An array in a store. Shape and type are known without reading; slices read their own bytes only.

    Operators, NumPy functions and ``numpy.asarray`` read the whole array, once.

    Example:
        >>> trace = Recording.fetch1("trace")
        >>> trace.shape, trace.dtype, trace.is_loaded
        ((900, 64, 64), dtype('uint16'), False)
        >>> frame = trace[10]  # reads 8 KiB
    """

    def __init__(
        self,
        metadata: Mapping[str, Any],
        backend: StorageBackend | None = None,
        *,
        stores: Stores | None = None,
    ) -> None:
        super().__init__(metadata, backend, stores=stores)
        self._array: Any = None
        self._known_header: Header | None = None

    # without I/O -----------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return tuple(self._meta["shape"])

    @property
    def dtype(self) -> numpy.dtype[Any]:
        """Type of the elements."""
        text = self._meta["dtype"]
        if text[:1] in "[{(":
            text = ast.literal_eval(text)
        found: numpy.dtype[Any] = numpy.dtype(text)
        return found

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        return self.size * self.dtype.itemsize

    @property
    def hash(self) -> str | None:
        """Hash of the file if the row has it."""
        return self._meta.get("hash")

    @property
    def is_loaded(self) -> bool:
        """Whether the whole array has been read and is kept."""
        return self._array is not None

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array without axes.")
        return self.shape[0]

    def __repr__(self) -> str:
        loaded = "loaded" if self.is_loaded else "not loaded"
        return f"NpyRef({self.path!r}, shape={self.shape}, dtype={self._meta['dtype']}, {loaded})"

    # reading ---------------------------------------------------------------------------------------------------

    def load(self, mmap_mode: str | None = None) -> Any:
        """Return the array; without mmap it is read once and kept.

        Args:
            mmap_mode: ``r`` or ``c``: map the file instead of reading it. A file of a remote store is copied to
                ``storage.cache`` first.

        Raises:
            MissingExternalFile: The file is not in the store.
            ObjectIntegrityError: It is not what was stored.
            ConfigError: A remote file is to be mapped, and there is no cache.
        """
        if mmap_mode is not None:
            return self._map(mmap_mode)
        if self._array is None:
            content = self._read()
            try:
                self._array = numpy.load(io.BytesIO(content), allow_pickle=False)
            except ValueError as error:
                raise damaged(self._backend, self.path, f"is no NumPy file ({error})") from error
        return self._array

    def _check(self, size: int, digest: str | None) -> None:
        if self._meta.get("size") is None and self._settings.verify != "none":
            expected = self._header().size
            if size != expected:
                raise damaged(self._backend, self.path, f"has {size} bytes instead of {expected}")
        super()._check(size, digest)

    def _map(self, mode: str) -> Any:
        modes: dict[str, Literal["r", "c"]] = {"r": "r", "c": "c"}
        if mode not in modes:
            raise ValueError(f"mmap_mode {mode!r} would change the object; use 'r' or 'c'.")
        backend = self._backend
        if backend.protocol == "file":
            self.verify("size")
            return numpy.load(backend._full_path(self.path), mmap_mode=modes[mode], allow_pickle=False)
        cache = self._cache
        if cache is None:
            raise ConfigError(
                "Mapping an array of a remote store needs a cache.",
                setting="storage.cache",
                hint="Set config.storage.cache to a folder, or load without mmap_mode.",
            )
        key = cache.key(backend, self.path)
        file = cache.find(key, size=self._meta.get("size")) or cache.fill_from(key, backend, self.path)
        self._check(file.stat().st_size, None)
        return numpy.load(file, mmap_mode=modes[mode], allow_pickle=False)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = self.load()
        if dtype is not None and numpy.dtype(dtype) != array.dtype:
            if copy is False:
                raise ValueError(f"A copy is needed to turn {array.dtype} into {dtype}.")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        plain = [item.load() if isinstance(item, NpyRef) else item for item in inputs]
        return getattr(ufunc, method)(*plain, **keywords)

    def __getitem__(self, index: Any) -> Any:
        if self._array is not None:
            return self._array[index]
        first, rest = (index[0], index[1:]) if isinstance(index, tuple) and index else (index, ())
        header = self._header() if isinstance(first, slice | int | numpy.integer) and self.shape else None
        if header is None or header.fortran or isinstance(first, bool) or header.dtype.itemsize == 0:
            return self.load()[index]
        if isinstance(first, slice):
            rows = range(*first.indices(header.shape[0]))
            return self._rows(header, rows)[(slice(None), *rest)]
        position = int(first)
        if not -header.shape[0] <= position < header.shape[0]:
            raise IndexError(f"Index {position} is out of bounds for axis 0 with size {header.shape[0]}.")
        row = position % header.shape[0]
        found = self._rows(header, range(row, row + 1))
        return found[(0, *rest)]

    def _rows(self, header: Header, rows: range) -> Any:
        """Return rows along the first axis; nothing but their bytes is read."""
        width = math.prod(header.shape[1:]) * header.dtype.itemsize
        if abs(rows.step) > 1 and width >= LARGE_ROW:
            parts = [self._span(header, row, row + 1, width) for row in rows]
            return numpy.concatenate(parts) if parts else self._span(header, 0, 0, width)
        if not rows:
            return self._span(header, 0, 0, width)
        low, high = min(rows), max(rows) + 1
        return (
            self._span(header, low, high, width)[rows[0] - low :: rows.step]
            if len(rows) > 1
            else self._span(header, low, high, width)
        )

    def _span(self, header: Header, start: int, stop: int, width: int) -> Any:
        begin, end = header.offset + start * width, header.offset + stop * width
        content = self._backend.get_range(self.path, begin, end) if end > begin else b""
        if len(content) != end - begin:
            raise damaged(self._backend, self.path, f"ends before byte {end}")
        shape = (stop - start, *header.shape[1:])
        return numpy.frombuffer(bytearray(content), header.dtype).reshape(shape)

    def _header(self) -> Header:
        if self._known_header is None:
            try:
                self._known_header = read_header(self._backend, self.path)
            except ValueError as error:
                raise damaged(self._backend, self.path, f"is no NumPy file ({error})") from error
        header = self._known_header
        if header.shape != self.shape:
            raise damaged(self._backend, self.path, f"has shape {header.shape} instead of {self.shape}")
        return header

    def tolist(self) -> Any:
        """Return the array as nested lists."""
        return self.load().tolist()


__all__ = ["Header", "NpyRef", "read_header"]
