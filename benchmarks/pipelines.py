"""Made-up pipelines of any size, for pictures and measurements."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from datamill.catalog.resolve import stored_type
from datamill.data.connection import Connection
from datamill.language import Reference, parse_definition, resolve_definition
from datamill.model.names import TableName
from datamill.model.table import TableSpec

NEUROSCIENCE: dict[str, dict[str, tuple[str, ...]]] = {
    "lab": {
        "#species": (),
        "#strain": ("#species",),
        "#protocol": (),
        "person": (),
        "project": (),
        "project__member": ("-project", "-person"),
        "rig": (),
        "rig__device": ("-rig",),
        "#reagent": (),
    },
    "subjects": {
        "subject": ("lab.#strain", "lab.person~owner"),
        "cage": (),
        "housing": ("-subject", "cage"),
        "weighing": ("-subject",),
        "surgery": ("-subject", "lab.person~surgeon", "lab.#protocol?"),
        "surgery__implant": ("-surgery",),
        "virus": ("lab.#reagent",),
        "injection": ("-surgery", "virus"),
        "genotyping": ("-subject",),
        "litter": ("subject~dam", "subject~sire"),
    },
    "behavior": {
        "session": ("-subjects.subject", "lab.rig", "lab.person", "lab.project?"),
        "session__note": ("-session",),
        "#task": (),
        "block": ("-session", "#task"),
        "_trials": ("=block",),
        "_trials__trial": ("-_trials",),
        "_trials__stimulus": ("-_trials__trial",),
        "_video": ("-session",),
        "#pose_model": (),
        "__pose": ("=_video", "=#pose_model"),
        "__pose__keypoint": ("-__pose",),
        "__performance": ("=_trials",),
        "__learning_curve": ("=subjects.subject",),
    },
    "imaging": {
        "scan": ("=behavior.session", "lab.rig__device?"),
        "_scan_info": ("=scan",),
        "_scan_info__plane": ("-_scan_info",),
        "#motion_method": (),
        "#segmentation_method": (),
        "processing_task": ("=scan", "=#motion_method", "=#segmentation_method"),
        "__motion": ("=processing_task",),
        "__motion__block": ("-__motion",),
        "__segmentation": ("=__motion",),
        "__segmentation__roi": ("-__segmentation",),
        "curation": ("-__segmentation", "lab.person~curator"),
        "__fluorescence": ("=curation",),
        "__fluorescence__trace": ("-__fluorescence", "=__segmentation__roi"),
        "#spike_method": (),
        "__activity": ("=__fluorescence", "=#spike_method"),
        "__activity__trace": ("=__activity", "=__fluorescence__trace"),
    },
    "analysis": {
        "#alignment": (),
        "__aligned_activity": ("=imaging.__activity", "=behavior._trials", "=#alignment"),
        "__aligned_activity__cell": ("-__aligned_activity", "=imaging.__activity__trace"),
        "#tuning_model": (),
        "__tuning": ("=__aligned_activity", "=#tuning_model"),
        "__tuning__cell": ("=__tuning", "=__aligned_activity__cell"),
        "#decoder": (),
        "__decoding": ("=__aligned_activity", "=#decoder"),
        "__pose_tuning": ("=imaging.__activity", "=behavior.__pose"),
        "__noise_correlation": ("__aligned_activity__cell~first", "__aligned_activity__cell~second"),
        "figure": ("lab.project", "lab.person"),
        "figure__panel": ("-figure", "__tuning?", "__decoding?"),
    },
}
"""60 tables in 5 schemas: ``-`` extends the key, ``=`` is in the key, ``?`` nullable, ``~name`` renamed."""


@dataclass
class _Maker:
    connection: Connection
    keys: dict[TableName, list[str]] = field(default_factory=dict)

    def declare(self, name: TableName, parents: tuple[str, ...]) -> None:
        base = name.base
        key: list[str] = []
        rest: list[str] = []
        whole = all(text.startswith("=") for text in parents) and parents
        for text in parents:
            mark = text[0] if text[0] in "-=" else ""
            bare, _, rename = text[len(mark) :].rstrip("?").partition("~")
            parent = TableName.parse(bare) if "." in bare else TableName(name.schema, bare)
            option = "[nullable] " if text.endswith("?") else ""
            line = f"-> {option}`{parent.schema}`.`{parent.table}`"
            if rename:
                renames = ", ".join(f"{rename}_{item}='{item}'" for item in self.keys[parent])
                line += f".proj({renames})"
            (key if mark else rest).append(line)
        if not whole:
            key.append(f"{base}_id : int32  # number of the {base.replace('_', ' ')}")
        rest.append("note = '' : varchar(200)  # remarks")
        text = "\n".join([f"# {base.replace('_', ' ').capitalize()}", *key, "---", *rest])
        spec = resolved(self.connection, name, text)
        self.connection.catalog.declare(spec)
        self.keys[name] = spec.heading.primary_key


def resolved(connection: Connection, name: TableName, text: str) -> TableSpec:
    """Return what a definition says, parents looked up in the catalog."""

    def lookup(reference: Reference) -> TableSpec:
        return connection.catalog.spec(reference.table or TableName.parse(reference.text))

    return resolve_definition(
        parse_definition(text), name, lookup=lookup, stored_type=stored_type, allow_new_key_attributes=True
    )


def declare_neuroscience(connection: Connection) -> None:
    """Declare the pipeline of 60 tables."""
    maker = _Maker(connection)
    for schema, tables in NEUROSCIENCE.items():
        connection.catalog.create_schema(schema)
        for table, parents in tables.items():
            maker.declare(TableName(schema, table), parents)


def declare_random(connection: Connection, count: int, schemas: int = 5, seed: int = 0) -> list[TableName]:
    """Declare tables with up to three parents each, and return their names."""
    choose = random.Random(seed)
    made: list[TableName] = []
    for number in range(schemas):
        connection.catalog.create_schema(f"s{number}")
    for name, text in _definitions(choose, count, schemas, made):
        connection.catalog.declare(resolved(connection, name, text))
        made.append(name)
    return made


def _definitions(
    choose: random.Random, count: int, schemas: int, made: list[TableName]
) -> Iterator[tuple[TableName, str]]:
    for number in range(count):
        parents = choose.sample(made, min(len(made), choose.randint(0, 3)))
        lines = [f"k{number} : int32", "---"]
        lines += [f"-> {parent}.proj(r{number}_{parent.base[1:]}='k{parent.base[1:]}')" for parent in parents]
        yield TableName(f"s{number * schemas // count}", f"t{number}"), "\n".join(lines)
