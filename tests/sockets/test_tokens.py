"""The four secrets: created once, private, distinguished by scope, replaced while others read them."""

from __future__ import annotations

import json
import os
import stat

import msgspec
import pytest

from actors import tokens
from actors.errors import ConfigError


def test_tokens_are_made_once_and_are_private(run_dir):
    first = tokens.load_or_create(run_dir)
    assert tokens.load_or_create(run_dir) == first
    assert stat.S_IMODE((run_dir / tokens.FILE).stat().st_mode) == 0o600
    secrets = msgspec.structs.astuple(first)
    assert len(set(secrets)) == len(tokens.SCOPES)
    assert {len(secret) for secret in secrets} == {32}


def test_a_token_matches_only_its_own_scope(run_dir):
    made = tokens.load_or_create(run_dir)
    assert [tokens.scope_of(made, text) for text in msgspec.structs.astuple(made)] == list(tokens.SCOPES)
    for wrong in ("", "x", made.display[:-1], made.display + "x", made.display.swapcase(), "ü" * 32):
        assert tokens.scope_of(made, wrong) is None


def test_rotating_replaces_one_token_and_readers_see_it_at_once(run_dir):
    before = tokens.load_or_create(run_dir)
    reader = tokens.Reader(run_dir)
    assert reader.current() == before
    fresh = tokens.rotate(run_dir, "display")
    after = reader.current()
    assert after.display == fresh != before.display
    assert (after.control, after.ingest) == (before.control, before.ingest)


def test_a_scope_missing_in_an_older_file_is_added_and_others_stay(run_dir):
    old = {"display": "d" * 32, "control": "c" * 32, "ingest": "i" * 32}
    (run_dir / tokens.FILE).write_text(json.dumps(old))
    made = tokens.load_or_create(run_dir)
    assert {scope: getattr(made, scope) for scope in old} == old
    assert len(made.view) == 32
    assert tokens.load(run_dir) == made
    assert tokens.scope_of(made, "") is None


def test_a_file_with_an_unknown_key_is_reported_and_unchanged(run_dir):
    text = '{"display": "d", "control": "c", "ingest": "i", "root": "r"}'
    (run_dir / tokens.FILE).write_text(text)
    with pytest.raises(ConfigError, match="delete it and start again"):
        tokens.load_or_create(run_dir)
    assert (run_dir / tokens.FILE).read_text() == text


def test_a_token_is_in_no_repr(run_dir):
    made = tokens.load_or_create(run_dir)
    assert made.control not in repr(made)


def test_a_missing_or_torn_file_is_reported(run_dir):
    with pytest.raises(ConfigError, match="no pipeline was started"):
        tokens.load(run_dir)
    (run_dir / tokens.FILE).write_text('{"display":')
    with pytest.raises(ConfigError, match="delete it and start again"):
        tokens.load(run_dir)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write what belongs to others")
def test_a_file_replaced_by_root_keeps_its_owner(run_dir):
    tokens.load_or_create(run_dir)
    for path in (run_dir, run_dir / tokens.FILE):
        os.chown(path, 65_534, 65_534)
    tokens.rotate(run_dir, "ingest")
    assert (run_dir / tokens.FILE).stat().st_uid == 65_534
