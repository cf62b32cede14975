"""How soon the dashboard repaints."""

import os
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_dashboard_repaints_without_a_long_wait_unless_the_user_wants_that() -> None:
    script = "import mnist_tui.tui.app, textual.constants; print(textual.constants.MAX_FPS)"
    environment = {k: v for k, v in os.environ.items() if k != "TEXTUAL_FPS"}
    for wanted, expected in (({}, "240"), ({"TEXTUAL_FPS": "30"}, "30")):
        result = subprocess.run(
            [sys.executable, "-c", script],
            env=environment | wanted,
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout.strip() == expected
