"""Names in definitions are looked up, not evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType, SimpleNamespace

import pytest

from datamill.errors import DefinitionError
from datamill.language import resolve_dotted


class Table:
    pass


class User(Table):
    class Role(Table):
        pass


class Session(Table):
    pass


lab = ModuleType("lab")
vars(lab).update(User=User, Rig=type("Rig", (Table,), {}), number=5)


def is_table(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Table)


def test_the_first_namespace_that_has_the_head_counts() -> None:
    scopes: list[Mapping[str, object]] = [{"User": User}, {"User": Session, "Session": Session}, {"lab": lab}]
    assert resolve_dotted("User", scopes, is_table) is User
    assert resolve_dotted("Session", scopes, is_table) is Session
    assert resolve_dotted("lab.User", scopes, is_table) is User
    assert resolve_dotted("lab.User.Role", scopes, is_table) is User.Role


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Usr", "'Usr' is not defined here. Did you mean 'User'"),
        ("Rig", "Did you mean 'lab.Rig'"),
        ("lab.Usr", "'lab' has no 'Usr'. Did you mean 'lab.User'"),
        ("User.Rolle", "'User' has no 'Rolle'. Did you mean 'User.Role'"),
        ("lab", "'lab' is a module, not a table"),
        ("lab.number", "'lab.number' is of type int, not a table"),
        ("text", "'text' is the class str, not a table"),
        ("Nothing.alike", "Import the table's class or module"),
        ("User.__class__.__name__", "not a table"),
        ("boom.User", "'boom' has no 'User'"),
    ],
)
def test_misses_name_what_is_near(name: str, words: str) -> None:
    scopes: list[Mapping[str, object]] = [
        {"User": User, "text": str, "boom": SimpleNamespace()},
        {"lab": lab},
    ]
    with pytest.raises(DefinitionError) as caught:
        resolve_dotted(name, scopes, is_table)
    assert words in str(caught.value)


def test_properties_are_not_run_in_search_of_near_misses() -> None:
    class Trap:
        @property
        def table(self) -> object:
            raise AssertionError

    with pytest.raises(DefinitionError):
        resolve_dotted("trap.User", [{"trap": Trap()}], is_table)
