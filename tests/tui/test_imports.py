"""What the dashboard may know: no torch, and nothing of the engine but the contracts."""

import subprocess
import sys

CONTRACTS = {
    *(
        "control",
        "events",
        "history",
        "inference",
        "insight",
        "plan",
        "progress",
        "session",
        "state",
    ),
}

SCRIPT = """
import sys
import mnist_tui.tui.app, mnist_tui.tui.screens.help, mnist_tui.tui.screens.quit
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
    engine = {name for name in loaded if name.startswith("mnist_tui.engine.")}
    assert engine <= {f"mnist_tui.engine.{name}" for name in CONTRACTS}


def test_plotext_waits_until_there_is_something_to_draw() -> None:
    assert "plotext" not in modules_of_the_dashboard()
