"""Query expressions: what users compose, fetch and look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

from datamill.algebra import operators, propagation
from datamill.algebra.conditions import AndList, Not, U
from datamill.algebra.relations import Relation
from datamill.api.binding import on_class, property_on_class
from datamill.data import fetch as fetching
from datamill.data import iterate, preview
from datamill.errors import DataMillError

if TYPE_CHECKING:
    from datamill.data.connection import Connection
    from datamill.model.heading import Heading


class ExpressionMeta(type):
    """Lets a table class stand wherever its instance may stand."""

    def __and__(cls, condition: Any) -> Any:
        return cls() & condition

    def __rand__(cls, other: Any) -> Any:
        return cls().__rand__(other)

    def __sub__(cls, condition: Any) -> Any:
        return cls() - condition

    def __rsub__(cls, other: Any) -> Any:
        return cls().__rsub__(other)

    def __mul__(cls, other: Any) -> Any:
        return cls() * other

    def __rmul__(cls, other: Any) -> Any:
        return cls().__rmul__(other)

    def __add__(cls, other: Any) -> Any:
        return cls() + other

    def __radd__(cls, other: Any) -> Any:
        return cls().__radd__(other)

    def __lshift__(cls, condition: Any) -> Any:
        return cls() << condition

    def __rshift__(cls, condition: Any) -> Any:
        return cls() >> condition

    def __xor__(cls, condition: Any) -> Any:
        return cls() ^ condition

    def __matmul__(cls, other: Any) -> Any:
        return cls() @ other

    def __neg__(cls) -> Not:
        return Not(cls())

    def __iter__(cls) -> Iterator[dict[str, Any]]:
        return iter(cls())

    def __len__(cls) -> int:
        return len(cls())

    def __contains__(cls, condition: Any) -> bool:
        return condition in cls()

    def __bool__(cls) -> bool:
        return True


class QueryExpression(metaclass=ExpressionMeta):
    """An immutable query. Operators make new expressions; only fetching, counting and displaying read the database.

    ``A & c`` restricts, ``A - c`` restricts to the complement, ``A * B`` joins, ``A + B`` unites, ``A << X`` restricts
    by ancestors, ``A >> X`` by descendants; `proj`, `aggr` and `extend` are methods.
    """

    _restricted_by: tuple[Any, ...] = ()
    _relation_cache: Relation | None = None
    _connection_cache: Connection | None = None

    @classmethod
    def _of(cls, relation: Relation, connection: Connection) -> QueryExpression:
        made = QueryExpression.__new__(QueryExpression)
        made._relation_cache = relation
        made._connection_cache = connection
        return made

    def __relation__(self) -> Relation:
        if self._relation_cache is None:
            raise DataMillError("This expression has no relation.")
        return self._relation_cache

    def _derive(self, relation: Relation) -> QueryExpression:
        """Wrap the result of an operator that leaves this expression's kind."""
        return QueryExpression._of(relation, self.connection)

    def _restricted(self, relation: Relation, *conditions: Any) -> Self:
        """Wrap the result of a restriction: tables stay instances of their class."""
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__)
        made._restricted_by = (*self._restricted_by, *(conditions or [self._derive(relation)]))
        made._relation_cache = relation
        made._connection_cache = self.connection
        return made

    @property_on_class
    def connection(self) -> Connection:
        """The connection on which this expression is evaluated."""
        if self._connection_cache is None:
            raise DataMillError("This expression has no connection.")
        return self._connection_cache

    @property_on_class
    def heading(self) -> Heading:
        """Names, types and primary key of the result. Reads no rows."""
        return self.__relation__().heading

    @property_on_class
    def primary_key(self) -> list[str]:
        """Names of the key attributes."""
        return self.heading.primary_key

    @property_on_class
    def restriction(self) -> AndList:
        """The conditions by which this table or expression was restricted since it was made."""
        return AndList(self._restricted_by)

    # operators -------------------------------------------------------------------------------------------------

    @on_class
    def restrict(self, condition: Any, semantic_check: bool = True) -> Self:
        """Keep the rows for which a condition is true; same as ``self & condition``.

        Args:
            condition: Expression text, mapping, list of conditions (OR), another expression, `AndList`, `Not`, `Top`.
            semantic_check: Match only attributes of common lineage.

        Raises:
            QuerySyntaxError, UnknownAttributeError, DataMillError: The condition does not fit this expression.
        """
        return self._restricted(operators.restrict(self.__relation__(), condition, semantic_check), condition)

    def __and__(self, condition: Any) -> Self:
        restricted: Self = self.restrict(condition)
        return restricted

    def __rand__(self, other: Any) -> QueryExpression:
        if isinstance(other, U):
            return self._derive(operators.distinct(other, self.__relation__()))
        raise DataMillError(
            f"{type(other).__name__} & expression has no meaning.", hint="Write expression & condition."
        )

    def __sub__(self, condition: Any) -> Self:
        restricted: Self = self.restrict(Not(condition))
        return restricted

    def __rsub__(self, other: Any) -> QueryExpression:
        raise DataMillError(f"{type(other).__name__} - expression has no meaning.")

    def __neg__(self) -> Not:
        return Not(self)

    def __lshift__(self, condition: Any) -> Self:
        restricted: Self = self.restrict_by_ancestor(condition)
        return restricted

    def __rshift__(self, condition: Any) -> Self:
        restricted: Self = self.restrict_by_descendant(condition)
        return restricted

    @on_class
    def restrict_by_ancestor(self, condition: Any, via: Any = None) -> Self:
        """Keep rows whose ancestor row satisfies a condition; same as ``self << condition``.

        Args:
            condition: An expression over one table, or text or mapping whose attributes originate in one ancestor.
            via: What the foreign-key path passes through, to choose among several: a table or a list of them. A
                projection means the foreign key with its renames: ``via=Mouse.proj(mother="mouse")``. Of several paths
                that fit, the one that passes through nothing else.

        Raises:
            AmbiguousPathError: Several paths or tables fit.
            DataMillError: No path.
        """
        graph = self.connection.catalog.graph()
        relation = propagation.restrict_by_ancestor(self.__relation__(), condition, graph, via=via)
        return self._restricted(relation)

    @on_class
    def restrict_by_descendant(self, condition: Any, via: Any = None) -> Self:
        """Keep rows with a descendant row that satisfies a condition; same as ``self >> condition``.

        Arguments and errors as for `restrict_by_ancestor`; ``via`` names what the path from the descendant up to this
        table passes through.
        """
        graph = self.connection.catalog.graph()
        relation = propagation.restrict_by_descendant(self.__relation__(), condition, graph, via=via)
        return self._restricted(relation)

    @on_class
    def proj(self, /, *names: Any, **new: Any) -> QueryExpression:
        """Choose, rename and compute attributes; the primary key always stays.

        Args:
            *names: Attributes to keep, ``...`` for all others, ``"-name"`` to leave one out.
            **new: ``new="old"`` renames, ``new="(old)"`` duplicates, ``new="expression"`` computes.

        Raises:
            UnknownAttributeError: A name is no attribute of this expression.
        """
        return self._derive(operators.project(self.__relation__(), *names, **new))

    @on_class
    def join(
        self, other: Any, semantic_check: bool = True, left: bool = False, allow_nullable_pk: bool = False
    ) -> QueryExpression:
        """Combine matching rows; same as ``self * other``.

        Args:
            other: Expression or table.
            semantic_check: Match only attributes of common lineage.
            left: Keep rows of self without match, with NULL for the attributes of other.
            allow_nullable_pk: Allow a left join whose key may hold NULL.
        """
        joined = operators.join(
            self.__relation__(),
            operand(other),
            semantic_check=semantic_check,
            left=left,
            allow_nullable_pk=allow_nullable_pk,
        )
        return self._derive(joined)

    def __mul__(self, other: Any) -> QueryExpression:
        return self.join(other)

    def __rmul__(self, other: Any) -> QueryExpression:
        raise DataMillError(f"{type(other).__name__} * expression has no meaning.")

    @on_class
    def extend(self, other: Any, semantic_check: bool = True) -> QueryExpression:
        """Add the attributes of another expression that this one's rows determine; all rows of self stay."""
        return self._derive(
            operators.extend(self.__relation__(), operand(other), semantic_check=semantic_check)
        )

    @on_class
    def aggr(
        self,
        group: Any,
        /,
        *names: Any,
        exclude_nonmatching: bool | None = None,
        keep_all_rows: bool | None = None,
        **new: Any,
    ) -> QueryExpression:
        """Summarise the matching rows of another expression, one row per row of self.

        Args:
            group: Expression or table holding the primary key of self.
            *names: Attributes of self to keep besides the key; ``...`` for all.
            exclude_nonmatching: Drop rows of self without matching rows. Default False.
            keep_all_rows: Older name of the opposite.
            **new: Aggregates such as ``n="count(*)"``.
        """
        exclude = (keep_all_rows is False) if exclude_nonmatching is None else exclude_nonmatching
        aggregated = operators.aggregate(
            self.__relation__(), operand(group), *names, exclude_nonmatching=exclude, **new
        )
        return self._derive(aggregated)

    aggregate = aggr

    @on_class
    def union(self, other: Any, semantic_check: bool = True) -> QueryExpression:
        """Rows of either expression; same as ``self + other``."""
        return self._derive(
            operators.union(self.__relation__(), operand(other), semantic_check=semantic_check)
        )

    def __add__(self, other: Any) -> QueryExpression:
        return self.union(other)

    def __radd__(self, other: Any) -> QueryExpression:
        raise DataMillError(f"{type(other).__name__} + expression has no meaning.")

    def __xor__(self, condition: Any) -> Self:
        raise DataMillError("The operator ^ is gone.", hint="Write A.restrict(B, semantic_check=False).")

    def __matmul__(self, other: Any) -> Self:
        raise DataMillError("The operator @ is gone.", hint="Write A.join(B, semantic_check=False).")

    # looking ---------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return fetching.count(self.connection, self.__relation__())

    def __bool__(self) -> bool:
        return fetching.exists(self.connection, self.__relation__())

    def __contains__(self, condition: Any) -> bool:
        return bool(self & condition)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iterate.iterate(self.connection, self.__relation__())

    def __repr__(self) -> str:
        return self.preview()

    def _repr_html_(self) -> str:
        return preview.preview_html(self.connection, self.__relation__())

    @on_class
    def preview(self, limit: int | None = None, width: int | None = None) -> str:
        """Return the first rows as a text table.

        Args:
            limit: Rows to show; default ``config.display.limit``.
            width: Characters of a column at the most; default ``config.display.width``.
        """
        return preview.preview_text(self.connection, self.__relation__(), limit=limit, width=width)

    @on_class
    def delete(self, *args: Any, **options: Any) -> Any:
        """Only tables, restricted or not, can be deleted from."""
        raise DataMillError(
            "Rows are deleted from tables, and this is the result of other operators than restriction.",
            hint="Write (T & expression).delete(), where T is the table.",
        )

    plan_delete = delete_quick = delete

    def make_sql(self, fields: Any = None) -> str:
        """Return the SELECT statement with values inlined, for reading and for ``connection.query(sql, None)``."""
        return fetching.make_sql(self.connection, self.__relation__(), fields)

    @on_class
    def explain(self, analyze: bool = False) -> str:
        """Return the SQL and the database's plan for it."""
        return fetching.explain(self.connection, self.__relation__(), analyze=analyze)

    # fetching --------------------------------------------------------------------------------------------------

    @on_class
    def to_dicts(
        self,
        *,
        order_by: Any = None,
        limit: int | None = None,
        offset: int | None = None,
        squeeze: bool = False,
        download_path: Any = None,
    ) -> list[dict[str, Any]]:
        """Fetch all rows as dicts in heading order.

        Args:
            order_by: Attribute or list of ``"name [ASC|DESC]"``; ``"KEY"`` is the primary key.
            limit: Rows at the most.
            offset: Rows to pass over.
            squeeze: Drop axes of length one from arrays.
            download_path: Folder for attachments; default ``config.download_path``.
        """
        return fetching.to_dicts(
            self.connection,
            self.__relation__(),
            order_by=order_by,
            limit=limit,
            offset=offset,
            squeeze=squeeze,
            download_path=download_path,
        )

    @on_class
    def to_arrays(self, /, *attributes: str, include_key: bool = False, **options: Any) -> Any:
        """Fetch as NumPy arrays: a structured array, or one array per named attribute.

        Args:
            *attributes: Names; none gives a structured array of shape (rows,).
            include_key: Return ``(keys, *arrays)`` with the keys as a list of dicts.
            **options: As for `to_dicts`.
        """
        return fetching.to_arrays(
            self.connection, self.__relation__(), *attributes, include_key=include_key, **options
        )

    @on_class
    def to_pandas(self, /, **options: Any) -> Any:
        """Fetch as a pandas DataFrame indexed by the primary key. Options as for `to_dicts`."""
        return fetching.to_pandas(self.connection, self.__relation__(), **options)

    @on_class
    def to_polars(self, /, **options: Any) -> Any:
        """Fetch as a polars DataFrame. Options as for `to_dicts`."""
        return fetching.to_polars(self.connection, self.__relation__(), **options)

    @on_class
    def to_arrow(self, /, **options: Any) -> Any:
        """Fetch as a pyarrow Table; ``decode=True`` decodes codec attributes. Options as for `to_dicts`."""
        return fetching.to_arrow(self.connection, self.__relation__(), **options)

    @on_class
    def keys(self, /, **options: Any) -> list[dict[str, Any]]:
        """Fetch the primary keys as dicts. Options ``order_by``, ``limit``, ``offset``."""
        return fetching.keys(self.connection, self.__relation__(), **options)

    @on_class
    def fetch1(self, /, *attributes: str, squeeze: bool = False, download_path: Any = None) -> Any:
        """Fetch the one row of this expression.

        Args:
            *attributes: None: a dict. One: its value. Several: a tuple. ``"KEY"`` gives the key as a dict.
            squeeze: Drop axes of length one from arrays.
            download_path: Folder for attachments.

        Raises:
            DataMillError: There is no row, or more than one.
        """
        return fetching.fetch1(
            self.connection, self.__relation__(), *attributes, squeeze=squeeze, download_path=download_path
        )

    @on_class
    def head(self, /, limit: int = 25, **options: Any) -> list[dict[str, Any]]:
        """Fetch the first rows by ascending key."""
        return fetching.head(self.connection, self.__relation__(), limit, **options)

    @on_class
    def tail(self, /, limit: int = 25, **options: Any) -> list[dict[str, Any]]:
        """Fetch the last rows, by ascending key."""
        return fetching.tail(self.connection, self.__relation__(), limit, **options)

    @on_class
    def fetch(self, /, *attributes: str, **options: Any) -> Any:
        """Fetch as in DataJoint 0.14. Deprecated: use `to_dicts`, `to_arrays`, `keys`, `to_pandas`."""
        return fetching.legacy_fetch(self.connection, self.__relation__(), *attributes, **options)

    @on_class
    def cursor(self, as_dict: bool = False) -> Any:
        """Run the query and return a DB-API cursor over undecoded rows."""
        return fetching.cursor(self.connection, self.__relation__(), as_dict=as_dict)


def operand(value: Any) -> Relation:
    """Return the relation of an operand of a binary operator.

    Raises:
        DataMillError: It is no expression or table.
    """
    if isinstance(value, U):
        raise DataMillError(
            "dm.U is no table.", hint="Only dm.U(...) & A and dm.U(...).aggr(A, ...) have a meaning."
        )
    relation = operators.as_relation(value)
    if relation is None:
        raise DataMillError(f"{value!r} is not a query expression or table.")
    return relation
