"""A grid of settings as runs in one folder: which there are, what is to be done, who does it."""
