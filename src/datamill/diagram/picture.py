"""What a picture shows: nodes in groups, and edges; how it is written is for others to say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from datamill.language import describe
from datamill.model.graph import DependencyGraph, Edge
from datamill.model.names import TableName, Tier
from datamill.model.table import TableSpec

KINDS = {
    Tier.MANUAL: "manual",
    Tier.LOOKUP: "lookup",
    Tier.IMPORTED: "imported",
    Tier.COMPUTED: "computed",
    Tier.PART: "part",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A table, or the tables of a schema as one.

    Fields:
        id: Unique text.
        label: What is written on it.
        kind: ``manual lookup imported computed part other schema``.
        underlined: The table adds an attribute to the primary key.
        tooltip: Definition of the table, or names of the tables.
    """

    id: str
    label: str
    kind: str
    underlined: bool = False
    tooltip: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """An edge from a referenced node to a referring one.

    Fields:
        tail, head: Ids of the nodes.
        primary: The foreign key is part of the child's primary key; else it is drawn dashed.
        wide: It is the child's entire primary key.
        renames: Pairs (child's attribute, parent's) that differ.
        bundle: It stands for all references between the nodes.
        within: ``family`` (a master and its parts), ``schema``, or empty.
    """

    tail: str
    head: str
    primary: bool = True
    wide: bool = False
    renames: tuple[tuple[str, str], ...] = ()
    bundle: bool = False
    within: str = ""

    @property
    def tooltip(self) -> str:
        """What is renamed, one pair per line."""
        return "\n".join(f"{own} <- {theirs}" for own, theirs in self.renames)


@dataclass(frozen=True, slots=True)
class Family:
    """A master with those of its parts that are shown, or one table alone."""

    master: Node
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """The tables of one schema."""

    title: str
    families: tuple[Family, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that is drawn, in a fixed order.

    Fields:
        groups: Schemas with tables, in order of their first table.
        schemas: Collapsed schemas.
        lines: Edges.
    """

    groups: tuple[Group, ...] = ()
    schemas: tuple[Node, ...] = ()
    lines: tuple[Line, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Naming:
    """How tables and schemas are called.

    Fields:
        labels: Names of tables that have a class; others are named after their table.
        titles: Names of schemas; others go by their own.
        notes: What is written below the name of a table.
    """

    labels: Mapping[TableName, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[TableName, str] = field(default_factory=dict)

    def label(self, name: TableName) -> str:
        """Return a table's own name, without master or schema."""
        return self.labels.get(name, name.class_name).rpartition(".")[2]

    def title(self, schema: str) -> str:
        """Return a schema's name."""
        return self.titles.get(schema, schema)


def compose(
    graph: DependencyGraph, shown: Collection[TableName], collapsed: Collection[TableName], naming: Naming
) -> Picture:
    """Work out a picture.

    Args:
        graph: The dependency graph.
        shown: Tables to draw.
        collapsed: Those among them that one node per schema stands for.
        naming: Names.
    """
    order = [name for name in graph.order() if name in shown]
    single = [name for name in order if name not in collapsed]
    groups: dict[str, list[TableName]] = {}
    for name in single:
        groups.setdefault(name.schema, []).append(name)
    hidden: dict[str, list[TableName]] = {}
    for name in order:
        if name in collapsed:
            hidden.setdefault(name.schema, []).append(name)
    return Picture(
        tuple(_group(graph, schema, names, naming) for schema, names in groups.items()),
        tuple(_schema_node(schema, names, naming) for schema, names in hidden.items()),
        tuple(_lines(graph, order, collapsed)),
    )


def _group(graph: DependencyGraph, schema: str, names: list[TableName], naming: Naming) -> Group:
    members = set(names)
    families = [
        Family(
            _node(graph.specs[name], graph, naming),
            tuple(_node(graph.specs[part], graph, naming) for part in names if part.master == name),
        )
        for name in names
        if name.master not in members
    ]
    return Group(naming.title(schema), tuple(families))


def _node(spec: TableSpec, graph: DependencyGraph, naming: Naming) -> Node:
    label, note = naming.label(spec.name), naming.notes.get(spec.name)

    def reference(name: TableName) -> str:
        known = naming.labels.get(name, name.class_name)
        return known if name.schema == spec.name.schema else f"{name.schema}.{known}"

    return Node(
        str(spec.name),
        f"{label}\n{note}" if note else label,
        KINDS.get(spec.tier, "other"),
        _adds_key(spec),
        describe(spec, reference, graph.specs.get),
    )


def _adds_key(spec: TableSpec) -> bool:
    inherited = {name for key in spec.foreign_keys for name in key.attributes}
    return any(name not in inherited for name in spec.heading.key)


def _schema_node(schema: str, names: list[TableName], naming: Naming) -> Node:
    count = f"({len(names)} table{'s' if len(names) > 1 else ''})"
    tooltip = "\n".join(naming.labels.get(name, name.class_name) for name in names)
    return Node(f"{schema}:", f"{naming.title(schema)}\n{count}", "schema", False, tooltip)


def _lines(graph: DependencyGraph, order: list[TableName], collapsed: Collection[TableName]) -> list[Line]:
    shown = set(order)
    lines: dict[Line, None] = {}
    for name in order:
        for edge in graph.parents(name):
            if edge.parent in shown:
                line = _line(edge, collapsed)
                if line.tail != line.head:
                    lines[line] = None
    return list(lines)


def _line(edge: Edge, collapsed: Collection[TableName]) -> Line:
    tail, head = (f"{name.schema}:" if name in collapsed else str(name) for name in (edge.parent, edge.child))
    if edge.parent in collapsed or edge.child in collapsed:
        return Line(tail, head, bundle=True)
    renames = tuple((own, theirs) for own, theirs in edge.attribute_map if own != theirs)
    wide = edge.primary and not edge.multi
    return Line(tail, head, edge.primary, wide, renames, within=_within(edge.parent, edge.child))


def _within(parent: TableName, child: TableName) -> str:
    if child.master in (parent, parent.master) and child.master is not None:
        return "family"
    return "schema" if parent.schema == child.schema else ""
