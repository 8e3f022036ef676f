"""Definitions of DataJoint 0.14."""

from __future__ import annotations

import pytest

from datamill.language import with_codecs


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a : attach", "a : <attach>"),
        ("a=null:Blob@raw-2# x : attach", "a=null:<blob@raw-2># x : attach"),
        (
            "\t a = NULL : attach@here  # x\n---\nb : filepath@\r\n",
            "\t a = NULL : <attach@here>  # x\n---\nb : <filepath@>\r\n",
        ),
        ("p : filepath@raw\nb : int\nINDEX (p)  # x\nindex(b)", "p : <filepath@raw>\nb : int\n\nindex(b)"),
        ("p : filepath@raw\nunique index (p)", "p : <filepath@raw>\nunique index (p)"),
        ("b : int\nindex(b)", "b : int\nindex(b)"),
        ("a : <attach>", "a : <attach>"),
        ("attach : varchar(8)  # as attach", "attach : varchar(8)  # as attach"),
        ("# note : attach", "# note : attach"),
        ("a : blob", "a : blob"),
        ("a = ': attach' : varchar(9)", "a = ': attach' : varchar(9)"),
    ],
)
def test_types_become_codecs(old: str, new: str) -> None:
    assert with_codecs(old) == new
