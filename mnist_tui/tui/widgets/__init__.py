"""The parts of the dashboard's screen: one widget each, with the style that it needs anywhere."""
