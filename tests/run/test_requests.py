"""Requests reach the training thread, each once, in order."""

import threading

from mnist_tui.run.requests import Adjust, Mailbox, Pause, Request, Resume, Save, Stop

REQUESTS: list[Request] = [Pause(), Resume(), Save(), Stop(), Stop(save=False), Adjust(lr=0.1)]


def test_a_waiting_thread_wakes_when_a_request_comes() -> None:
    mailbox, got = Mailbox(), []
    thread = threading.Thread(target=lambda: got.append(mailbox.wait_for(60)))
    thread.start()
    mailbox.put(Resume())
    thread.join(60)
    assert got == [Resume()]


def test_requests_keep_their_order() -> None:
    mailbox = Mailbox()
    for request in REQUESTS:
        mailbox.put(request)
    assert [mailbox.take() for _ in REQUESTS] == REQUESTS
    assert mailbox.take() is None
