"""What the tests of the dashboard share."""

import pytest
from textual import _wait


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look each 5 ms, and not each 20 ms, whether the app is idle after a key."""
    monkeypatch.setattr(_wait, "SLEEP_GRANULARITY", 0.005)
