"""Whatever crosses between a run and its viewers is the same after its way as bytes."""

import importlib
import json
import math
import pkgutil
import struct
import types
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mnist_tui.run
from mnist_tui.run import plan, requests
from mnist_tui.run.codec import WireError, kind_of
from mnist_tui.run.events import EpochFinished, EpochRow, Event, RunEnded, StateChanged, Warned
from mnist_tui.run.inference import IMAGE_BYTES, InferenceRequest
from mnist_tui.run.log import RunLog
from mnist_tui.run.progress import Progress
from mnist_tui.run.requests import ALLOWED, Infer, Pause, Stop
from mnist_tui.run.state import State
from mnist_tui.run.wire import (
    KINDS,
    LONGEST_BYTES,
    Decoder,
    Message,
    encode,
    event_of,
)
from mnist_tui.store.atomic import to_json

IDS = st.none() | st.integers(0, 2**31)


def values_of(type_: Any) -> st.SearchStrategy[Any]:
    """Any values that a field annotated with `type_` may have."""
    origin, args = get_origin(type_), get_args(type_)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(values_of, args))
    if origin is tuple and args[-1] is not Ellipsis:
        return st.tuples(*map(values_of, args))
    if origin in (tuple, list):
        return st.lists(values_of(args[0]), max_size=3).map(origin)
    if origin in (dict, Mapping):
        return st.dictionaries(st.text(max_size=5), values_of(args[1]), max_size=3)
    if type_ is Any:
        return st.none() | st.booleans() | st.integers() | st.text(max_size=5)
    if is_dataclass(type_):
        return objects_of(type_)
    if type_ is type(None):
        return st.none()
    if issubclass(type_, Enum):
        return st.sampled_from(list(type_))
    simple: dict[Any, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        int: st.integers(-(2**63), 2**63),
        # A nan is equal to itself only where it is the same object.
        float: st.floats(allow_nan=False),
        str: st.text(max_size=20),
        bytes: st.binary(max_size=50),
    }
    return simple[type_]


@cache
def objects_of(cls: Any) -> st.SearchStrategy[Any]:
    """Any objects of a dataclass of the contract."""
    hints = get_type_hints(cls)
    sent = [field.name for field in fields(cls) if not field.metadata.get("is_local")]
    values = {name: values_of(hints[name]) for name in sent}
    if cls is InferenceRequest:
        values["images"] = st.binary(min_size=IMAGE_BYTES, max_size=IMAGE_BYTES)
    return st.builds(cls, **values)


def received(frame: bytes) -> Message:
    [message] = Decoder().feed(frame)
    return message


def altered(frame: bytes, change: Any) -> bytes:
    """The frame with its JSON as `change` has made it."""
    text_size, binary_size = struct.unpack(">II", frame[:8])
    content = json.loads(frame[8 : 8 + text_size])
    change(content)
    text = json.dumps(content).encode()
    return struct.pack(">II", len(text), binary_size) + text + frame[8 + text_size :]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(data=st.data(), number=IDS)
def test_every_kind_becomes_bytes_and_is_the_same_again(
    kind: str, data: st.DataObject, number: int | None
) -> None:
    value = data.draw(objects_of(KINDS[kind]))
    assert received(encode(value, number)) == Message(kind, value, number)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_fields_that_are_not_known_are_left_out(kind: str, data: st.DataObject) -> None:
    value = data.draw(objects_of(KINDS[kind]))

    def add(content: dict[str, Any]) -> None:
        content["priority"] = [1]
        content["value"]["of_a_newer_version"] = {"a": None}

    assert received(altered(encode(value), add)).value == value


def test_everything_that_the_contract_defines_can_be_sent() -> None:
    """A class that is new in `run` is a kind at once, whatever module it is in."""
    kinds = set(KINDS.values())
    for module in pkgutil.iter_modules(mnist_tui.run.__path__):
        defined = vars(importlib.import_module(f"mnist_tui.run.{module.name}")).values()
        classes = {
            cls
            for cls in defined
            if is_dataclass(cls) and cls.__module__ == f"mnist_tui.run.{module.name}"
        }
        if module.name not in ("codec", "wire", plan.__name__.rpartition(".")[2]):
            assert classes <= kinds, f"{module.name} has classes that cannot be sent"
    assert set(ALLOWED) <= kinds
    assert set(get_args(requests.Request)) <= kinds


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([Warned(message="hot"), Pause(), Progress(epoch=3)])),
    st.lists(st.integers(1, 60), min_size=1),
)
def test_messages_may_arrive_in_any_pieces(values: list[Any], sizes: list[int]) -> None:
    stream = b"".join(encode(value, number) for number, value in enumerate(values))
    decoder, got, turn = Decoder(), [], 0
    while stream:
        size = sizes[turn % len(sizes)]
        got += decoder.feed(stream[:size])
        stream, turn = stream[size:], turn + 1
    assert got == [Message(kind_of(type(v)), v, number) for number, v in enumerate(values)]


def test_a_kind_of_a_newer_version_is_handed_on_without_its_value() -> None:
    def rename(content: dict[str, Any]) -> None:
        content["kind"] = "teleport"

    frame = altered(encode(Stop(), 7), rename)
    messages = list(Decoder().feed(frame + encode(Pause(), 8)))
    assert messages == [Message("teleport", None, 7), Message("pause", Pause(), 8)]


def test_a_state_of_a_newer_version_is_handed_on_without_its_value() -> None:
    def dream(content: dict[str, Any]) -> None:
        content["value"]["state"] = "dreaming"

    event = StateChanged(state=State.PAUSED, previous=State.RUNNING)
    assert received(altered(encode(event), dream)) == Message("state_changed", None)


def test_a_field_with_a_default_may_be_missing_and_no_other() -> None:
    def forget(content: dict[str, Any]) -> None:
        del content["value"]["reason"]

    assert received(altered(encode(Stop(save=False)), forget)).value == Stop(save=False)
    lost = altered(encode(EpochFinished(row=ROW, is_best=True)), lambda c: c["value"].pop("row"))
    with pytest.raises(WireError, match="epoch_finished without row"):
        received(lost)


ROW = EpochRow(
    epoch=1,
    train_loss=math.nan,
    train_accuracy=0.5,
    val_loss=math.inf,
    val_accuracy=0.5,
    lr=1e-300,
    seconds=0.1 + 0.2,
    samples_per_second=-0.0,
)


def test_numbers_that_json_has_no_names_for_are_sent_too() -> None:
    row = received(encode(ROW)).value
    assert math.isnan(row.train_loss)
    assert (row.val_loss, row.lr, row.seconds) == (math.inf, 1e-300, 0.1 + 0.2)
    assert math.copysign(1, row.samples_per_second) == -1


def test_a_line_of_events_jsonl_is_read_with_the_numbers_that_json_has_no_names_for() -> None:
    line = json.loads(to_json({"time": 5.0, **EpochFinished(row=ROW, is_best=True).to_dict()}))
    event = event_of(line)
    assert isinstance(event, EpochFinished)
    assert math.isnan(event.row.train_loss)
    assert event.row.seconds == ROW.seconds


def test_a_request_for_inference_keeps_its_future_on_this_side() -> None:
    infer = Infer(InferenceRequest(images=bytes(IMAGE_BYTES)))
    message = received(encode(infer, 3))
    assert message == Message("infer", infer, 3)
    assert message.value.future is not infer.future
    assert not message.value.future.done()


def test_every_event_is_of_a_kind_that_events_jsonl_calls_the_same() -> None:
    events = [cls for cls in KINDS.values() if issubclass(cls, Event)]
    assert RunEnded in events
    for cls in events:
        assert cls.kind.fget(object.__new__(cls)) == kind_of(cls)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("kind"),
        lambda content: content.update(id="seven"),
        lambda content: content.update(parts=[1]),
        lambda content: content.update(parts=[-1, 1]),
        lambda content: content.update(value=[]),
        lambda content: content["value"].update(epoch="3"),
        lambda content: content["value"].update(epoch=True),
        lambda content: content["value"].update(epoch=3.5),
        lambda content: content["value"].update(train_loss="much"),
        lambda content: content["value"].update(train_loss=[]),
    ],
)
def test_a_message_with_the_wrong_types_is_refused(change: Any) -> None:
    frame = encode(Progress(epoch=3, train_loss=0.5))
    with pytest.raises(WireError):
        received(altered(frame, change))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.data())
def test_bytes_that_are_no_messages_are_refused_or_waited_for(
    noise: bytes, data: st.DataObject
) -> None:
    frame = bytearray(encode(RunLog(rows=[ROW], files=("last.pt",))))
    at = data.draw(st.integers(0, len(frame)))
    frame[at : at + len(noise)] = noise
    for content in (bytes(frame), noise):
        with suppress(WireError):
            list(Decoder().feed(content))


@pytest.mark.parametrize("text", [b"[]", b"null", b"3", b"{}", b"\xff", b"[" * 100_000])
def test_json_that_is_no_message_is_refused(text: bytes) -> None:
    with pytest.raises(WireError):
        received(struct.pack(">II", len(text), 0) + text)


def test_a_frame_without_end_is_refused_before_it_is_waited_for() -> None:
    with pytest.raises(WireError):
        list(Decoder().feed(struct.pack(">II", 2, LONGEST_BYTES)))
