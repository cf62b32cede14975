"""A homework that is called as a module of Python's own library."""

raise SystemExit("this is not Python's random")
