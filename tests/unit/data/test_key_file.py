"""Keys in a file: equal keys are one, whatever they are made of."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from datamill.data.key_file import KeyFile


def test_keys_of_all_kinds() -> None:
    text = "".join(["a", "b"])
    keys = [(1, text), (2, "naïve"), (b"x", 1.5), (Decimal("1.20"), date(2025, 1, 2)), (UUID(int=3), True)]
    file = KeyFile()
    assert file.add(keys) == 5
    assert file.add([(1, "ab"), (Decimal("1.20"), date(2025, 1, 2)), (2, "ab")]) == 1
    assert list(file.read(0, 10)) == [*keys, (2, "ab")]
    assert file.holds((1, "ab"))
    assert file.holds((UUID(int=3), True))
    assert not file.holds((3, "ab"))
    assert len(file) == 6
