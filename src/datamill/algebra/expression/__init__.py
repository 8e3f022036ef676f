"""The portable expression language: text parsed, resolved against a heading, and typed."""

from datamill.algebra.expression.parse import parse_condition, parse_expression, parse_order
from datamill.algebra.expression.paths import PathKey, parse_path, parse_path_key, path_text

__all__ = [
    "PathKey",
    "parse_condition",
    "parse_expression",
    "parse_order",
    "parse_path",
    "parse_path_key",
    "path_text",
]
