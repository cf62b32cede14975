"""The screens: the dashboard itself, and what is asked or shown over it."""
