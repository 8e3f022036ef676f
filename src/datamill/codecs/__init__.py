"""Codecs: how Python values become values a column can hold, and back.

A codec is named in a definition between angle brackets: ``<blob>`` lies in the row, ``<blob@>`` in the default object
store, ``<blob@raw>`` in the store named raw. Write one by subclassing `Codec`; codecs may chain on others.

Example:
    >>> from datamill.codecs import resolve_dtype
    >>> dtype, codecs, store = resolve_dtype("<blob>")
    >>> dtype, [codec.name for codec in codecs], store
    ('bytes', ['blob'], None)
"""

from __future__ import annotations

from datamill.codecs.chain import CodecChain, Staged, chain_for, resolve_dtype
from datamill.codecs.codec import Codec, get_codec, is_codec_registered, list_codecs, unregister_codec
from datamill.codecs.specification import lookup_codec, parse_type_spec

__all__ = [
    "Codec",
    "CodecChain",
    "Staged",
    "chain_for",
    "get_codec",
    "is_codec_registered",
    "list_codecs",
    "lookup_codec",
    "parse_type_spec",
    "resolve_dtype",
    "unregister_codec",
]
