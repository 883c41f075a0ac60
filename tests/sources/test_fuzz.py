"""Fuzzing of every adapter and every source: any input gives events of the announced lane, or a rejection."""

import json
from contextlib import suppress
from functools import cache

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.adapters import KINDS, adapter_of
from actors.core.contract.event import RawItem, Submission
from actors.core.contract.taxonomy import TAXONOMY
from actors.errors import BadInput
from actors.producers import load_profiles, spec

# Required settings of the kinds that have any, or that have nothing to do without them.
CONFIGURED = {
    "planetside2": {"worlds": ["10"]}, "streamelements": {"channel": "5" * 24}, "twitch_chat": {"channels": ["den"]},
    "twitch": {"client_id": "c"}, "webhook": {"preset": "github"}, "websocket": {"url": "ws://127.0.0.1/"},
    "youtube": {"stream": "abcdefghijk"},
}  # fmt: skip

junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@cache
def examples(kind):
    """Return valid messages of an adapter; the synthetic load has some of every raw format."""
    if kind == "event":
        return [
            msgspec.msgpack.encode(Submission(name, msgspec.Raw(msgspec.msgpack.encode(row.example))))
            for name, row in TAXONOMY.items()
        ]
    made = [load_profiles.load(profile, 1, 20.0).messages for profile in load_profiles.PROFILES]
    return [one.body for messages in made for one in messages if one.kind == kind][:200]


def places(value, path=()):
    """Yield the path of every value in a JSON document."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*path, key))


def changed(value, path, new):
    """Return a document with one value replaced."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = changed(copy[path[0]], path[1:], new)
    return copy


@st.composite
def inputs(draw, kind):
    """Draw a valid message with a changed value, with changed bytes, or any bytes."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=80))
    body = draw(st.sampled_from(examples(kind)))
    if draw(st.booleans()) and (body[:1] == b"{" or kind == "event"):
        codec = msgspec.msgpack if kind == "event" else msgspec.json
        document = codec.decode(body)
        path = draw(st.sampled_from(list(places(document))))
        try:
            return codec.encode(changed(document, path, draw(junk)))
        except (OverflowError, UnicodeEncodeError, msgspec.MsgspecError):  # no document of this format can have it
            return body
    start, end = sorted(draw(st.tuples(st.integers(0, len(body)), st.integers(0, len(body)))))
    return body[:start] + draw(st.binary(max_size=12)) + body[min(end, start + 12) :]


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_an_adapter_raises_only_bad_input(kind, data):
    adapter, body = adapter_of(kind), data.draw(inputs(kind))
    lane = adapter.category(body)
    try:
        events = adapter.normalize(RawItem(1, 1, kind, body, 1.0), "p", 1)
    except BadInput:
        return
    assert {event.category for event in events} <= {lane}
    for event in events:
        msgspec.msgpack.decode(event.payload, type=TAXONOMY[event.type].payload)


@pytest.mark.parametrize("kind", KINDS)
def test_every_adapter_has_valid_examples_to_change(kind):
    read = [adapter_of(kind).normalize(RawItem(1, 1, kind, body, 1.0), "p", 1) for body in examples(kind)]
    assert read
    assert all(read)


TRIED = [kind for kind in spec.KINDS if hasattr(spec.module_of(kind), "try_message")]


@pytest.mark.parametrize("kind", TRIED)
@given(value=junk, data=st.binary(max_size=60))
@settings(max_examples=40, deadline=None)
def test_a_source_raises_only_bad_input(kind, value, data):
    module = spec.module_of(kind)
    own = spec.settings_of("source", {"kind": kind} | CONFIGURED.get(kind, {}))
    for one in (
        data,
        json.dumps(value).encode(),
        json.dumps({"items": value, "Events": value, "data": value}).encode(),
    ):
        with suppress(BadInput):
            module.try_message(own, "source", one)
