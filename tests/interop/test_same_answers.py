"""A client gets the same answers from datamill as from the genuine package, but where the specification differs."""

from __future__ import annotations

import pytest
from tests.interop import client
from tests.interop.conftest import Lab

import datamill as dm

DIFFERENT = {
    "compute": "quotients are float64 on every database",
    "minus": "the same column on both sides may be matched although it has no lineage",
    "restrict by no number": "no error of the driver escapes",
    "too much": "an unknown field is an UnknownAttributeError",
    "union": "the genuine package cannot unite projections to the key",
}
"""What datamill answers differently, and why; on some servers the genuine package agrees."""


@pytest.mark.filterwarnings("ignore")
def test_a_client_gets_the_same_answers(lab: Lab) -> None:
    ours = client.answers(dm, lab.instance.Schema(lab.name("our_client")))
    theirs = lab.genuine.run(
        "import client; result = client.answers(dj, dj.Schema(name))", name=lab.name("their_client")
    )
    assert list(ours) == list(theirs)
    differing = {
        name: (ours[name], theirs[name])
        for name in ours
        if ours[name] != theirs[name] and name not in DIFFERENT
    }
    assert differing == {}
