"""Scripts that print ratios: each one paired, interleaved and repeatable."""
