"""Rules for every row of the taxonomy."""

import pkgutil
import re
import sys

import msgspec
import pytest

from actors.core.contract import types
from actors.core.contract.event import Category
from actors.core.contract.taxonomy import TAXONOMY
from actors.program import ROOT

ROWS = list(TAXONOMY.items())


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_a_row_obeys_the_rules_of_its_category(name, row):
    critical, state = row.category is Category.CRITICAL, row.category is Category.STATE
    assert (row.retain == "log") == critical
    assert (row.retain == "last") <= state
    assert (row.coalesce != "") >= state, "state without a key would keep one value for all"
    assert not (critical and (row.coalesce or row.dedupe_ms)), "critical events are neither merged nor compared"
    assert (row.dedupe_ms == 0) if critical or state else (120 <= row.dedupe_ms <= 250)
    assert 0 <= row.priority <= 9
    assert (row.ttl_ms == 0) >= state


@pytest.mark.parametrize(("name", "row"), [(name, row) for name, row in ROWS if row.coalesce])
def test_a_coalesce_path_is_a_text_field_of_every_payload(name, row):
    for path in re.findall(r"\{(.+?)\}", row.coalesce):
        struct = row.payload
        for step in path.split("."):
            field = {field.name: field for field in msgspec.structs.fields(struct)}[step]
            assert field.required
            struct = field.type
        assert isinstance(msgspec.inspect.type_info(struct), msgspec.inspect.StrType)


def test_every_type_has_one_example_and_it_is_valid():
    for row in TAXONOMY.values():
        encoded = msgspec.msgpack.encode(row.example)
        assert msgspec.msgpack.decode(encoded, type=row.payload) == row.example


def test_no_type_is_in_two_families():
    families = [sys.modules[module.name] for module in pkgutil.iter_modules(types.__path__, f"{types.__name__}.")]
    names = [name for family in families for name in family.TYPES]
    assert sorted(names) == sorted(TAXONOMY), "a family that taxonomy.py does not name, or a type that is in two"


def test_every_icon_of_a_look_exists():
    drawn = re.findall(r"^  (\w+):", (ROOT / "web_overlay/js/widgets/icons.mjs").read_text(encoding="utf-8"), re.M)
    assert {row.look.icon for row in TAXONOMY.values()} <= set(drawn)


def test_an_unknown_field_is_refused_with_its_path():
    with pytest.raises(msgspec.ValidationError, match=r"unknown field `nmae` - at `\$\.player`"):
        msgspec.convert({"player": {"id": "a", "name": "A", "nmae": "A"}}, TAXONOMY["player_join"].payload)


def test_important_types_are_critical():
    critical = {name for name, row in ROWS if row.category is Category.CRITICAL}
    assert critical >= {
        "kill",
        "death",
        "headshot",
        "revive",
        "revive_taken",
        "alert_start",
        "alert_end",
        "chat_delete",
    }
