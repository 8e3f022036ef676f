"""The functions that SQLite lacks, registered with each connection.

Those with the prefix ``dm_`` are ours; SQL for them is made only by `datamill.sql.dialects.functions_sqlite`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import apsw

from datamill.backends import sqlite_dates as dates
from datamill.backends import sqlite_json as documents
from datamill.backends import sqlite_numbers as numbers
from datamill.backends import sqlite_texts as texts
from datamill.backends.sqlite_aggregates import DecimalSum, DistinctConcat, Spread
from datamill.errors import DataMillError, QueryError
from datamill.model.conversion.rule import show

Function = Callable[..., Any]


_FAILURES = (ValueError, TypeError, ArithmeticError, AttributeError, LookupError)
"""What Python raises for values of a kind that a function does not take."""


def refused(name: str, arguments: tuple[Any, ...]) -> QueryError:
    """Make the error for arguments of a kind that a function does not take."""
    return QueryError(
        f"{name.removeprefix('dm_').upper()} cannot take {', '.join(map(show, arguments)) or 'nothing'}.",
        hint="CAST the arguments to the type that the function takes.",
        backend="sqlite",
    )


def strict(name: str, function: Function) -> Function:
    """Make a function that gives NULL if any argument is NULL, and an error of ours for what it cannot take."""

    def apply(*arguments: Any) -> Any:
        for argument in arguments:
            if argument is None:
                return None
        try:
            return function(*arguments)
        except _FAILURES as error:
            if isinstance(error, DataMillError):
                raise
            raise refused(name, arguments) from error

    return apply


def lenient(name: str, function: Function) -> Function:
    """Make a function that gives an error of ours for what it cannot take."""

    def apply(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except _FAILURES as error:
            if isinstance(error, DataMillError):
                raise
            raise refused(name, arguments) from error

    return apply


class Guarded:
    """An aggregate that gives an error of ours for what it cannot take.

    Args:
        name: Name of the aggregate.
        make: Makes the aggregate.
    """

    def __init__(self, name: str, make: Callable[[], Any]) -> None:
        aggregate = make()
        self.step = lenient(name, aggregate.step)
        self.inverse = lenient(name, aggregate.inverse)
        self.value = lenient(name, aggregate.value)
        self.final = lenient(name, aggregate.final)


_STRICT: dict[str, Function] = {
    "dm_hex": numbers.hexadecimal,
    "dm_bit_xor": numbers.exclusive_or,
    "dm_pow": numbers.power,
    "dm_exp": numbers.exponential,
    "dm_log": numbers.logarithm,
    "dm_round": numbers.round_float,
    "dm_truncate": numbers.truncate_float,
    "dm_round_int": numbers.round_integer,
    "dm_truncate_int": numbers.truncate_integer,
    "dm_div": numbers.divide_whole,
    "dm_to_int": numbers.to_integer,
    "dm_to_decimal": numbers.to_decimal,
    "dm_decimal": numbers.decimal_operation,
    "dm_decimal_negate": numbers.negate_decimal,
    "dm_decimal_abs": numbers.absolute_decimal,
    "dm_decimal_cut": numbers.cut_decimal,
    "dm_decimal_key": numbers.decimal_key,
    "dm_float_text": numbers.float_text,
    "dm_float32": numbers.float32,
    "dm_lower": texts.lower,
    "dm_upper": texts.upper,
    "dm_reverse": texts.reverse,
    "dm_repeat": texts.repeat,
    "dm_left": texts.left,
    "dm_right": texts.right,
    "dm_substring": texts.substring,
    "dm_locate": texts.locate,
    "dm_lpad": texts.pad_left,
    "dm_rpad": texts.pad_right,
    "dm_find_in_set": texts.find_in_set,
    "dm_substring_index": texts.substring_index,
    "dm_sha2": texts.sha2,
    "dm_uuid": texts.uuid_of,
    "dm_uuid_text": texts.uuid_text,
    "dm_like": texts.like,
    "dm_ilike": texts.ilike,
    "regexp": texts.regexp,
    "dm_regexp_replace": texts.regexp_replace,
    "dm_regexp_substr": texts.regexp_substr,
    "dm_date_add": dates.add,
    "dm_timestampdiff": dates.difference,
    "dm_datediff": dates.days_between,
    "dm_dayofyear": dates.day_of_year,
    "dm_weekofyear": dates.week_of_year,
    "dm_weekday": dates.weekday,
    "dm_last_day": dates.last_day,
    "dm_microsecond": dates.microsecond,
    "dm_unix": dates.unix_seconds,
    "dm_from_unix": dates.from_unix,
    "dm_to_date": dates.to_date,
    "dm_to_datetime": dates.to_datetime,
    "dm_to_time": dates.to_time,
    "dm_date_format": dates.date_format,
    "dm_str_to_date": dates.str_to_date,
    "dm_json_unquote": documents.unquote,
    "dm_json_key": documents.comparable,
    "dm_json_number": documents.number,
    "dm_json_bool": documents.boolean,
    "dm_json_length": documents.length,
    "dm_json_keys": documents.keys,
    "dm_json_contains": documents.contains,
    "dm_to_json": documents.from_value,
}
_LENIENT: dict[str, Function] = {
    "dm_finite": numbers.finite,
    "dm_add": numbers.add_integers,
    "dm_subtract": numbers.subtract_integers,
    "dm_multiply": numbers.multiply_integers,
    "dm_negate": numbers.negate_integer,
    "dm_concat_ws": texts.concat_ws,
    "dm_json_member": documents.member,
}
_SCALARS = {
    **{name: strict(name, function) for name, function in _STRICT.items()},
    **{name: lenient(name, function) for name, function in _LENIENT.items()},
}
_WINDOWS: dict[str, Callable[[], Any]] = {
    "dm_sum": DecimalSum,
    "dm_stddev_pop": partial(Spread, 0, True),
    "dm_stddev_samp": partial(Spread, 1, True),
    "dm_var_pop": partial(Spread, 0, False),
    "dm_var_samp": partial(Spread, 1, False),
}


def _distinct_concat() -> tuple[Any, Any, Any]:
    return DistinctConcat(), DistinctConcat.step, DistinctConcat.final


def register(connection: apsw.Connection) -> None:
    """Teach a connection the functions and the collation ``decimal``."""
    create = connection.create_scalar_function
    for name, function in _SCALARS.items():
        create(name, function, -1, deterministic=True)
    for name, factory in _WINDOWS.items():
        connection.create_window_function(name, partial(Guarded, name, factory), 1)
    connection.create_aggregate_function("dm_concat_distinct", _distinct_concat, 3)
    connection.create_collation("decimal", numbers.compare_decimals)
