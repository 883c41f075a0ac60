"""The mapping language of WebSocket and webhook sources, as tables."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.adapters import mapping
from actors.adapters.mapping import MappingRule
from actors.errors import BadInput


def events(rule: MappingRule, body: object, **extra: object) -> list[dict[str, object]]:
    found = mapping.submissions(mapping.compiled([rule]), body, "src", extra)
    return [{"type": one.type, "id": one.id, **msgspec.msgpack.decode(one.payload)} for one in found]


def field(expression: str, body: object) -> object:
    """Return the result of an expression as the text of a chat message."""
    [event] = events(MappingRule({"type": "'custom'", "name": "'x'", "data.value": expression}), body)
    return event.get("data", {}).get("value")


@pytest.mark.parametrize(
    ("expression", "body", "value"),
    [
        ("a.b", {"a": {"b": 7}}, 7),
        ("a || b", {"b": "fallback"}, "fallback"),
        ("item.a", {"a": "x"}, "x"),
        ("body.a", {"a": "x"}, "x"),
        ("missing", {}, None),
        ("lower(a)", {"a": "ADA"}, "ada"),
        ("upper(a)", {"a": "ada"}, "ADA"),
        ("concat(a, '-', b, missing)", {"a": 1, "b": "x"}, "1-x"),
        ("replace(a, '_', ' ')", {"a": "gg_wp"}, "gg wp"),
        ("replace(a, '_', '')", {"a": "_g_g_"}, "gg"),
        ("replace(a, '_', b)", {"a": "_" * 5_000, "b": "x" * 1_000_000}, "x" * 4_096),  # 4 GB without a limit
        ("divide(a, `100`)", {"a": 420}, 4.2),
        ("divide(a, `0`)", {"a": 420}, None),
        ("multiply(a, `2`)", {"a": "2.5"}, 5.0),
        ("default(a, 'none')", {}, "none"),
        ("timestamp_ms(a)", {"a": "2022-01-30T21:32:04.4588947-05:00"}, 1_643_596_324_458.894),
        ("timestamp_ms(a)", {"a": "2026-11-21T12:00:00Z"}, 1_795_262_400_000.0),
        ("length(a)", {"a": [1, 2]}, 2),
        ("to_number(a)", {"a": "12.50"}, 12.5),
    ],
)
def test_an_expression_gives_the_expected_value(expression, body, value):
    assert field(expression, body) == value


def test_a_list_is_bounded_although_its_items_become_no_event():
    rule = MappingRule({"type": "'follow'", "user": "name"}, each="body", when="name")
    assert events(rule, [{}] * 4_000) == []
    with pytest.raises(BadInput, match="4001 items, expected at most 4000"):
        events(rule, [{}] * 4_001)


def test_one_message_becomes_many_events():
    rule = MappingRule(
        {"type": "'tip'", "id": "id", "user": "name", "amount": "amount"}, each="body.tips", when="amount != '0'"
    )
    body = {"tips": [{"id": 1, "name": "a", "amount": "1"}, {"id": 2, "name": "b", "amount": "0"}]}
    assert events(rule, body) == [{"type": "tip", "id": "1", "user": "a", "amount": "1"}]


def test_a_dotted_name_is_a_field_of_an_object_and_null_is_left_out():
    rule = MappingRule({"type": "'kill'", "attacker.id": "k", "attacker.name": "k", "victim.id": "v",
                        "victim.name": "v", "weapon": "nothing"})  # fmt: skip
    [event] = events(rule, {"k": "ada", "v": "bo"})
    assert (event["attacker"]["name"], event["victim"]["id"]) == ("ada", "bo")
    assert "weapon" not in event


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("user", "n" * 90, "n" * 64),
        ("text", "m" * 600, "m" * 500),
        ("text", "gg \ud83d", "gg ?"),
        ("amount", "0.30000000000000004", "0.3"),
        ("amount", 4.669999999999999, "4.67"),
        ("amount", "12.50", "12.50"),
    ],
)
def test_a_tip_is_shown_whatever_name_message_and_fraction_it_has(name, value, kept):
    rule = MappingRule({"type": "'tip'", "user": "user", "text": "text", "amount": "amount"})
    [event] = events(rule, {"user": "Ada", "text": "hi", "amount": "1", name: value})
    assert event[name] == kept


def test_texts_of_objects_and_lists_are_cut_too_and_a_long_id_stays_unique():
    rule = MappingRule({"type": "'kill'", "id": "id", "attacker.id": "a", "attacker.name": "a", "victim.id": "b",
                        "victim.name": "b"})  # fmt: skip
    [one], [other] = (events(rule, {"id": "x" * 300 + end, "a": "Ada" * 30, "b": 7}) for end in "yz")
    assert one["attacker"]["name"] == ("Ada" * 30)[:64]
    assert one["victim"]["id"] == "7"
    assert one["id"] != other["id"]
    assert len(one["id"]) <= 200
    gift = MappingRule({"type": "'gift'", "user": "'Ada'", "count": "`1`", "recipients": "names"})
    assert events(gift, {"names": ["n" * 90]})[0]["recipients"] == ["n" * 64]


def test_a_failing_item_does_not_affect_the_other_items():
    rule = MappingRule({"type": "'tip'", "id": "id", "user": "name", "amount": "amount"}, each="body.tips")
    failed: list[BadInput] = []
    tips = [{"id": 1, "name": "a", "amount": 3.5}, {"id": 2, "amount": "1"}, {"id": 3, "name": "c", "amount": 7}]
    found = mapping.submissions(mapping.compiled([rule]), {"tips": tips}, "src", reject=failed.append)
    assert [msgspec.msgpack.decode(one.payload)["amount"] for one in found] == ["3.5", "7"]
    assert [str(one) for one in failed] == ["map[0].event: Object missing required field `user` - at `$.payload`"]


@pytest.mark.parametrize(
    ("rule", "body", "words"),
    [
        (MappingRule({"type": "'follow'", "user": "lower(n)"}), {"n": 7}, "map[0].event.user `lower(n)` failed"),
        (MappingRule({"type": "'follow'", "user": "n"}), {}, "map[0].event: Object missing required field `user`"),
        (MappingRule({"type": "'folow'", "user": "n"}), {"n": "a"}, "did you mean `follow`"),
        (MappingRule({"type": "'follow'", "user": "n"}, each="n"), {"n": "a"}, "returned str, expected a list"),
        (MappingRule({"type": "'follow'", "user": "n"}, when="length(n) > `1`"), {"n": 5}, "map[0].when"),
        (MappingRule({"type": "'follow'", "user": "timestamp_ms(n)"}), {"n": "yesterday"}, "failed"),
        (MappingRule({"type": "'follow'", "user": "@"}, each="n"), {"n": ["a"] * 1_001}, "more than 1000 events"),
    ],
)
def test_a_failure_names_the_rule_and_the_reason(rule, body, words):
    if words.startswith("more"):
        rule = MappingRule({"type": "'follow'", "user": "item"}, each="n")
    with pytest.raises(BadInput) as failed:
        events(rule, body)
    assert words in str(failed.value)
    assert len(str(failed.value)) < 700


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
RULES = [
    MappingRule(
        {"type": "'tip'", "id": "id", "user": "a.b || name", "amount": "divide(a, `100`)", "text": "concat(a, b)"}
    ),
    MappingRule({"type": "t", "user": "lower(a)", "data.x": "timestamp_ms(b)"}, each="a", when="a > b"),
]


@given(JSON)
def test_any_message_raises_only_bad_input(body):
    try:
        mapping.submissions(mapping.compiled(RULES), body, "src")
    except BadInput:
        return
