"""Text to syntax tree: sqlglot, taught the grammar of the expression language.

The dialect derives from MySQL's. Only words that are part of the grammar are keywords, so that attributes may be called
``date``, ``index`` or ``left``; every function stays a plain call. Forms that are no calls (``CAST(x AS t)``,
``INTERVAL 1 DAY``, ``EXTRACT(YEAR FROM d)``) are rewritten into calls on the token level, because tokens, unlike the
parser's methods, are the same in every version of sqlglot.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from datamill.errors import QuerySyntaxError

if TYPE_CHECKING:
    from sqlglot import TokenType

Token = Any
"""A token of sqlglot."""

UNITS = frozenset(("MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"))
"""Units of intervals."""

_TYPED_STRINGS = frozenset(("DATE", "TIME", "TIMESTAMP", "DATETIME"))
_STRING = re.compile(r"""'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*\"""", re.DOTALL)
_ESCAPE = re.compile(r"""\\(.)|''|\"\"""", re.DOTALL)
_ESCAPES = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "0": "\0",
    "b": "\b",
    "Z": "\x1a",
    "\\": "\\",
    "'": "'",
    '"': '"',
}
_LONGEST_TEXT = 100_000


@lru_cache(maxsize=2048)
def parse_tree(text: str) -> Any:
    """Parse one expression into a sqlglot tree. The tree is shared: do not change it.

    Strings keep their quotes and escapes (see `unquote`).

    Raises:
        QuerySyntaxError: The text is not one expression.
    """
    return _parse(text, regular_tokens(text))


def split_items(text: str) -> list[tuple[Any, str, list[str]]]:
    """Parse a list of order items: for each its tree, its own text, and the upper-case words behind it.

    Example:
        >>> [(item, words) for _, item, words in split_items("a DESC, b + 1 ASC NULLS LAST")]
        [('a', ['DESC']), ('b + 1', ['ASC', 'NULLS', 'LAST'])]
    """
    items = []
    for part in _split_commas(regular_tokens(text)):
        words: list[str] = []
        while len(part) > 1 and _is_order_word(part):
            words.insert(0, part.pop().text.upper())
        if not part:
            raise syntax_error("An order item is empty", text)
        source = text[part[0].start : part[-1].end + 1]
        items.append((_parse(text, part), source, words))
    return items


def syntax_error(message: str, text: str, position: int | None = None) -> QuerySyntaxError:
    """Make the error for a text that cannot be understood."""
    shown = text if len(text) <= 200 else text[:200] + "..."
    where = "" if position is None else f" at character {position + 1}"
    numpy = _NUMPY_SCALAR.search(text)
    hint = (
        f"{numpy[0]}...) is how numpy shows a value: convert it by .item() or .tolist() first."
        if numpy
        else None
    )
    return QuerySyntaxError(
        f"{message}{where} in the expression {shown!r}.", expression=text, position=position, hint=hint
    )


_NUMPY_SCALAR = re.compile(r"\bnp\.(?:str_|u?int\d+|float\d+|bool_?|datetime64)\(")


def unquote(raw: str) -> str:
    r"""Return the value of a quoted string: doubled quotes, and backslash escapes as in MySQL.

    Example:
        >>> unquote(r"'it''s \d 100\% \n'")
        "it's \\d 100\\% \n"
    """
    quote = raw[0]

    def replace(match: re.Match[str]) -> str:
        escaped: str | None = match[1]
        if escaped is not None:
            return _ESCAPES.get(escaped, match[0])
        return quote if match[0] == quote * 2 else match[0]

    return _ESCAPE.sub(replace, raw[1:-1])


def _is_order_word(part: list[Token]) -> bool:
    word, before = part[-1].text.upper(), part[-2].text.upper()
    return word in ("ASC", "DESC", "NULLS") or (word in ("FIRST", "LAST") and before == "NULLS")


def _split_commas(tokens: list[Token]) -> list[list[Token]]:
    from sqlglot import TokenType

    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += token.token_type in (TokenType.L_PAREN, TokenType.L_BRACKET)
        depth -= token.token_type in (TokenType.R_PAREN, TokenType.R_BRACKET)
        if token.token_type == TokenType.COMMA and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _parse(text: str, tokens: list[Token]) -> Any:
    from sqlglot import expressions
    from sqlglot.errors import ErrorLevel, SqlglotError

    try:
        trees = (
            _dialect()
            .parser(error_level=ErrorLevel.IMMEDIATE)
            .parse_into(expressions.Condition, tokens, text)
        )
    except SqlglotError as error:
        details = (getattr(error, "errors", None) or [{}])[0]
        highlight = details.get("highlight")
        start = len(details["start_context"]) if details.get("start_context") is not None else None
        description = details.get("description") or "Not an expression"
        if "sqlglot" in description:  # it names its classes
            description = "An operand or argument is missing"
        message = f"{description.rstrip('.')}, near {highlight!r},"
        raise _explained(syntax_error(message, text, start), text) from None
    except RecursionError as error:
        raise syntax_error("The expression is nested too deeply", text) from error
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # sqlglot's parser trusts its input in places: text that leads it astray is still only a wrong text.
        raise syntax_error("Not an expression", text) from error
    if len(trees) != 1 or trees[0] is None:
        raise syntax_error("One expression is needed", text)
    return trees[0]


def _explained(error: QuerySyntaxError, text: str) -> QuerySyntaxError:
    if re.search(r"\bselect\b", text, re.IGNORECASE):
        return error.suggest(
            "Subqueries are not part of the language: restrict by another query expression instead."
        )
    return error


def regular_tokens(text: str) -> list[Token]:
    """Return the tokens of a text with all special forms rewritten into calls.

    Raises:
        QuerySyntaxError: The text is empty, has comments, several statements, or unbalanced quotes.
    """
    from sqlglot.errors import SqlglotError

    if not text.strip():
        raise syntax_error("The expression is empty", text)
    if len(text) > _LONGEST_TEXT or "\0" in text:
        raise syntax_error("The expression is too long or holds a NUL character", text)
    try:
        tokens = list(_dialect().tokenize(text))
    except (SqlglotError, ValueError, IndexError) as error:
        raise syntax_error("A quote or bracket is not closed", text) from error
    return _Rewriter(text, tokens).run()


class _Frame:
    """An open parenthesis: the function it belongs to, where its arguments start, what must still come."""

    __slots__ = ("betweens", "function", "start")

    def __init__(self, function: str, start: int) -> None:
        self.function = function
        self.start = start
        self.betweens = 0


class _Rewriter:
    """Rewrites special forms into calls, in one pass over the tokens."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        from sqlglot import TokenType

        self.text = text
        self.tokens = tokens
        self.types = TokenType
        self.make: Any = type(tokens[0]) if tokens else None
        self.out: list[Token] = []
        self.frames = [_Frame("", 0)]
        self.index = 0

    def run(self) -> list[Token]:
        self.check()
        while self.index < len(self.tokens):
            token = self.tokens[self.index]
            rewrite = self.form(token)
            self.index += 1
            if rewrite is None:
                self.plain(token)
            else:
                rewrite(token)
        frame = self.frames[-1]
        if frame.function == "INTERVAL ":
            raise self.error(
                "An INTERVAL needs a unit such as DAY (an attribute of this name needs backticks)",
                self.out[-1],
            )
        self.close(frame, self.out[-1])
        return self.out

    def check(self) -> None:
        if not self.tokens:
            raise syntax_error("The expression holds nothing but a comment", self.text)
        for token in self.tokens:
            if token.comments:
                raise self.error("Comments are not allowed", token)
            if token.token_type == self.types.SEMICOLON:
                raise self.error("Only one expression is allowed: there is a ';'", token)
        words = [
            token.text.upper()
            for token in self.tokens
            if token.token_type in (self.types.WHEN, self.types.THEN)
        ]
        if words.count("WHEN") != words.count("THEN"):
            raise syntax_error("Each WHEN needs its THEN", self.text)

    def error(self, message: str, token: Token) -> QuerySyntaxError:
        return syntax_error(message, self.text, token.start)

    def peek(self, ahead: int = 0) -> Token | None:
        index = self.index + ahead
        return self.tokens[index] if index < len(self.tokens) else None

    def peek_type(self, ahead: int = 0) -> TokenType | None:
        token = self.peek(ahead)
        return None if token is None else token.token_type

    def emit(self, kind: TokenType, text: str, like: Token) -> None:
        self.out.append(self.make(kind, text, like.line, like.col, like.start, like.end))

    def form(self, token: Token) -> Any:
        """Return the method for a token that starts or continues a special form, else None."""
        word = token.text.upper() if token.token_type != self.types.STRING else ""
        key = (self.frames[-1].function, word)
        if token.token_type == self.types.DCOLON:
            return self.double_colon
        if key in _FORMS:
            return getattr(self, _FORMS[key])
        if self.frames[-1].function == "INTERVAL " and word in UNITS and self.out[-1].text not in _OPERATORS:
            return self.close_interval
        return self.word_form(word, self.peek(1))

    def word_form(self, word: str, following: Token | None) -> Any:
        if following is None:
            return None
        if (
            word == "INTERVAL"
            and not self.is_amount(following)
            and (following.token_type in self.operands() or following.text == "-")
        ):
            return self.open_interval
        if word in _TYPED_STRINGS and following.token_type == self.types.STRING:
            return self.typed_string
        return None

    def is_amount(self, following: Token) -> bool:
        """True for an attribute called interval that counts the units of an interval."""
        return self.frames[-1].function == "INTERVAL " and following.text.upper() in UNITS

    def operands(self) -> tuple[TokenType, ...]:
        types = self.types
        return (types.STRING, types.NUMBER, types.VAR, types.IDENTIFIER, types.L_PAREN, types.NULL)

    def plain(self, token: Token) -> None:
        types = self.types
        kind = token.token_type
        if kind == types.STRING:
            self.string(token)
            return
        if kind == types.L_PAREN:
            before = self.out[-1] if self.out else None
            function = before.text.upper() if before is not None and before.token_type == types.VAR else ""
            self.out.append(token)
            self.frames.append(_Frame(function, len(self.out)))
            return
        if kind == types.R_PAREN and len(self.frames) > 1:
            self.close(self.frames.pop(), token)
        elif kind == types.BETWEEN:
            self.frames[-1].betweens += 1
        elif kind == types.AND and self.frames[-1].betweens:
            self.frames[-1].betweens -= 1
        self.out.append(token)

    def close(self, frame: _Frame, token: Token) -> None:
        if frame.function == "INTERVAL ":
            raise self.error("An INTERVAL needs a unit such as DAY", token)
        if frame.betweens:
            raise self.error("A BETWEEN needs its AND", token)

    def string(self, token: Token) -> None:
        raw = self.text[token.start : token.end + 1]
        if not _STRING.fullmatch(raw):
            raise self.error("A string cannot be read", token)
        if self.peek_type() == self.types.STRING:
            raise self.error("Two strings stand side by side: join them with ||", token)
        self.emit(self.types.STRING, raw, token)

    def take_type(self, after: Token) -> None:
        """Emit the words of a type as one string; its parentheses belong to it."""
        first = self.peek()
        if first is None:
            raise self.error("A type is missing", after)
        last = first
        depth = 0
        while (token := self.peek()) is not None and (depth or self.is_type_word(token, token is first)):
            depth += (token.token_type == self.types.L_PAREN) - (token.token_type == self.types.R_PAREN)
            last = token
            self.index += 1
        if last is first and first.token_type != self.types.VAR:
            raise self.error("A type is missing", after)
        words = self.text[first.start : last.end + 1]
        self.emit(self.types.STRING, "'" + words.replace("\\", "\\\\").replace("'", "''") + "'", first)

    def is_type_word(self, token: Token, is_first: bool) -> bool:
        kinds = (self.types.VAR,) if is_first else (self.types.L_PAREN,)
        return token.token_type in kinds or (not is_first and token.text.upper() in _TYPE_WORDS)

    def double_colon(self, token: Token) -> None:
        self.emit(self.types.HASH_ARROW, "::", token)
        self.take_type(token)

    def comma_type(self, token: Token) -> None:
        self.emit(self.types.COMMA, ",", token)
        self.take_type(token)

    def comma(self, token: Token) -> None:
        self.emit(self.types.COMMA, ",", token)

    def separator(self, token: Token) -> None:
        """Move ``SEPARATOR 's'`` to the front: behind an ORDER BY it would count as an order item."""
        literal = self.peek()
        if literal is None or literal.token_type != self.types.STRING:
            raise self.error("SEPARATOR needs a string", token)
        self.index += 1
        raw = self.text[literal.start : literal.end + 1]
        types = self.types
        pieces = (
            (types.VAR, "SEPARATOR"),
            (types.L_PAREN, "("),
            (types.STRING, raw),
            (types.R_PAREN, ")"),
            (types.COMMA, ","),
        )
        moved = [
            self.make(kind, text, token.line, token.col, token.start, token.end) for kind, text in pieces
        ]
        start = self.frames[-1].start
        self.out[start:start] = moved

    def open_interval(self, token: Token) -> None:
        self.emit(self.types.VAR, "INTERVAL", token)
        self.emit(self.types.L_PAREN, "(", token)
        self.frames.append(_Frame("INTERVAL ", len(self.out)))

    def close_interval(self, token: Token) -> None:
        self.frames.pop()
        self.emit(self.types.COMMA, ",", token)
        self.emit(self.types.STRING, f"'{token.text.upper()}'", token)
        self.emit(self.types.R_PAREN, ")", token)

    def typed_string(self, token: Token) -> None:
        literal = self.tokens[self.index]
        self.index += 1
        self.emit(self.types.VAR, "CAST", token)
        self.emit(self.types.L_PAREN, "(", token)
        self.string(literal)
        self.emit(self.types.COMMA, ",", token)
        kind = (
            "date"
            if token.text.upper() == "DATE"
            else "time(6)"
            if token.text.upper() == "TIME"
            else "datetime(6)"
        )
        self.emit(self.types.STRING, f"'{kind}'", token)
        self.emit(self.types.R_PAREN, ")", token)


_FORMS = {
    ("CAST", "AS"): "comma_type",
    ("JSON_VALUE", "RETURNING"): "comma_type",
    ("EXTRACT", "FROM"): "comma",
    ("POSITION", "IN"): "comma",
    ("GROUP_CONCAT", "SEPARATOR"): "separator",
}
"""Words with a meaning within the parentheses of one function: (function, word) -> method of the rewriter."""

_TYPE_WORDS = frozenset(("UNSIGNED", "SIGNED", "PRECISION", "INTEGER"))
_OPERATORS = frozenset("+-*/%(,|&^~<>=!")


@cache
def _dialect() -> Any:
    """Make the sqlglot dialect, on first use."""
    from sqlglot import TokenType, expressions
    from sqlglot.dialects.mysql import MySQL

    def call(name: str) -> Any:
        return lambda parser, *arguments: parser.expression(
            expressions.Anonymous(this=name, expressions=list(arguments))
        )

    tokenizer = {
        "BIT_STRINGS": [],
        "HEX_STRINGS": [],
        "BYTE_STRINGS": [],
        "NATIONAL_STRINGS": [],
        "COMMANDS": set(),
        "KEYWORDS": _keywords(),
    }
    cases = MySQL.Parser.NO_PAREN_FUNCTION_PARSERS
    parser = {
        "FUNCTIONS": {},
        "FUNCTION_PARSERS": {},
        "NO_PAREN_FUNCTIONS": {},
        "NO_PAREN_FUNCTION_PARSERS": {"CASE": cases["CASE"]},
        "LAMBDAS": {},
        "DISJUNCTION": {TokenType.OR: expressions.Or},
        "TERM": {
            TokenType.DASH: expressions.Sub,
            TokenType.PLUS: expressions.Add,
            TokenType.DPIPE: expressions.DPipe,
        },
        "COLUMN_OPERATORS": {
            TokenType.DOT: None,
            TokenType.HASH_ARROW: call("CAST"),
            TokenType.ARROW: call("->"),
            TokenType.DARROW: call("->>"),
        },
        "CAST_COLUMN_OPERATORS": set(),
    }
    dialect = {
        "IDENTIFIERS_CAN_START_WITH_DIGIT": False,
        "DPIPE_IS_STRING_CONCAT": True,
        "Tokenizer": _derived("Tokenizer", MySQL.Tokenizer, tokenizer),
        "Parser": _derived("Parser", MySQL.Parser, parser),
    }
    return _derived("DatamillExpression", MySQL, dialect)()


def _derived(name: str, base: Any, members: dict[str, Any]) -> Any:
    """Make a subclass that differs only in its tables."""
    return type(base)(name, (base,), {"__module__": __name__, **members})


def _keywords() -> dict[str, Any]:
    """Return the only words and signs that the tokenizer treats as more than names."""
    from sqlglot import TokenType

    words = (
        *(
            "AND",
            "OR",
            "NOT",
            "XOR",
            "IN",
            "IS",
            "LIKE",
            "ILIKE",
            "RLIKE",
            "BETWEEN",
            "ESCAPE",
            "NULL",
            "TRUE",
            "FALSE",
        ),
        *(
            "WHEN",
            "THEN",
            "ELSE",
            "END",
            "DISTINCT",
            "OVER",
            "ROWS",
            "RANGE",
            "ASC",
            "DESC",
            "DIV",
            "MOD",
            "CASE",
        ),
    )
    signs = {
        "::": TokenType.DCOLON,
        "||": TokenType.DPIPE,
        "&&": TokenType.DAMP,
        ">=": TokenType.GTE,
        "<=": TokenType.LTE,
        "<>": TokenType.NEQ,
        "!=": TokenType.NEQ,
        "<=>": TokenType.NULLSAFE_EQ,
        "->": TokenType.ARROW,
        "->>": TokenType.DARROW,
        ":=": TokenType.COLON_EQ,
    }
    phrases = {
        "REGEXP": TokenType.RLIKE,
        "PARTITION BY": TokenType.PARTITION_BY,
        "ORDER BY": TokenType.ORDER_BY,
    }
    return {**{word: getattr(TokenType, word) for word in words}, **signs, **phrases}
