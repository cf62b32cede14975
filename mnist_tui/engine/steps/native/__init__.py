"""A training step of MnistNet by C of our own, compiled on the machine that it runs on."""
