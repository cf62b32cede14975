"""The screens: the dashboard itself, and what is asked or told over it."""
