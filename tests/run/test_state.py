"""The one table of states."""

import pytest

from mnist_tui.run.requests import ALLOWED
from mnist_tui.run.state import TRANSITIONS, State


def test_states_that_are_over_lead_nowhere() -> None:
    assert {state for state in State if not TRANSITIONS[state]} == {s for s in State if s.is_over}


def test_every_state_but_the_first_can_be_reached() -> None:
    following = {state for states in TRANSITIONS.values() for state in states}
    assert following == set(State) - {State.READY}
    assert set(TRANSITIONS) == set(State)


@pytest.mark.parametrize("state", [state for state in State if not state.is_live])
def test_a_run_that_is_not_live_takes_no_request(state: State) -> None:
    assert not [request for request, states in ALLOWED.items() if state in states]
