"""Layouts from outside: valid ones, and the errors of invalid ones."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.core.contract.layout import MAX_BYTES, BoxChange, Layout, LayoutScene, encode, is_id, parse
from actors.errors import BadInput, TooLarge

FULL = Layout(
    1,
    "main",
    {"chat": BoxChange(x=96, y=440.5, width=460, height=400, anchor="bottom-left", scale=1.25, order=3, visible=False)},
    {"chat": BoxChange(visible=True)},
    {"break": LayoutScene({"killfeed": BoxChange(visible=False)}, {"chat": BoxChange(x=0)})},
)


def test_a_written_layout_is_read_again():
    assert parse(encode(FULL)) == FULL
    assert parse(b'{"version":1}') == Layout(1)


def test_only_differences_from_the_defaults_are_written():
    assert json.loads(encode(Layout(1, widgets={"chat": BoxChange(x=5)}))) == {
        "version": 1,
        "widgets": {"chat": {"x": 5}},
    }


def test_an_exported_layout_is_indented():
    assert encode(FULL).count(b"\n") > 10


CASES = json.loads((Path(__file__).parents[1] / "layouts.json").read_text())  # the page keeps to the same


@pytest.mark.parametrize("layout", CASES["good"], ids=range(len(CASES["good"])))
def test_a_valid_layout_is_read(layout):
    read = parse(json.dumps(layout).encode())
    assert parse(encode(read)) == read


@pytest.mark.parametrize(("layout", "path"), CASES["bad"], ids=range(len(CASES["bad"])))
def test_an_invalid_layout_is_refused_with_its_path(layout, path):
    with pytest.raises(BadInput, match=re.escape(f"`{path}`")):
        parse(json.dumps(layout).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"version":1,"widgets":{"chat":{"x":NaN}}}', b"[" * 60_000])
def test_malformed_json_is_refused(data):
    with pytest.raises(BadInput):
        parse(data)


def test_a_layout_is_bounded_in_bytes():
    with pytest.raises(TooLarge, match=str(MAX_BYTES)):
        parse(b" " * (MAX_BYTES + 1))


@given(st.binary(max_size=400))
def test_any_bytes_are_a_layout_or_refused(data):
    with suppress(BadInput):
        parse(data)


@pytest.mark.parametrize("name", ["main", "main-1", "Main.2", "_x", "a" * 64])
def test_valid_layout_names(name):
    assert is_id(name)


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "a\n", "a" * 65, "ä"])
def test_invalid_layout_names(name):
    assert not is_id(name)
