"""The engine: one run of training, and the seam through which viewers watch and steer it.

`state`, `events`, `progress`, `control`, `history` and `session` are that seam. They are
plain Python, so that a viewer may import them; everything that touches torch lives in the
other modules and is imported by `runner` when a run starts.
"""
