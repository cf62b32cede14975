"""What a user names a network of their own by: `net.py:Net`, `package.module:make_net`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A file or module, and the name of a class or function in it."""

    place: str
    """`net.py`, `folder/net.py` or `package.module`."""
    attribute: str
    """`Net`, or with dots `Nets.small`."""

    @property
    def is_file(self) -> bool:
        """Whether the place is a file, and not a module."""
        return self.place.endswith(".py")

    def __str__(self) -> str:
        return f"{self.place}:{self.attribute}"


def parse_spec(name: str) -> ModelSpec:
    """Read what TrainConfig's rule accepts as a network of the user's own."""
    place, _, attribute = name.rpartition(":")  # a path on Windows has a colon of its own
    return ModelSpec(place, attribute)
