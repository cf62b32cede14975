"""How the values of the contract become JSON and binary parts, and back, by their annotations.

Shapes only grow: fields that are not known are left out, and a new field needs a default.
"""

import math
import re
import struct
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final, Union, get_args, get_origin, get_type_hints


class WireError(ValueError):
    """Bytes that are no message, or a message whose fields are not what their kind says."""


class UnknownWordError(Exception):
    """A word of a newer version for an enumeration."""


def kind_of(cls: type) -> str:
    """The name of a kind: `epoch_finished` for EpochFinished."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


@dataclass(frozen=True, slots=True)
class Codec:
    """How the values of one type become JSON, with their bytes in a list of parts, and back."""

    encode: Callable[[Any, list[bytes]], Any]
    decode: Callable[[Any, list[bytes]], Any]


@cache
def codec_of(type_: Any) -> Codec:
    """The codec of a type, as written in an annotation.

    Raises:
        TypeError: When values of that type cannot be sent; a bug in the contract.
    """
    origin, args = get_origin(type_), get_args(type_)
    if origin in (Union, types.UnionType) and type(None) in args and len(args) == 2:
        return _optional(codec_of(args[0] if args[1] is type(None) else args[1]))
    if type_ == tuple[float, ...]:
        return Codec(_encode_floats, _decode_floats)
    if origin is tuple and args[-1] is not Ellipsis:
        return _fixed_tuple([codec_of(arg) for arg in args])
    if origin in (tuple, list):
        return _sequence(origin, codec_of(args[0]))
    if origin in (dict, Mapping):
        return _mapping(codec_of(args[1]))
    if isinstance(type_, type):
        if is_dataclass(type_):
            return _object(type_)
        if issubclass(type_, StrEnum):
            return _enumeration(type_)
    if type_ in _SIMPLE:
        return _SIMPLE[type_]
    raise TypeError(f"values of {type_} cannot be sent")


def _object(cls: type) -> Codec:
    """A dataclass as an object; fields with the metadata `is_local` are not sent."""
    hints = get_type_hints(cls)
    sent = {field.name: field for field in fields(cls) if not field.metadata.get("is_local")}
    codecs = {name: codec_of(hints[name]) for name in sent}
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

    return Codec(encode, decode)


def _optional(inner: Codec) -> Codec:
    return Codec(
        lambda value, parts: None if value is None else inner.encode(value, parts),
        lambda value, parts: None if value is None else inner.decode(value, parts),
    )


def _sequence(make: Callable[[Iterator[Any]], Any], inner: Codec) -> Codec:
    return Codec(
        lambda value, parts: [inner.encode(item, parts) for item in value],
        lambda value, parts: make(inner.decode(item, parts) for item in _checked(list, value)),
    )


def _fixed_tuple(inner: list[Codec]) -> Codec:
    def encode(value: Any, parts: list[bytes]) -> Any:
        return [codec.encode(item, parts) for codec, item in zip(inner, value, strict=True)]

    def decode(value: Any, parts: list[bytes]) -> Any:
        pairs = zip(inner, _checked(list, value), strict=True)
        return tuple(codec.decode(item, parts) for codec, item in pairs)

    return Codec(encode, decode)


def _mapping(inner: Codec) -> Codec:
    return Codec(
        lambda value, parts: {key: inner.encode(item, parts) for key, item in value.items()},
        lambda value, parts: {
            key: inner.decode(item, parts) for key, item in _checked(dict, value).items()
        },
    )


def _enumeration(cls: type[StrEnum]) -> Codec:
    def decode(value: Any, parts: list[bytes]) -> Any:
        try:
            return cls(_checked(str, value))
        except ValueError as error:
            if isinstance(error, WireError):
                raise
            raise UnknownWordError(value) from error

    return Codec(lambda value, parts: str(value), decode)


def _plain(*types_: type) -> Codec:
    return Codec(lambda value, parts: value, lambda value, parts: _checked(types_, value))


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


_SIMPLE: Final[Mapping[Any, Codec]] = {
    bool: _plain(bool),
    int: _plain(int),
    str: _plain(str),
    float: Codec(_encode_float, _decode_float),
    bytes: Codec(_encode_bytes, _decode_bytes),
    Any: Codec(lambda value, parts: value, lambda value, parts: value),
}
