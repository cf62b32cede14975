"""The contract as bytes: every value that crosses between a run and a viewer, and back.

A message is one frame: two unsigned 32-bit big-endian sizes, then that much JSON, then that
much binary. The JSON is `{"kind", "id", "value", "parts"}`; `parts` has the sizes of the pieces
that the binary is made of, and a field that is bytes, or a row of floats, holds the index of its
piece. `id` ties results to requests.

Shapes only grow: a new field needs a default. A receiver leaves out fields that it does not know,
and hands on a message of an unknown kind, or with an unknown word for an enumeration, without its
value. Nothing that is received is run.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any, Final

from mnist_tui.run import (
    buckets,
    events,
    inference,
    log,
    machine,
    progress,
    protocol,
    requests,
    validation,
)
from mnist_tui.run.codec import UnknownWordError, WireError, codec_of, kind_of

LONGEST_BYTES: Final = 64 * 1024 * 1024
"""A frame that says that it is longer is of another program."""

_SIZES: Final = struct.Struct(">II")


KINDS: Final[Mapping[str, type]] = {
    kind_of(cls): cls
    for module in (
        events,
        requests,
        progress,
        buckets,
        validation,
        inference,
        log,
        machine,
        protocol,
    )
    for cls in vars(module).values()
    if isinstance(cls, type) and is_dataclass(cls) and cls.__module__ == module.__name__
}
"""Everything that can be sent: all dataclasses of the contract, by their names."""


@dataclass(frozen=True, slots=True)
class Message:
    """What came in one frame."""

    kind: str
    value: Any
    """An object of the kind's class; None where this version does not know kind or value."""
    id: int | None = None
    """The request that this is, or is the result of."""


def encode(value: Any, id: int | None = None) -> bytes:
    """One frame with `value`, an object of one of KINDS."""
    parts: list[bytes] = []
    cls: Any = type(value)
    content = {
        "kind": kind_of(cls),
        "id": id,
        "value": codec_of(cls).encode(value, parts),
        "parts": [len(part) for part in parts],
    }
    text = json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
    binary = b"".join(parts)
    return b"".join((_SIZES.pack(len(text), len(binary)), text, binary))


class Decoder:
    """Makes messages of bytes that arrive in pieces."""

    def __init__(self, longest_bytes: int = LONGEST_BYTES) -> None:
        self._buffer = bytearray()
        self._longest_bytes: Final = longest_bytes

    def feed(self, received: bytes) -> Iterator[Message]:
        """The messages that `received` completes.

        Raises:
            WireError: When the bytes are no messages; the connection is of no use any more.
        """
        self._buffer += received
        while len(self._buffer) >= _SIZES.size:
            text_size, binary_size = _SIZES.unpack_from(self._buffer)
            end = _SIZES.size + text_size + binary_size
            if end > self._longest_bytes:
                raise WireError(f"a message of {end:,} bytes")
            if len(self._buffer) < end:
                return
            frame = bytes(self._buffer[_SIZES.size : end])
            del self._buffer[:end]
            yield _decode(frame[:text_size], frame[text_size:])


def _decode(text: bytes, binary: bytes) -> Message:
    try:
        content = json.loads(text)
        kind, number, sizes = content["kind"], content.get("id"), content["parts"]
        if not isinstance(kind, str) or not isinstance(number, int | None):
            raise WireError("its kind or id is of the wrong type")
        cls: Any = KINDS.get(kind)
        if cls is None:
            return Message(kind, None, number)
        return Message(kind, codec_of(cls).decode(content["value"], _split(binary, sizes)), number)
    except UnknownWordError:
        return Message(kind, None, number)
    except WireError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise WireError(f"not a message: {type(error).__name__}: {error}") from error


def event_of(values: Mapping[str, Any]) -> events.Event | None:
    """The event that `Event.to_dict` made `values` of; None where this version can't tell."""
    cls: Any = KINDS.get(str(values.get("event")))
    if cls is None or not issubclass(cls, events.Event):
        return None
    try:
        event: events.Event = codec_of(cls).decode(values, [])
    except (WireError, UnknownWordError, ValueError, TypeError):
        return None
    return event


def _split(binary: bytes, sizes: list[int]) -> list[bytes]:
    parts, start = [], 0
    for size in sizes:
        parts.append(binary[start : start + size])
        start += size
    if start != len(binary) or min(sizes, default=0) < 0:
        raise WireError("its binary parts are not of the sizes that it gives")
    return parts
