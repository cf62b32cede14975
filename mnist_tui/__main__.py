"""`python -m mnist_tui` is the command `mnist-tui`."""

from mnist_tui.cli import main

main()
