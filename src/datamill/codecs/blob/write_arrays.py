"""Writing of numpy arrays, numpy scalars and MATLAB containers. Importing this module imports numpy."""

from __future__ import annotations

import sys
from functools import lru_cache
from struct import Struct, pack
from typing import Any, Final

import numpy as np

from datamill.codecs.blob import format as layout
from datamill.codecs.blob.matlab import MatCell, MatStruct
from datamill.codecs.blob.sink import Buffer, Sink, refuse

Array = np.ndarray[Any, np.dtype[Any]]
_DTYPE: Final = Struct("<II").pack
_SCALARS: Final = (np.number, np.bool_, np.datetime64, np.void)


def write_numpy(writer: Sink, value: object, depth: int) -> int | None:
    """Write a value of numpy.

    Args:
        writer: Takes the parts.
        value: Anything.
        depth: How many containers are around the value.

    Returns:
        The length of the body in bytes; None if the value is not numpy's, or is a str or bytes of numpy.

    Raises:
        InvalidValueError: The dtype has no place in a blob.
    """
    if isinstance(value, np.ndarray):
        if isinstance(value, MatCell):
            return _write_cell(writer, value, depth)
        if isinstance(value, MatStruct):
            return _write_struct(writer, value, depth)
        return _write_any(writer, _plain(value), depth)
    if isinstance(value, _SCALARS):
        if isinstance(value, np.void):
            raise refuse(value, "a single record has no form", "Put it in an array, or make it a dict.")
        return _write_scalar(writer, value, depth)
    return None


def _write_scalar(writer: Sink, scalar: Any, depth: int) -> int:
    head = _scalar_head(scalar.dtype.str)
    if head is None:
        return _write_array(writer, np.asarray(scalar), depth)
    writer.is_matlab = False
    return writer.add(head + scalar.tobytes())


@lru_cache(maxsize=64)
def _scalar_head(dtype: str) -> bytes | None:
    """Return what stands before the bytes of a numpy scalar; None if the long way has to decide."""
    is_complex = dtype in layout.COMPLEX_CODES
    code = layout.COMPLEX_CODES.get(dtype) or layout.REAL_CODES.get(dtype)
    return None if code is None else pack("<BQII", layout.ARRAY, 0, code, int(is_complex))


def _plain(array: Array) -> Array:
    """Return the base array of a subclass; refuse one with masked entries, whose mask would be lost."""
    masked = sys.modules.get("numpy.ma")
    if masked is not None and isinstance(array, masked.MaskedArray):
        if b"\x01" in masked.getmaskarray(array).tobytes():
            raise refuse(array, "its mask would be lost", "Fill the masked entries: array.filled(...).")
        return np.asarray(array.data)
    return array.view(np.ndarray)


def _write_any(writer: Sink, array: Array, depth: int) -> int:
    write = _write_array if array.dtype.names is None else _write_structured
    return write(writer, array, depth)


def _shape(code: int, array: Array) -> bytes:
    return pack(f"<B{array.ndim + 1}Q", code, array.ndim, *array.shape)


def _write_array(writer: Sink, array: Array, depth: int) -> int:
    if array.dtype.kind in "UT":
        array = array.astype(object)
    head = _shape(layout.ARRAY, array)
    if array.dtype.kind == "O":
        writer.is_matlab = False
        length = writer.add(head + _DTYPE(layout.OBJECT_DTYPE, 0))
        return length + writer.items(array.ravel(order="F").tolist(), depth)
    dtype = array.dtype.newbyteorder("<")
    array = array.astype(dtype, copy=False)
    complex_code = layout.COMPLEX_CODES.get(dtype.str)
    code = layout.REAL_CODES.get(dtype.str) if complex_code is None else complex_code
    if code is None:
        raise refuse(array, f"dtype {array.dtype} has no place in a blob", _advice(array.dtype.kind))
    if array.ndim == 0 or code in layout.DATETIME_DTYPES:
        writer.is_matlab = False
    length = writer.add(head + _DTYPE(code, int(complex_code is not None)))
    if complex_code is not None:
        return length + writer.add(_column_major(array.real)) + writer.add(_column_major(array.imag))
    return length + writer.add(_column_major(array))


def _advice(kind: str) -> str:
    return {
        "f": "Convert it: array.astype('float32') or 'float64'.",
        "c": "Convert it: array.astype('complex128').",
        "m": "Convert it to numbers of a unit: array / numpy.timedelta64(1, 's').",
        "M": "Give it one of numpy's plain units: array.astype('datetime64[us]').",
        "S": "Decode it: array.astype(str), or store plain bytes.",
    }.get(kind, "Convert it to numbers, text, or an array with named fields.")


def _column_major(array: Array) -> Buffer:
    """Return an array's bytes in column-major order: its own memory where it lies that way, else a copy."""
    if array.size == 0:
        return b""
    if not array.flags.f_contiguous:
        return array.tobytes(order="F")
    row_major: Array = array.T if array.ndim else array.reshape(1)
    content: Array = row_major.view(np.uint8)
    return content.data.cast("B")


def _write_structured(writer: Sink, array: Array, depth: int) -> int:
    if depth >= layout.MAX_DEPTH:
        raise refuse(array, f"its fields are nested more than {layout.MAX_DEPTH} deep")
    writer.is_matlab = False
    names = array.dtype.names or ()
    if not names:
        raise refuse(array, "a structured array without fields has no form")
    length = writer.add(_DTYPE_HEAD(layout.STRUCTURED, len(names)) + _names(array, names))
    for name in names:
        field = array[name]
        if field.shape != array.shape:
            raise refuse(array, f"its field {name!r} holds an array per record", "Store that field apart.")
        length += _write_any(writer, field, depth + 1)
    return length


_DTYPE_HEAD: Final = Struct("<BI").pack


def _names(array: Array, names: tuple[str, ...]) -> bytes:
    if any("\0" in name for name in names):
        raise refuse(array, "a field name holds a NUL character")
    try:
        return b"".join(name.encode() + b"\0" for name in names)
    except UnicodeEncodeError as error:
        raise refuse(array, "a field name holds a lone surrogate, which is no character") from error


def _write_cell(writer: Sink, cell: Array, depth: int) -> int:
    length = writer.add(_shape(layout.CELL, cell))
    return length + writer.items(list(cell.view(np.ndarray).ravel(order="F")), depth)


def _write_struct(writer: Sink, struct: Array, depth: int) -> int:
    records = struct.view(np.ndarray).ravel(order="F")
    names = records.dtype.names
    if names is None:
        raise refuse(struct, "a MatStruct needs named fields", "Use dtype=[('name', object), ...].")
    if not names and records.size > layout.MAX_EMPTY_STRUCT:
        raise refuse(struct, f"a struct without fields has at most {layout.MAX_EMPTY_STRUCT} elements")
    head = _shape(layout.STRUCT, struct) + pack("<I", len(names)) + _names(struct, names)
    columns = [list(records[name]) for name in names]
    items = [value for element in zip(*columns, strict=True) for value in element]
    return writer.add(head) + writer.items(items, depth)
