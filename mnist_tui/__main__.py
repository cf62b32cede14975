"""The command `mnist-tui`, which is also `python -m mnist_tui`."""

import signal

from mnist_tui.cli import main as run


def main() -> None:
    """Run the command and exit with its code. Main thread."""
    if callable(signal.getsignal(signal.SIGINT)):  # the package's, for the time of the import
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
