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
import math
import re
import struct
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from mnist_tui.run import (
    events,
    history,
    inference,
    log,
    machine,
    progress,
    protocol,
    requests,
    validation,
)

LONGEST_BYTES: Final = 64 * 1024 * 1024
"""A frame that says that it is longer is of another program."""

_SIZES: Final = struct.Struct(">II")


def kind_of(cls: type) -> str:
    """The name of a kind: `epoch_finished` for EpochFinished."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


KINDS: Final[Mapping[str, type]] = {
    kind_of(cls): cls
    for module in (
        events,
        requests,
        progress,
        history,
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


class WireError(ValueError):
    """Bytes that are no message, or a message whose fields are not what their kind says."""


class _UnknownWord(Exception):  # noqa: N818 - a way out of a message, not an error
    """A word of a newer version for an enumeration."""


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
        "value": _codec(cls).encode(value, parts),
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
        return Message(kind, _codec(cls).decode(content["value"], _split(binary, sizes)), number)
    except _UnknownWord:
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
        event: events.Event = _codec(cls).decode(values, [])
    except (WireError, _UnknownWord, ValueError, TypeError):
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


@dataclass(frozen=True, slots=True)
class _Codec:
    """How the values of one type become JSON, with their bytes in a list of parts, and back."""

    encode: Callable[[Any, list[bytes]], Any]
    decode: Callable[[Any, list[bytes]], Any]


@cache
def _codec(type_: Any) -> _Codec:
    """The codec of a type, as written in an annotation.

    Raises:
        TypeError: When values of that type cannot be sent; a bug in the contract.
    """
    origin, args = get_origin(type_), get_args(type_)
    if origin in (Union, types.UnionType) and type(None) in args and len(args) == 2:
        return _optional(_codec(args[0] if args[1] is type(None) else args[1]))
    if type_ == tuple[float, ...]:
        return _Codec(_encode_floats, _decode_floats)
    if origin is tuple and args[-1] is not Ellipsis:
        return _fixed_tuple([_codec(arg) for arg in args])
    if origin in (tuple, list):
        return _sequence(origin, _codec(args[0]))
    if origin in (dict, Mapping):
        return _mapping(_codec(args[1]))
    if isinstance(type_, type):
        if is_dataclass(type_):
            return _object(type_)
        if issubclass(type_, StrEnum):
            return _enumeration(type_)
    if type_ in _SIMPLE:
        return _SIMPLE[type_]
    raise TypeError(f"values of {type_} cannot be sent")


def _object(cls: type) -> _Codec:
    """A dataclass as an object; fields with the metadata `is_local` are not sent."""
    hints = get_type_hints(cls)
    sent = {field.name: field for field in fields(cls) if not field.metadata.get("is_local")}
    codecs = {name: _codec(hints[name]) for name in sent}
    needed = {
        name
        for name, field in sent.items()
        if field.default is MISSING and field.default_factory is MISSING
    }

    def encode(value: Any, parts: list[bytes]) -> Any:
        return {name: codec.encode(getattr(value, name), parts) for name, codec in codecs.items()}

    def decode(value: Any, parts: list[bytes]) -> Any:
        values = _checked(dict, value)
        missing = needed - values.keys()
        if missing:
            raise WireError(f"a {kind_of(cls)} without {', '.join(sorted(missing))}")
        known = {name: codec for name, codec in codecs.items() if name in values}
        return cls(**{name: codec.decode(values[name], parts) for name, codec in known.items()})

    return _Codec(encode, decode)


def _optional(inner: _Codec) -> _Codec:
    return _Codec(
        lambda value, parts: None if value is None else inner.encode(value, parts),
        lambda value, parts: None if value is None else inner.decode(value, parts),
    )


def _sequence(make: Callable[[Iterator[Any]], Any], inner: _Codec) -> _Codec:
    return _Codec(
        lambda value, parts: [inner.encode(item, parts) for item in value],
        lambda value, parts: make(inner.decode(item, parts) for item in _checked(list, value)),
    )


def _fixed_tuple(inner: list[_Codec]) -> _Codec:
    def encode(value: Any, parts: list[bytes]) -> Any:
        return [codec.encode(item, parts) for codec, item in zip(inner, value, strict=True)]

    def decode(value: Any, parts: list[bytes]) -> Any:
        pairs = zip(inner, _checked(list, value), strict=True)
        return tuple(codec.decode(item, parts) for codec, item in pairs)

    return _Codec(encode, decode)


def _mapping(inner: _Codec) -> _Codec:
    return _Codec(
        lambda value, parts: {key: inner.encode(item, parts) for key, item in value.items()},
        lambda value, parts: {
            key: inner.decode(item, parts) for key, item in _checked(dict, value).items()
        },
    )


def _enumeration(cls: type[StrEnum]) -> _Codec:
    def decode(value: Any, parts: list[bytes]) -> Any:
        try:
            return cls(_checked(str, value))
        except ValueError as error:
            if isinstance(error, WireError):
                raise
            raise _UnknownWord(value) from error

    return _Codec(lambda value, parts: str(value), decode)


def _plain(*types_: type) -> _Codec:
    return _Codec(lambda value, parts: value, lambda value, parts: _checked(types_, value))


def _checked(types_: type | tuple[type, ...], value: Any) -> Any:
    """`value`, which has to be of one of some types.

    Raises:
        WireError: When it is not.
    """
    allowed = types_ if isinstance(types_, tuple) else (types_,)
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        raise WireError(f"{value!r:.80} is not of {' or '.join(t.__name__ for t in allowed)}")
    return value


def _encode_float(value: Any, parts: list[bytes]) -> Any:
    # JSON has no names for the others.
    return value if math.isfinite(value) else str(float(value))


def _decode_float(value: Any, parts: list[bytes]) -> float:
    if value is None:  # so nan is written in events.jsonl
        return math.nan
    return float(_checked((int, float, str), value))


def _encode_bytes(value: Any, parts: list[bytes]) -> int:
    parts.append(value)
    return len(parts) - 1


def _decode_bytes(value: Any, parts: list[bytes]) -> bytes:
    index: int = _checked(int, value)
    if not 0 <= index < len(parts):
        raise WireError(f"there is no binary part {index}")
    return parts[index]


def _encode_floats(value: Any, parts: list[bytes]) -> int:
    return _encode_bytes(struct.pack(f"<{len(value)}d", *value), parts)


def _decode_floats(value: Any, parts: list[bytes]) -> tuple[float, ...]:
    content = _decode_bytes(value, parts)
    if len(content) % 8:
        raise WireError("a row of floats is cut off")
    return struct.unpack(f"<{len(content) // 8}d", content)


_SIMPLE: Final[Mapping[Any, _Codec]] = {
    bool: _plain(bool),
    int: _plain(int),
    str: _plain(str),
    float: _Codec(_encode_float, _decode_float),
    bytes: _Codec(_encode_bytes, _decode_bytes),
    Any: _Codec(lambda value, parts: value, lambda value, parts: value),
}
