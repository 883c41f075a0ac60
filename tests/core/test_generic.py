"""Events in JSON: accepted and refused objects, the paths of errors, and the keys of events."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.adapters import KINDS, generic
from actors.adapters.build import build
from actors.core.contract import applications, messages
from actors.core.contract.event import Category, RawItem, Submission
from actors.core.contract.legacy import LEGACY
from actors.core.contract.numbers import finite
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.contract.types.community import Follow
from actors.errors import BadInput, TooLarge

ADA = {"id": "ada", "name": "Ada", "team": "CT"}
BO = {"id": "bo", "name": "Bo"}
KILL = {"type": "kill", "payload": {"attacker": ADA, "victim": BO, "weapon": "ak47"}}
CHAT = {"type": "chat", "payload": {"user": "Ada", "text": "gg"}}
HIT = {"type": "hit", "payload": {"attacker": ADA, "victim": BO, "damage": 27}}


def parse(value):
    return generic.parse(json.dumps(value).encode())


def event(value, pseq=5, pgen=2):
    """Send one object through both doors."""
    [submission] = parse(value)
    body = msgspec.msgpack.encode(submission)
    [result] = generic.normalize(RawItem(pseq, 1, "event", body, 9.0), "http", pgen)
    assert generic.category(body) == result.category
    return result


def refusal(value):
    with pytest.raises(BadInput) as caught:
        parse(value)
    return str(caught.value)


def test_one_object_or_a_list_of_objects_is_accepted():
    assert [submission.type for submission in parse(KILL)] == ["kill"]
    assert [submission.type for submission in parse([KILL, CHAT])] == ["kill", "chat"]
    assert parse([]) == []


def test_a_payload_is_encoded_without_defaults():
    result = event({"type": "kill", "payload": {"attacker": ADA, "victim": BO, "headshot": False}})
    assert msgspec.msgpack.decode(result.payload) == {"attacker": ADA, "victim": BO}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            [KILL, {"type": "cheer", "payload": {"user": "Ada", "bits": "9"}}],
            "Expected `int`, got `str` - at `$[1].payload.bits`",
        ),
        ({"type": "cheer", "payload": {"user": "Ada", "bits": -1}}, "Expected `int` >= 0 - at `$.payload.bits`"),
        ({"type": "follow", "payload": {"user": ""}}, "Expected `str` of length >= 1 - at `$.payload.user`"),
        ({"type": "follow", "payload": {}}, "Object missing required field `user` - at `$.payload`"),
        ({"type": "follow", "payload": {"usr": "Ada"}}, "Object contains unknown field `usr` - at `$.payload`"),
        ({"type": "follow"}, "Object missing required field `payload` - at `$`"),
        ([{"payload": {}}], "Object missing required field `type` - at `$[0]`"),
        ({"type": "follow", "payload": {"user": "Ada"}, "prio": 9}, "Object contains unknown field `prio` - at `$`"),
        ([7], "Expected `object`, got `int` - at `$[0]`"),
        ({"type": "kil", "payload": {}}, "Unknown type `kil`, did you mean `kill`? - at `$.type`"),
        ([{"type": "zzzz", "payload": {}}], "Unknown type `zzzz` - at `$[0].type`"),
        ({**KILL, "ttl_ms": -1}, "Expected 0 to 604800000 ms, got -1 - at `$.ttl_ms`"),
        ({**KILL, "id": ""}, "Expected 1 to 200 characters, got 0 - at `$.id`"),
        ([{**KILL, "source": "x" * 201}], "Expected 1 to 200 characters, got 201 - at `$[0].source`"),
        ({"event": ""}, "Expected a name of 1 character or more, got none - at `$.event`"),
        ([{"event": "Heal", "data": {"amount": "9"}}], "Expected `int`, got `str` - at `$[0].data.amount`"),
        ({"event": "Kill", "who": 1}, "Object contains unknown field `who` - at `$`"),
    ],
)
def test_a_refusal_has_the_input_the_expected_value_and_the_path(value, text):
    assert refusal(value) == text


@pytest.mark.parametrize("data", [b"", b"[", b"{", b"nonsense", b"\xff", b"[" * 100_000, b'{"type":"kill"', b"null"])
def test_malformed_json_is_refused(data):
    with pytest.raises(BadInput):
        generic.parse(data)


def test_a_number_that_no_frame_can_carry_is_refused():
    assert "$.payload" in refusal({"type": "custom", "payload": {"name": "x", "data": {"n": 2**64}}})


def test_the_limits_are_stated():
    with pytest.raises(TooLarge, match=r"at most 1000 objects, got 1001 - at `\$`"):
        parse([CHAT] * 1_001)
    with pytest.raises(TooLarge, match=r"at most 32768 bytes encoded, got \d+ - at `\$\[1\].payload`"):
        parse([CHAT, {"type": "custom", "payload": {"name": "x", "data": {"blob": "x" * 33_000}}}])


@pytest.mark.parametrize("type_", sorted(TAXONOMY))
def test_the_row_of_a_type_sets_the_fields_of_the_event(type_):
    row = TAXONOMY[type_]
    [submission] = parse({"event": _old_name(type_)})
    [result] = generic.normalize(RawItem(5, 1, "event", msgspec.msgpack.encode(submission), 9.0), "http", 2)
    assert (result.type, result.category, result.priority, result.ttl_ms) == (
        type_,
        row.category,
        row.priority,
        row.ttl_ms,
    )
    assert (result.coalesce_key is None) == (row.coalesce == "")


def _old_name(type_):
    return next(row.template for row in LEGACY if row.type == type_ and "{" not in row.template)


def test_a_caller_may_override_age_key_source_and_time():
    result = event({**HIT, "ttl_ms": 5, "coalesce_key": "mine", "source": "bot", "ts_source_ms": 12.5})
    assert (result.ttl_ms, result.coalesce_key, result.source, result.ts_source_ms) == (5, "mine", "bot", 12.5)
    assert result.ts_ingest_ms == 9.0


def test_the_coalesce_key_is_filled_from_the_payload():
    assert event(HIT).coalesce_key == "hit:ada"
    assert event({"type": "toggle", "payload": {"name": "{0}", "on": True}}).coalesce_key == "toggle:{0}"
    assert event({"type": "score", "payload": {"scores": {"CT": 1}}}).coalesce_key == "score"


def test_an_id_is_from_the_caller_or_has_number_and_generation():
    assert event({**KILL, "id": "mine"}).id == "mine"
    assert event(KILL).id == "http/5.0"
    assert event(CHAT).id == "http/g2/5.0"


def test_a_critical_event_is_deduplicated_by_its_callers_identity_alone():
    assert event(KILL).dedupe_key is None
    assert event({**KILL, "id": "mine"}).dedupe_key == "mine"


def test_equal_content_of_a_normal_event_has_an_equal_key():
    assert event(HIT).dedupe_key == event(HIT, pseq=6, pgen=3).dedupe_key
    assert event(HIT).dedupe_key != event({**HIT, "payload": {**HIT["payload"], "damage": 28}}).dedupe_key
    assert event({**HIT, "id": "a"}).dedupe_key == "a"


def test_equal_content_at_another_time_of_the_source_is_another_event():
    assert event({**HIT, "ts_source_ms": 1_000}).dedupe_key == event({**HIT, "ts_source_ms": 1_000}).dedupe_key
    assert event({**HIT, "ts_source_ms": 1_000}).dedupe_key != event({**HIT, "ts_source_ms": 1_001}).dedupe_key


def test_chat_is_never_deduplicated_by_its_text():
    assert event(CHAT).dedupe_key is None
    assert event({**CHAT, "id": "a"}).dedupe_key == "a"
    named = {"type": "chat", "payload": {**CHAT["payload"], "message_id": "m1"}}
    assert event(named).dedupe_key == "m1"
    assert event({**named, "id": "a"}).dedupe_key == "m1"


def test_state_has_no_dedupe_key():
    assert event({"type": "crosshair", "payload": {}}).dedupe_key is None


def test_a_list_may_mix_legacy_and_new_objects():
    heal, kill = parse([{"event": "Heal", "timestamp": 12, "data": {"player": ADA}, "id": "h1"}, KILL])
    assert (heal.type, heal.ts_source_ms, heal.id) == ("heal", 12.0, "h1")
    assert msgspec.msgpack.decode(heal.payload) == {"player": ADA}
    assert kill.type == "kill"


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x81\xa4type\xa3zzz", b"\x81\xa4type\xa1\xff", b"\x91" * 9_000])
def test_an_unreadable_body_goes_to_the_normalizer_and_is_rejected(body):
    assert generic.category(body) is Category.NORMAL
    with pytest.raises(BadInput):
        generic.normalize(RawItem(1, 1, "event", body, 9.0), "http", 1)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
        max_leaves=9,
    )
)
def test_json_input_raises_only_bad_input(value):
    for candidate in (
        value,
        {"type": "custom", "payload": value},
        {"type": "custom", "payload": {"name": "x", "data": {"v": value}}},
    ):
        try:
            submissions = generic.parse(json.dumps(candidate).encode())
        except BadInput:
            continue
        for submission in submissions:
            [_] = generic.normalize(RawItem(1, 1, "event", msgspec.msgpack.encode(submission), 9.0), "http", 1)


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_binary_input_raises_only_bad_input(data):
    for read in (generic.parse, lambda body: generic.normalize(RawItem(1, 1, "event", body, 9.0), "p", 1)):
        try:
            read(data)
        except BadInput:
            continue
    packed = msgspec.msgpack.encode(Submission("custom", msgspec.Raw(data or b"\xc0")))
    generic.category(packed)


def test_every_kind_of_raw_message_has_its_adapter():
    assert {"event", "srcds"} <= set(KINDS)


@pytest.mark.parametrize("ts", [1e308, -1.0, 4_200_000_000_000])
def test_a_source_time_out_of_range_is_refused_with_its_path(ts):
    with pytest.raises(BadInput, match=r"milliseconds since 1970.*\$\.ts_source_ms"):
        generic.parse(json.dumps({"type": "follow", "payload": {"user": "u"}, "ts_source_ms": ts}).encode())


def test_deeply_nested_free_data_is_refused():
    deep: object = 1
    for _ in range(20):
        deep = [deep]
    with pytest.raises(BadInput, match="at most 16 levels"):
        generic.parse(json.dumps({"type": "custom", "payload": {"name": "x", "data": {"a": deep}}}).encode())


@pytest.mark.parametrize("data", [{"a": msgspec.msgpack.Ext(1, b"x")}, {"a": {1: 2}}, {"a": b"bytes"}])
def test_free_data_of_a_trace_that_json_cannot_represent_is_refused(data):
    body = msgspec.msgpack.encode({"type": "custom", "payload": {"name": "x", "data": data}})
    with pytest.raises(BadInput, match=r"at `\$\.payload"):
        generic.normalize(RawItem(1, 1, "event", body, 0.0), "p", 1)


@pytest.mark.parametrize("body", [
    {"type": "follow", "payload": {"user": "u", "k" * 1_000_000: 1}},
    {"type": "x" * 1_000_000, "payload": {}},
    {"type": "round", "payload": {"phase": "y" * 1_000_000}},
])  # fmt: skip
def test_a_reason_is_bounded_for_any_input(body):
    with pytest.raises(BadInput) as refused:
        generic.parse(json.dumps(body).encode())
    assert len(str(refused.value)) <= 300
    assert "$" in str(refused.value)[-80:]


def test_a_long_identity_becomes_a_hash():
    def key(identity):
        item = RawItem(1, 1, "k", b"", 1.0)
        return build(item, "p", 1, "follow", Follow("Ada"), source="s", identity=identity).dedupe_key

    assert key("a" * 200) == "a" * 200
    assert len(key("a" * 201)) == 32
    assert key("a" * 201) == key("a" * 201) != key("a" * 202)


def decoders():
    """Return the decoders of JSON from outside, by their place."""
    for module in (generic, applications, messages):
        for name, value in vars(module).items():
            found = value if isinstance(value, dict) else {"": value}
            yield from (
                (f"{module.__name__}.{name} {key}", one)
                for key, one in found.items()
                if isinstance(one, msgspec.json.Decoder)
            )


def test_no_number_of_any_value_takes_long():
    # msgspec takes 300 times as long for a number such as 1e300: 1.4 s for a body of 1 MiB.
    without = {place for place, decoder in decoders() if decoder.float_hook is not finite}
    assert without == {"actors.adapters.generic._list ", "actors.adapters.generic._object ",
                       "actors.core.contract.messages._json_version "}  # no value of any type  # fmt: skip


@pytest.mark.parametrize(("literal", "number"), [
    ("1e300", 1e300), ("-2.5", -2.5), ("5e-324", 5e-324), ("1e-400", 0.0), ("1E5", 1e5), ("7", 7),
])  # fmt: skip
def test_numbers_of_custom_events_are_exact(literal, number):
    body = b'{"type": "custom", "payload": {"name": "a", "data": {"x": %s}}}' % literal.encode()
    [submission] = generic.parse(body)
    assert msgspec.msgpack.decode(submission.payload)["data"] == {"x": number}


@pytest.mark.parametrize("literal", ["1e400", "-1e999", "123456789012345678e300"])
def test_a_number_beyond_a_float_is_refused(literal):
    with pytest.raises(BadInput, match="Number out of range"):
        generic.parse(b'{"type": "custom", "payload": {"name": "a", "data": {"x": %s}}}' % literal.encode())
