"""Requests are answered, states follow the table, and events reach every listener."""

import threading

import pytest

from mnist_tui.run.events import Event, RunEnded, StateChanged, Warned
from mnist_tui.run.requests import ALLOWED, Adjust, Pause, Request, Resume, Save, Stop
from mnist_tui.run.session import Audience, Session
from mnist_tui.run.state import TRANSITIONS, State

REQUESTS: list[Request] = [Pause(), Resume(), Save(), Stop(), Stop(save=False), Adjust(lr=0.1)]


def session_in(state: State) -> Session:
    """A session that was led to `state` along allowed moves."""
    ways: dict[State, list[State]] = {State.READY: []}
    waiting = [State.READY]
    for found in waiting:
        for following in TRANSITIONS[found]:
            if following not in ways:
                ways[following] = [*ways[found], following]
                waiting.append(following)
    session = Session()
    for step in ways[state]:
        session.move(step)
    return session


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("request_", REQUESTS, ids=repr)
def test_every_request_in_every_state_is_answered_with_words(
    state: State, request_: Request
) -> None:
    session = session_in(state)
    answer = session.request(request_)
    assert answer.is_accepted == (state in ALLOWED[type(request_)])
    assert answer.message
    assert session.mailbox.waiting == answer.is_accepted


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("following", State)
def test_a_state_follows_only_where_the_table_says(state: State, following: State) -> None:
    session = session_in(state)
    if following in TRANSITIONS[state]:
        session.move(following)
        assert session.state is following
    else:
        with pytest.raises(RuntimeError):
            session.move(following)
        assert session.state is state


def test_the_last_event_is_the_end_of_the_run() -> None:
    session = session_in(State.RUNNING)
    seen: list[Event] = []
    session.subscribe(seen.append)
    session.end(RunEnded(state=State.FINISHED, message="done"))
    assert [type(event) for event in seen] == [StateChanged, RunEnded]


def test_a_listener_that_fails_does_not_keep_events_from_the_others() -> None:
    session, seen = Session(), []

    def fail(event: Event) -> None:
        raise ValueError("broken viewer")

    session.subscribe(fail)
    session.subscribe(seen.append)
    session.emit(Warned(message="hot"))
    assert seen == [Warned(message="hot")]


def test_nothing_follows_the_end_of_a_run() -> None:
    session, seen = session_in(State.RUNNING), []
    session.subscribe(seen.append)
    session.end(RunEnded(state=State.FINISHED, message="done"))
    session.emit(Warned(message="a file was written late"))
    assert isinstance(seen[-1], RunEnded)


def test_a_viewer_that_has_left_gets_no_more_events() -> None:
    session, seen = Session(), []
    subscription = session.subscribe(seen.append)
    session.emit(Warned(message="first"))
    subscription.close()
    subscription.close()
    session.emit(Warned(message="second"))
    assert seen == [Warned(message="first")]


def test_a_run_has_an_interactive_viewer_while_one_is_subscribed() -> None:
    session = Session()
    session.subscribe(lambda event: None)
    assert not session.has_interactive_viewer
    viewer = session.subscribe(lambda event: None, audience=Audience.INTERACTIVE)
    assert session.has_interactive_viewer
    viewer.close()
    assert not session.has_interactive_viewer


def test_every_listener_gets_the_events_of_two_threads_in_one_order() -> None:
    session = Session()
    seen: list[list[Event]] = [[], []]
    started, overtaken = threading.Event(), threading.Event()

    def first(event: Event) -> None:
        if event == Warned(message="from the writer"):
            started.set()
            overtaken.wait(0.05)
        seen[0].append(event)

    def second(event: Event) -> None:
        seen[1].append(event)
        overtaken.set()

    session.subscribe(first)
    session.subscribe(second)
    writer = threading.Thread(target=lambda: session.emit(Warned(message="from the writer")))
    writer.start()
    started.wait(60)
    session.emit(Warned(message="from training"))
    writer.join(60)
    assert len(seen[0]) == 2
    assert seen[0] == seen[1]
