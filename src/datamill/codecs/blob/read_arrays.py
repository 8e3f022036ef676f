"""Reading of numpy arrays and MATLAB containers. Importing this module imports numpy.

Arrays are read in column-major order as they are written, own their memory and are writable.
"""

from __future__ import annotations

import math
from struct import Struct
from typing import Any, Final

import numpy as np

from datamill.codecs.blob import format as layout
from datamill.codecs.blob.cursor import U32, Cursor, corrupt
from datamill.codecs.blob.matlab import MatCell, MatStruct

Array = np.ndarray[Any, np.dtype[Any]]
_TWO_U32: Final = Struct("<II")
_SCALAR: Final = {4: bytes(4), 8: bytes(8)}
_REAL: Final = {code: np.dtype(text) for code, text in layout.REAL_DTYPES.items()}


def read_numpy(reader: Cursor, code: int, depth: int) -> Any:
    """Return the array, scalar, cell or struct whose code byte was just read.

    Raises:
        DataMillError: Its bytes are not well formed.
    """
    if code == layout.ARRAY and reader.blob.startswith(_SCALAR[reader.lengths.size], reader.position):
        return _read_scalar(reader, depth)
    array = _READERS[code](reader, depth)
    if reader.squeeze:
        array = array.squeeze()
    return array[()] if array.ndim == 0 and code == layout.ARRAY else array


def _read_scalar(reader: Cursor, depth: int) -> Any:
    """Return a numpy scalar: an array without dimensions."""
    head = reader.advance(reader.lengths.size + 8)
    code, is_complex = _TWO_U32.unpack_from(reader.blob, head + reader.lengths.size)
    dtype = _REAL.get(code)
    if dtype is None or dtype.kind == "b" or is_complex:
        reader.position = head
        return _read_array(reader, depth)[()]
    return np.frombuffer(reader.blob, dtype, 1, reader.advance(dtype.itemsize))[0]


def _dimensions(reader: Cursor) -> tuple[int, ...]:
    count = reader.length()
    if count > layout.MAX_DIMENSIONS:
        raise corrupt(f"an array has {count} dimensions")
    return tuple(reader.length() for _ in range(count))


def _shaped(flat: Array, shape: tuple[int, ...]) -> Array:
    try:
        return flat.reshape(shape, order="F")
    except (ValueError, OverflowError) as error:
        raise corrupt(f"no array has the shape {shape}") from error


def _read_array(reader: Cursor, depth: int) -> Array:
    shape = _dimensions(reader)
    code, is_complex = reader.unpack(_TWO_U32)
    if is_complex > 1:
        raise corrupt(f"the complex flag of an array is {is_complex}")
    if code == layout.OBJECT_DTYPE and not is_complex:
        return _shaped(_objects(reader, math.prod(shape), depth), shape)
    if code == layout.CHAR_DTYPE and not is_complex:
        return _read_chars(reader, shape)
    if code not in _REAL or (is_complex and _REAL[code].kind in "bM"):
        raise corrupt(f"{code} is not a code of array data" + " of complex numbers" * is_complex)
    size = math.prod(shape)
    return _shaped(_read_complex(reader, code, size) if is_complex else _read_real(reader, code, size), shape)


def _read_real(reader: Cursor, code: int, size: int) -> Array:
    dtype = _REAL[code]
    start = reader.advance(size * dtype.itemsize)
    if dtype.kind == "b":
        return np.frombuffer(reader.blob, np.uint8, size, start).astype(np.bool_)
    return np.frombuffer(reader.blob, dtype, size, start).copy()


def _read_complex(reader: Cursor, code: int, size: int) -> Array:
    reader.count_of(2 * _REAL[code].itemsize, size)
    values: Array = np.empty(size, np.complex64 if code == layout.COMPLEX_CODES["<c8"] else np.complex128)
    values.real = _read_real(reader, code, size)
    values.imag = _read_real(reader, code, size)
    return values


def _read_chars(reader: Cursor, shape: tuple[int, ...]) -> Array:
    units = np.frombuffer(reader.blob, "<u2", math.prod(shape), reader.advance(2 * math.prod(shape)))
    if len(shape) == 1 or (len(shape) == 2 and shape[0] == 1):
        return np.array([units.tobytes().decode("utf-16-le", "surrogatepass")])
    return _shaped(units.astype("<u4").view("<U1"), shape)


def _objects(reader: Cursor, size: int, depth: int) -> Array:
    items = reader.items(size, depth)
    values: Array = np.empty(size, dtype=object)
    for index, value in enumerate(items):
        values[index] = value
    return values


def _read_cell(reader: Cursor, depth: int) -> Array:
    shape = _dimensions(reader)
    return _shaped(_objects(reader, math.prod(shape), depth), shape).view(MatCell)


def _names(reader: Cursor) -> list[str]:
    count = reader.count_of(1, reader.unpack(U32)[0])
    names = []
    for _ in range(count):
        stop = reader.blob.find(b"\0", reader.position, reader.end)
        if stop < 0:
            raise corrupt("a field name has no end")
        names.append(reader.take(stop - reader.position).decode())
        reader.advance(1)
    if len(set(names)) < count:
        raise corrupt(f"the field names {names[:20]} repeat")
    return names


def _read_struct(reader: Cursor, depth: int) -> Array:
    shape = _dimensions(reader)
    names, size = _names(reader), math.prod(shape)
    if not names and size > layout.MAX_EMPTY_STRUCT:
        raise corrupt(f"a struct without fields has {size} elements")
    cells = _objects(reader, size * len(names), depth)
    records: Array = np.empty(size, dtype=[(name, object) for name in names])
    for index, name in enumerate(names):
        records[name] = cells[index :: len(names)]
    return _shaped(records, shape).view(MatStruct)


def _read_structured(reader: Cursor, depth: int) -> Array:
    names = _names(reader)
    if not names:
        raise corrupt("a structured array has no fields")
    fields = [_read_field(reader, depth + 1) for _ in names]
    shape = fields[0].shape
    if any(field.shape != shape for field in fields):
        raise corrupt("the fields of a structured array differ in shape")
    dtype = np.dtype([(name, field.dtype) for name, field in zip(names, fields, strict=True)])
    records: Array = np.empty(shape, dtype=dtype, order="F")
    for name, field in zip(names, fields, strict=True):
        records[name] = field
    return records.view(np.recarray)


def _read_field(reader: Cursor, depth: int) -> Array:
    code = reader.take(1)[0]
    if depth > layout.MAX_DEPTH:
        raise corrupt(f"its fields are nested more than {layout.MAX_DEPTH} deep")
    if code not in (layout.ARRAY, layout.STRUCTURED):
        raise corrupt(f"{code:#04x} cannot be the field of a structured array")
    return _READERS[code](reader, depth)


_READERS: Final = {
    layout.ARRAY: _read_array,
    layout.CELL: _read_cell,
    layout.STRUCT: _read_struct,
    layout.STRUCTURED: _read_structured,
}
