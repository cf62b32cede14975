"""Campaigns that try to make a run lose something, many times over: see README.md."""

import os

# As in the ordinary tests, which say why. Here, since torch reads it as it is loaded, which is
# the first that most campaigns do; a pool of more threads does not survive a fork, either.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.pop("MNIST_TUI_DATA", None)
