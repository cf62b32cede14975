"""Training from a script or a notebook; the package `mnist_tui` hands out these names."""
