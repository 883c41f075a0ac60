"""Messages of overlays: valid and invalid ones."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.core.contract.messages import Command, Hello, Ping, RenderReceipt, WrongVersion, parse, wanted_types
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.delivery.cursor import Resume
from actors.errors import BadInput

HELLO = {"t": "hello", "version": 2, "token": "k", "overlay_id": "main-1"}

SAID = [
    (HELLO, Hello("k", "main-1")),
    (
        HELLO | {"resume": {"epoch": "e", "position": 41}, "format": "json", "types": ["kill"], "build": "b", "new": 1},
        Hello("k", "main-1", resume=Resume("e", 41), format="json", types=["kill"], build="b"),
    ),
    ({"t": "receipt", "position": 57}, RenderReceipt(57)),
    ({"t": "receipt", "position": 57, "visible": True, "active": False}, RenderReceipt(57, visible=True, active=False)),
    ({"t": "receipt", "position": 57, "fps": 59.9, "queue": 0}, RenderReceipt(57, fps=59.9, queue=0)),
    ({"t": "receipt", "position": 1, "warnings": ["fps"]}, RenderReceipt(1, warnings=["fps"])),
    ({"t": "receipt", "position": 1, "quality": 2, "slowest": "chat"}, RenderReceipt(1, quality=2, slowest="chat")),
    ({"t": "ping", "client_ts_ms": 1.5}, Ping(1.5)),
    ({"t": "command", "id": "c", "name": "emit", "args": {"a": [1]}}, Command("c", "emit", {"a": [1]})),
]


@pytest.mark.parametrize(("message", "meaning"), SAID)
def test_a_valid_message_is_parsed(message, meaning):
    assert parse(json.dumps(message)) == meaning
    assert parse(msgspec.msgpack.encode(message)) == meaning


NONSENSE = [
    "",
    "{",
    "[]",
    "null",
    "7",
    '"hello"',
    "{}",
    '{"t":"frame"}',
    '{"t":7}',
    json.dumps(HELLO | {"token": 7}),
    json.dumps(HELLO | {"token": "x" * 257}),
    json.dumps(HELLO | {"overlay_id": ""}),
    json.dumps(HELLO | {"overlay_id": "a b"}),
    json.dumps(HELLO | {"overlay_id": "x" * 65}),
    json.dumps(HELLO | {"overlay_id": "main\n"}),
    json.dumps(HELLO | {"resume": {"epoch": "e", "position": -1}}),
    json.dumps(HELLO | {"resume": {"epoch": "e", "position": 1 << 60}}),
    json.dumps(HELLO | {"resume": {"position": 1}}),
    json.dumps(HELLO | {"format": "xml"}),
    json.dumps(HELLO | {"types": "kill"}),
    '{"t":"hello","token":"\\ud800","overlay_id":"a"}',
    '{"t":"receipt"}',
    '{"t":"receipt","position":"1"}',
    '{"t":"receipt","position":-1}',
    '{"t":"receipt","position":1,"fps":NaN}',
    '{"t":"command","id":"c","name":"n","args":[]}',
    "[" * 4000,
    '{"t":"command","id":"c","name":"n","args":' + '{"a":' * 9 + "1" + "}" * 9 + "}",
    b"",
    b"\xc1",
    b"\x91" * 3000,
    msgspec.msgpack.encode([1, 2]),
]


@pytest.mark.parametrize("message", NONSENSE, ids=range(len(NONSENSE)))
def test_an_invalid_message_is_refused(message):
    with pytest.raises(BadInput):
        parse(message)


@pytest.mark.parametrize("version", [0, 1, 3])
def test_another_version_has_its_own_refusal(version):
    with pytest.raises(WrongVersion):
        parse(json.dumps({"t": "hello", "version": version, "somewhat": "else"}))


def test_the_deepest_allowed_command_is_accepted():
    args = '{"a":' * 7 + "1" + "}" * 7
    assert isinstance(parse('{"t":"command","id":"c","name":"n","args":' + args + "}"), Command)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300) | st.binary(max_size=300))
def test_any_bytes_are_parsed_or_refused_as_a_message(message):
    try:
        parse(message)
    except BadInput:
        return


def test_a_refusal_does_not_repeat_the_message():
    with pytest.raises(BadInput) as refusal:
        parse(json.dumps(HELLO | {"token": {"secret": "canary"}}))
    assert "canary" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kil", "unknown type 'kil', did you mean `kill`? - at `$.types`"),
        ("", "unknown type '' - at `$.types`"),
        ("\u202e" + "x" * 3_000, f"unknown type '\\u202e{'x' * 39}' - at `$.types`"),
    ],
)
def test_an_unknown_type_is_refused_with_the_nearest_one(name, text):
    with pytest.raises(BadInput) as refusal:
        parse(json.dumps(HELLO | {"types": ["kill", name]}))
    assert str(refusal.value) == text


@pytest.mark.parametrize(
    ("types", "wanted"),
    [
        (None, None),
        ([], frozenset()),
        (["kill", "kill"], frozenset({"kill"})),
        (list(TAXONOMY), None),
    ],
)
def test_filters_with_the_same_effect_are_equal(types, wanted):
    assert hash(wanted_types(types)) == hash(wanted)
    assert wanted_types(types) == wanted
