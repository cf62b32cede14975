"""What the user has written about a run: tags and a note."""

from dataclasses import asdict, dataclass

from mnist_tui.store.atomic import read_json, write_json
from mnist_tui.store.directory import RunDirectory


@dataclass(frozen=True)
class Labels:
    """A run's tags and note."""

    tags: tuple[str, ...] = ()
    """Words without spaces, in the user's order."""
    note: str = ""


def read_labels(directory: RunDirectory) -> Labels:
    """The labels of a run; none where there are none, or where they cannot be read."""
    values = read_json(directory.labels)
    tags, note = values.get("tags"), values.get("note")
    return Labels(
        tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        note if isinstance(note, str) else "",
    )


def write_labels(directory: RunDirectory, labels: Labels) -> None:
    """Replace the labels of a run, be it live or not.

    Raises:
        OSError: When they cannot be written.
    """
    write_json(directory.labels, asdict(labels))
