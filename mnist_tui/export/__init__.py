"""What a run is worth elsewhere: its curves and its network in the formats of other programs."""

from collections.abc import Iterator
from contextlib import contextmanager

from mnist_tui.errors import UsageError


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Import inside this block what the package's extra of that name installs.

    Raises:
        UsageError: When something is not installed.
    """
    try:
        yield
    except ImportError as error:
        missing = (error.name or "a package").partition(".")[0]
        raise UsageError(f"{missing} is not installed: install mnist-tui[{extra}]") from error
