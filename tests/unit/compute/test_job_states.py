"""The table of transitions, every cell of it."""

from __future__ import annotations

import pytest

from datamill.compute.job_states import TRANSITIONS, Event, State, Status, advance, sources, target
from datamill.errors import JobStateError

P, R, S, E, I = Status  # noqa: E741 - one letter per status, as in the table below

# Rows: event. Columns: what becomes of none, pending, reserved, success, error, ignore; "-" is refused, "0" is none.
EXPECTED = """
REFRESH     P - - P - -
RESERVE     - R - - - -
COMPLETE    - 0 0 - - -
KEEP        - S S - - -
FAIL        - E E - - -
POSTPONE    - - P - - -
RELEASE     - - P - - -
RECOVER     - - P - - -
QUARANTINE  - - E - - -
ORPHAN      - - P - - -
RETRY       - - - - P -
IGNORE      I I I I I I
CLEAN       - 0 - 0 0 -
DELETE      - 0 0 0 0 0
"""
LETTERS: dict[str, State] = {"P": P, "R": R, "S": S, "E": E, "I": I, "0": None}
STATES: tuple[State, ...] = (None, *Status)
ROWS = [line.split() for line in EXPECTED.strip().splitlines()]
CELLS = [
    (Event[row[0]], state, letter) for row in ROWS for state, letter in zip(STATES, row[1:], strict=True)
]


def test_the_table_names_every_event() -> None:
    assert [row[0] for row in ROWS] == [event.name for event in Event]


@pytest.mark.parametrize(("event", "status", "letter"), CELLS)
def test_every_transition(event: Event, status: State, letter: str) -> None:
    if letter != "-":
        assert advance(status, event) is LETTERS[letter]
        assert target(event) is LETTERS[letter]
        return
    with pytest.raises(JobStateError, match="Cannot") as caught:
        advance(status, event, {"scan": 1})
    assert caught.value.key == {"scan": 1}
    assert caught.value.status == (status.value if status else None)


def test_sources_are_the_existing_statuses_of_an_event() -> None:
    for event in Event:
        assert sources(event) == tuple(status for status in Status if (status, event) in TRANSITIONS)


def test_an_event_leads_to_one_status_wherever_it_comes_from() -> None:
    for event in Event:
        assert len({after for (_, other), after in TRANSITIONS.items() if other is event}) == 1


def test_only_reserving_makes_reserved() -> None:
    assert {event for (_, event), after in TRANSITIONS.items() if after is R} == {Event.RESERVE}
