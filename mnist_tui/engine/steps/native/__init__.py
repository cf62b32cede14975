"""Training steps of the built-in networks by C of our own, compiled on the machine that runs it."""
