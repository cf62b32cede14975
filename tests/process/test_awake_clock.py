"""Time in which the process was stopped does not count."""

from mnist_tui.process.awake_clock import LONG_S, AwakeClock


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_only_the_time_in_which_the_process_was_stopped_is_left_out() -> None:
    clock, processor = Hand(), Hand()
    awake = AwakeClock(clock, processor)
    start_s = awake()
    for _ in range(10):
        clock.now_s += 0.1
        processor.now_s += 0.1
        awake()
    assert round(awake() - start_s, 6) == 1.0

    clock.now_s += 3600.0  # stopped
    processor.now_s += 0.01
    assert round(awake() - start_s, 6) == 1.0

    clock.now_s += 2 * LONG_S  # one long step
    processor.now_s += LONG_S
    assert round(awake() - start_s, 6) == 1.0 + 2 * LONG_S

    clock.now_s += 0.9 * LONG_S  # a short pause of the system
    assert round(awake() - start_s, 6) == 1.0 + 2.9 * LONG_S
