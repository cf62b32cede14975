"""What the dashboard may know: no torch, and nothing of the engine but the contracts."""

import os
import subprocess
import sys

SCRIPT = """
import sys
import mnist_tui.tui.app, mnist_tui.tui.screens.help, mnist_tui.tui.screens.question
print(*sorted(sys.modules))
"""


def modules_of_the_dashboard() -> set[str]:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_the_dashboard_imports_no_torch_and_only_the_contracts() -> None:
    loaded = modules_of_the_dashboard()
    assert not {"torch", "torchvision", "mlxtend"} & loaded
    assert not {name for name in loaded if name.startswith("mnist_tui.engine")}


def test_plotext_waits_until_there_is_something_to_draw() -> None:
    assert "plotext" not in modules_of_the_dashboard()


def test_the_dashboard_repaints_without_a_long_wait_unless_a_person_wants_that() -> None:
    script = "import mnist_tui.tui.app, textual.constants; print(textual.constants.MAX_FPS)"
    for asked, expected in ((None, "240"), ("30", "30")):
        environment = {k: v for k, v in os.environ.items() if k != "TEXTUAL_FPS"}
        if asked is not None:
            environment["TEXTUAL_FPS"] = asked
        result = subprocess.run(
            [sys.executable, "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout.strip() == expected
