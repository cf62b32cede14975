"""The engine: prepares and trains one run, behind the contract in `mnist_tui.run`.

Importing `runner` is cheap; it imports what needs torch when a run starts.
"""
