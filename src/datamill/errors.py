"""The error tree: every exception and warning that datamill raises.

Each class names a situation a user can act on; its fields hold the facts, its message ends with the fix.
Everything derives from `DataMillError`, so one `except` clause catches whatever datamill raises on purpose.

Example:
    >>> from datamill.errors import UnknownAttributeError
    >>> str(UnknownAttributeError("'adge' is not an attribute.", attribute="adge", hint="Did you mean 'age'?"))
    "'adge' is not an attribute. Did you mean 'age'?"
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

PACKAGE = __name__.partition(".")[0]


class DataMillError(Exception):
    """Base of all datamill errors.

    Args:
        message: What happened, and to what.
        hint: What to do about it; appended to the message.
        **fields: Facts about the failure. Each class lists its field names in `fields`; a field that is not
            given is None.

    Raises:
        TypeError: A keyword is not a field of the class.
    """

    fields: ClassVar[tuple[str, ...]] = ()
    row_index: int | None = None
    rows_committed: int | None = None

    def __init__(self, message: object = "", *, hint: str | None = None, **fields: Any) -> None:
        super().__init__(message)
        self.hint = hint
        known = self.all_fields()
        for name in known:
            setattr(self, name, fields.pop(name, None))
        if fields:
            raise TypeError(f"{type(self).__name__} has no field {sorted(fields)}; it has {sorted(known)}.")

    @classmethod
    def all_fields(cls) -> tuple[str, ...]:
        """Return the names of the facts this class carries, those of its bases included."""
        return tuple(name for base in reversed(cls.__mro__) for name in vars(base).get("fields", ()))

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Fields are set from the class attribute ``fields``."""

        def __setattr__(self, name: str, value: Any) -> None:
            """As above."""

    def suggest(self, *args: object) -> Self:
        """Return the same error with advice joined to its message.

        Args:
            *args: Texts, joined by a blank.

        Returns:
            This error, so that one can write ``raise error.suggest("Try this.")``.
        """
        advice = " ".join(str(arg) for arg in args)
        self.hint = f"{self.hint} {advice}" if self.hint else advice
        return self

    def __str__(self) -> str:
        message = str(self.args[0]) if self.args else ""
        return f"{message} {self.hint}".strip() if self.hint else message

    def __reduce__(self) -> tuple[Any, ...]:
        facts = {name: _portable(fact) for name, fact in self.__dict__.items()}
        return (_rebuild, (type(self), tuple(map(_portable, self.args)), facts))


def _rebuild(cls: type[DataMillError], args: tuple[Any, ...], state: dict[str, Any]) -> DataMillError:
    """Restore an error sent between processes."""
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def _portable(fact: Any) -> Any:
    """Return a fact that can be sent to another process: itself, or its short text if it cannot be pickled."""
    import pickle
    import reprlib

    try:
        pickle.dumps(fact)
    except Exception:  # noqa: BLE001 - a fact may be any object of the user, whose pickling may raise anything
        return reprlib.repr(fact)
    return fact


class LostConnectionError(DataMillError):
    """The connection to the server broke; what was open is rolled back unless the message says otherwise."""


class ThreadSafetyError(DataMillError):
    """Global state was used although the process declared itself thread-safe."""


class MissingTableError(DataMillError):
    """A table does not exist in the database.

    Fields: ``schema`` and ``table``, the names looked for.
    """

    fields: ClassVar[tuple[str, ...]] = ("schema", "table")


class MissingExternalFile(DataMillError):
    """An object that a row refers to is not in its store.

    Fields: ``path`` within the store, ``store`` name.
    """

    fields: ClassVar[tuple[str, ...]] = ("path", "store")


class ObjectIntegrityError(DataMillError):
    """A stored object is not what its row says: another size or another hash.

    Fields: ``path`` within the store, ``store`` name.
    """

    fields: ClassVar[tuple[str, ...]] = ("path", "store")


class BucketInaccessible(DataMillError):
    """An object store cannot be reached. Field: ``store``, its name."""

    fields: ClassVar[tuple[str, ...]] = ("store",)


class GCIncompleteError(DataMillError):
    """Garbage collection refused to delete because it could not see everything. Field: ``errors``, the reasons."""

    fields: ClassVar[tuple[str, ...]] = ("errors",)


class QueryError(DataMillError):
    """The database refused a statement.

    Fields: ``sql`` text, ``code`` of the database, ``backend`` name, ``table`` if known.
    """

    fields: ClassVar[tuple[str, ...]] = ("sql", "code", "backend", "table")
    is_retryable = False
    """True on an instance if only a deadlock or serialization failure undid the transaction: a repeat may succeed."""


class QuerySyntaxError(QueryError):
    """A condition or expression cannot be understood.

    Fields: ``expression`` as given, ``position`` (0-based character offset) of the trouble if known.
    """

    fields: ClassVar[tuple[str, ...]] = ("expression", "position")


class AccessError(QueryError):
    """The database user lacks a privilege, or the connection is read-only. Field: ``privilege`` that is missing."""

    fields: ClassVar[tuple[str, ...]] = ("privilege",)


class LockTimeoutError(QueryError):
    """A lock was waited for in vain: another process holds the database busy."""


class DuplicateError(QueryError):
    """A row with the same unique key exists.

    Fields: ``attributes`` (names of the clashing unique key), ``key`` (their values, if known).
    """

    fields: ClassVar[tuple[str, ...]] = ("attributes", "key")


class IntegrityError(QueryError):
    """A constraint forbids the change.

    Fields: ``constraint`` (kind), ``child`` and ``parent`` tables, ``attributes``, ``key``, ``missing`` (first ten
    keys without parent), ``missing_count``, ``nearest`` (existing keys that look alike).
    """

    fields: ClassVar[tuple[str, ...]] = (
        "constraint",
        "child",
        "parent",
        "attributes",
        "key",
        "missing",
        "missing_count",
        "nearest",
    )


class UnknownAttributeError(QueryError, KeyError):
    """A name is no attribute of the table or expression. Fields: ``attribute``, ``candidates`` (near misses)."""

    fields: ClassVar[tuple[str, ...]] = ("attribute", "candidates")


class MissingAttributeError(QueryError, KeyError):
    """A required attribute has no value. Fields: ``attribute`` (name or names), ``candidates``."""

    fields: ClassVar[tuple[str, ...]] = ("attribute", "candidates")


class DefinitionError(DataMillError):
    """A table definition is wrong.

    Fields: ``table``, ``line_number`` (1-based), ``line`` (text), ``column`` (1-based).
    """

    fields: ClassVar[tuple[str, ...]] = ("table", "line_number", "line", "column")


class AmbiguousPathError(DataMillError):
    """Several foreign-key paths connect two tables. Field: ``paths``, the choices."""

    fields: ClassVar[tuple[str, ...]] = ("paths",)


class ConfigError(DataMillError, ValueError):
    """A setting is missing or invalid. Fields: ``setting`` (dotted name), ``source`` (where it came from)."""

    fields: ClassVar[tuple[str, ...]] = ("setting", "source")


class MissingExtraError(DataMillError, ImportError):
    """An optional library is not installed. Field: ``extra``, the name to install: ``pip install datamill[extra]``."""

    fields: ClassVar[tuple[str, ...]] = ("extra",)


class InvalidValueError(DataMillError, ValueError):
    """A value does not fit its attribute. Fields: ``table``, ``attribute``, ``value``, ``reason``."""

    fields: ClassVar[tuple[str, ...]] = ("table", "attribute", "value", "reason")


class MakeError(DataMillError):
    """A computation broke the rules of ``make``. Fields: ``table``, ``key``."""

    fields: ClassVar[tuple[str, ...]] = ("table", "key")


class MissingMakeError(MakeError, NotImplementedError):
    """An auto-populated table has no complete ``make``."""


class EmptyMakeError(MakeError):
    """``make`` stored no row for its key, and the configuration calls this an error."""


class WrongKeyError(MakeError):
    """``make`` inserted a row of another key into its own table."""


class UpstreamChangedError(MakeError):
    """The inputs of a computation changed while it ran; nothing was stored."""


class ContractError(DataMillError):
    """``make`` read or wrote outside its declared dependencies. Fields: ``table``, ``other``."""

    fields: ClassVar[tuple[str, ...]] = ("table", "other")


class JobStateError(DataMillError):
    """A job cannot go from its status to the one asked for. Fields: ``key``, ``status``."""

    fields: ClassVar[tuple[str, ...]] = ("key", "status")


class WorkerLostError(DataMillError):
    """A worker process died while computing. Field: ``key`` it was working on."""

    fields: ClassVar[tuple[str, ...]] = ("key",)


class SkipKey(Exception):
    """Raise inside ``make`` to leave a key out on purpose.

    Args:
        reason: Why; kept in the job table when jobs are reserved.
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class DataMillWarning(UserWarning):
    """Base of all datamill warnings."""


class DriftWarning(DataMillWarning):
    """A table in the database differs from its definition in code."""


class LookupDriftWarning(DataMillWarning):
    """Rows of a lookup table differ from its ``contents`` in code."""


class NativeTypeWarning(DataMillWarning):
    """A definition uses a type of one database instead of a portable core type."""


class PrecisionWarning(DataMillWarning):
    """A value lost precision that its attribute cannot hold."""


class ContractWarning(DataMillWarning):
    """``make`` read or wrote outside its declared dependencies."""


class EmptyMakeWarning(DataMillWarning):
    """``make`` stored no row for its key."""


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn as if from the innermost caller outside this package, so that the user's line is shown.

    Args:
        message: What happened, and what to do about it.
        category: A subclass of `DataMillWarning`, or a built-in one.
    """
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == PACKAGE:
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)


DataJointError = DataMillError


def __getattr__(name: str) -> Any:
    """Accept the feature switches of DataJoint 0.14, ``errors._switch_...(True)``, which have no effect."""
    if not name.startswith("_switch_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warn_user(f"errors.{name} switches nothing: the feature is always on.", DataMillWarning)
    return lambda *arguments, **options: None


def near_misses(name: object, choices: Sequence[str], limit: int = 3) -> tuple[str, ...]:
    """Return the choices that look most like a misspelt name, best first.

    Args:
        name: What was written; anything else than text looks like its text.
        choices: What exists.
        limit: How many to return at the most.

    Example:
        >>> near_misses("adge", ["age", "day", "name"])
        ('age',)
    """
    import difflib

    folded = {choice.lower(): choice for choice in choices}
    close = difflib.get_close_matches(str(name).lower(), list(folded), n=limit, cutoff=0.6)
    return tuple(folded[match] for match in close)


def require(value: object, kind: type | tuple[type, ...], rule: str) -> None:
    """Refuse an argument of a wrong type where it enters.

    Args:
        value: The argument.
        kind: What it must be an instance of.
        rule: Says so in words: ``"fill must be a mapping"``.

    Raises:
        TypeError: The rule, and what was given instead.

    Example:
        >>> require(3, str, "A name must be text")
        Traceback (most recent call last):
        TypeError: A name must be text, not int.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{rule}, not {type(value).__name__}.")


def did_you_mean(name: object, choices: Sequence[str]) -> str | None:
    """Return the sentence ``Did you mean 'x' or 'y'?``, or None if nothing looks alike."""
    close = near_misses(name, choices)
    return f"Did you mean {' or '.join(repr(choice) for choice in close)}?" if close else None
