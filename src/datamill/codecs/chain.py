"""Chains of codecs: a codec may store its values through another one, down to a core type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import repeat
from typing import Any, Final

from datamill.codecs.calls import Call, bind
from datamill.codecs.codec import Codec, Revision
from datamill.codecs.specification import lookup_codec
from datamill.errors import DataMillError, InvalidValueError
from datamill.model.types import parse_type

Key = Mapping[str, Any]
Context = Mapping[str, Any]
RunAll = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]
"""Calls a function for each item, maybe several at a time, and returns the results in order."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A value that is stored already: `CodecChain` passes on what the column holds for it, through no codec."""

    stored: Any


@dataclass(frozen=True, slots=True)
class CodecChain:
    """The codecs between the value a user sees and the value in the column.

    Fields:
        spec: The type it stands for: ``<blob>``.
        codecs: Outermost first, the order of encoding; empty for a core type.
        stores: The store in effect at each codec: None in the row, ``""`` the default store.
        dtype: The core type of the column.
        store: The store in effect at the end.
        encode_needs_key: Whether any codec looks at the primary key of the row when encoding.
        decode_needs_key: The same when decoding.

    Example:
        >>> chain = chain_for("<blob>")
        >>> chain.dtype, chain.decode_column(chain.encode_column([1, None]))
        ('bytes', [1, None])
    """

    spec: str
    codecs: tuple[Codec, ...]
    stores: tuple[str | None, ...]
    dtype: str
    store: str | None
    encode_needs_key: bool = field(init=False)
    decode_needs_key: bool = field(init=False)
    _encoders: tuple[Call, ...] = field(init=False, repr=False, compare=False)
    _decoders: tuple[Call, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        encoders: list[Call] = []
        encode_needs_key = decode_needs_key = False
        decoders: list[Call] = []
        for codec, store in zip(self.codecs, self.stores, strict=True):
            if type(codec).validate is not Codec.validate:
                encoders.append(_validation(codec))
            encoder, needs_key = bind(codec.encode, {"store_name": store})
            encoders.append(encoder)
            encode_needs_key |= needs_key
            decoder, needs_key = bind(codec.decode, {})
            decoders.insert(0, decoder)
            decode_needs_key |= needs_key
        object.__setattr__(self, "encode_needs_key", encode_needs_key)
        object.__setattr__(self, "decode_needs_key", decode_needs_key)
        object.__setattr__(self, "_encoders", tuple(encoders))
        object.__setattr__(self, "_decoders", tuple(decoders))

    @property
    def reads_store(self) -> bool:
        """Whether decoding reads from a store, instead of giving references that read later."""
        return self.store is not None and not self.codecs[-1].is_lazy

    def encode_column(
        self,
        values: Sequence[Any],
        keys: Iterable[Key] | None = None,
        context: Context | None = None,
        first_row: int = 0,
        run_all: RunAll | None = None,
    ) -> list[Any]:
        """Return the stored values of a column; each codec of the chain validates what it is given.

        Args:
            values: What users insert; None stays None and reaches no codec.
            keys: Primary-key values of each row; needed only if `encode_needs_key`.
            context: ``schema``, ``table``, ``field`` and ``config``.
            first_row: Position of the first value in the user's input, for messages.
            run_all: Encodes several values at a time.

        Raises:
            Exception: Whatever a codec raises, with a note that names table, attribute and row; errors of
                datamill also get their ``row_index``.
        """
        if run_all is None:
            return self._run(self._encoders, values, keys, context, first_row, "encoding")
        return self._run_at_once(run_all, self._encoders, values, keys, context, first_row, "encoding")

    def validate_column(
        self, values: Sequence[Any], context: Context | None = None, first_row: int = 0
    ) -> None:
        """Let the outermost codec validate values, and encode none.

        Raises:
            Exception: As for `encode_column`.
        """
        if self.codecs and type(self.codecs[0]).validate is not Codec.validate:
            self._run(self._encoders[:1], values, None, context, first_row, "encoding")

    def rehearse_column(
        self,
        values: Sequence[Any],
        keys: Iterable[Key] | None = None,
        context: Context | None = None,
        first_row: int = 0,
    ) -> None:
        """Validate and encode values up to the last codec, which only validates them: it may store them.

        Args and Raises: as for `encode_column`.
        """
        self._run(self._encoders[:-1], values, keys, context, first_row, "encoding")

    def decode_column(
        self,
        stored: Sequence[Any],
        keys: Iterable[Key] | None = None,
        context: Context | None = None,
        first_row: int = 0,
        run_all: RunAll | None = None,
    ) -> list[Any]:
        """Return the values of a stored column; the inverse of `encode_column`.

        Args:
            stored: Values of type `dtype`; None stays None and reaches no codec.
            keys: Primary-key values of each row; needed only if `decode_needs_key`.
            context: ``schema``, ``table``, ``field`` and ``config``.
            first_row: Position of the first value in the result, for messages.
            run_all: Decodes several values at a time.

        Raises:
            Exception: As for `encode_column`.
        """
        if run_all is not None:
            return self._run_at_once(run_all, self._decoders, stored, keys, context, first_row, "decoding")
        return self._run(self._decoders, stored, keys, context, first_row, "decoding")

    def _run(
        self,
        calls: tuple[Call, ...],
        values: Sequence[Any],
        keys: Iterable[Key] | None,
        context: Context | None,
        first_row: int,
        activity: str,
    ) -> list[Any]:
        results: list[Any] = []
        try:
            for value, key in zip(values, repeat(None) if keys is None else keys, strict=keys is not None):
                result = value
                for call in calls:
                    if result is None or type(result) is Staged:
                        break
                    result = call(result, key, context)
                results.append(result.stored if type(result) is Staged else result)
        except Exception as error:
            _locate(error, self.spec, context or {}, first_row + len(results), activity)
            raise
        return results

    def _run_at_once(
        self,
        run_all: RunAll,
        calls: tuple[Call, ...],
        values: Sequence[Any],
        keys: Iterable[Key] | None,
        context: Context | None,
        first_row: int,
        activity: str,
    ) -> list[Any]:
        """Do the same for several values at a time."""

        def one(item: tuple[int, Any, Key | None]) -> Any:
            position, value, key = item
            given = None if key is None else (key,)
            return self._run(calls, (value,), given, context, first_row + position, activity)[0]

        given = list(repeat(None, len(values)) if keys is None else keys)
        items = [(i, v, k) for i, (v, k) in enumerate(zip(values, given, strict=True)) if v is not None]
        results: list[Any] = [None] * len(values)
        for (position, _, _), result in zip(items, run_all(one, items), strict=True):
            results[position] = result
        return results


def _validation(codec: Codec) -> Call:
    def call(value: Any, key: Key | None, context: Context | None) -> Any:
        codec.validate(value)
        return value

    return call


def _locate(error: Exception, spec: str, context: Context, row_index: int, activity: str) -> None:
    """Say on an error where it arose."""
    table, attribute = _table_name(context), context.get("field")
    place = f"attribute {attribute!r} of {table}" if attribute and table else f"a value of {spec}"
    error.add_note(f"While {activity} {place}, type {spec}, row {row_index}.")
    if isinstance(error, DataMillError) and error.row_index is None:
        error.row_index = row_index
    if isinstance(error, InvalidValueError):
        for name, fact in (("table", table), ("attribute", attribute)):
            setattr(error, name, getattr(error, name) or fact)


def _table_name(context: Context) -> str | None:
    table = context.get("table")
    return f"{context['schema']}.{table}" if table and context.get("schema") else table


def chain_for(spec: str) -> CodecChain:
    """Return the chain of codecs behind a type.

    Args:
        spec: A codec specification such as ``<blob>``, or a core type, whose chain is empty.

    Raises:
        DataMillError: A codec is unknown or does not support the mode, or codecs refer to each other in a circle.
        DefinitionError: A codec names a core type that does not exist.

    Example:
        >>> [codec.name for codec in chain_for("<blob>").codecs]
        ['blob']
    """
    return _chain_for(spec, Revision.number)


@lru_cache(maxsize=1024)
def _chain_for(spec: str, revision: int) -> CodecChain:
    """Resolve a chain once for each state of the registry."""
    codecs: list[Codec] = []
    stores: list[str | None] = []
    store: str | None = None
    current = parse_type(spec)
    while current.is_codec:
        codec, named_store = lookup_codec(current.text)
        store = named_store or (store if store is not None else named_store)
        if any(earlier is codec for earlier in codecs):
            circle = " -> ".join(f"<{item.name}>" for item in (*codecs, codec))
            raise DataMillError(
                f"The codecs of {spec} refer to each other in a circle: {circle}.", hint=_CIRCLE
            )
        codecs.append(codec)
        stores.append(store)
        current = parse_type(codec.get_dtype(store is not None))
    return CodecChain(spec, tuple(codecs), tuple(stores), current.text, store)


_CIRCLE: Final = "Let get_dtype of one of them name a core type."


def resolve_dtype(spec: str) -> tuple[str, list[Codec], str | None]:
    """Return the column type, the codecs (outermost first) and the store behind a type.

    Args:
        spec: As for `chain_for`.

    Raises:
        DataMillError: As for `chain_for`.

    Example:
        >>> resolve_dtype("varchar(8)")
        ('varchar(8)', [], None)
    """
    chain = chain_for(spec)
    return chain.dtype, list(chain.codecs), chain.store
