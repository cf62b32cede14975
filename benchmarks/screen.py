"""What the dashboard's screen says."""

import re


def batch_on(text: str) -> int | None:
    """The batch that the screen shows; None while there is none, or none has been trained."""
    found = re.search(r"batch\s+([\d,]+)/", text)
    return int(found[1].replace(",", "")) or None if found else None
