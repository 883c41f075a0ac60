"""The secrets: created once, private, distinguished by scope, replaced, added and revoked while others read them."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from actors import host, tokens
from actors.errors import BadInput, ConfigError, Refused
from tests.support import STRANGER


def test_tokens_are_made_once_and_are_private(run_dir):
    first = tokens.load_or_create(run_dir)
    assert tokens.load_or_create(run_dir) == first
    assert stat.S_IMODE((run_dir / tokens.FILE).stat().st_mode) == 0o600
    secrets = [getattr(first, scope) for scope in tokens.SCOPES]
    assert len(set(secrets)) == len(tokens.SCOPES)
    assert {len(secret) for secret in secrets} == {32}


def test_a_token_never_looks_like_an_option_of_a_command(run_dir, monkeypatch):
    bytes_ = iter([b"\xf8" * 24, b"\xfb" * 24, b"\0" * 24])  # "-Pj4…", "-_v7…", "AAAA…"
    tokens.load_or_create(run_dir)
    monkeypatch.setattr(os, "urandom", lambda _: next(bytes_))
    assert tokens.rotate(run_dir, "display") == "A" * 32


def test_a_token_matches_only_its_own_scope(run_dir):
    made = tokens.load_or_create(run_dir)
    assert [tokens.holder_of(made, getattr(made, scope)) for scope in tokens.SCOPES] == [
        tokens.Holder(scope) for scope in tokens.SCOPES
    ]
    for wrong in ("", "x", made.display[:-1], made.display + "x", made.display.swapcase(), "ü" * 32):
        assert tokens.holder_of(made, wrong) is None


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
    assert tokens.holder_of(made, "") is None


def test_a_file_with_an_unknown_key_is_reported_and_unchanged(run_dir):
    text = '{"display": "d", "control": "c", "ingest": "i", "root": "r"}'
    (run_dir / tokens.FILE).write_text(text)
    with pytest.raises(ConfigError, match="delete it and start again"):
        tokens.load_or_create(run_dir)
    assert (run_dir / tokens.FILE).read_text() == text


def test_a_token_is_in_no_repr(run_dir):
    made = tokens.load_or_create(run_dir)
    assert made.control not in repr(made)


def test_an_added_token_is_stored_as_a_hash_alone_and_has_its_own_scope_and_expiry(run_dir):
    tokens.load_or_create(run_dir)
    stage, friend = tokens.add(run_dir, "stage", "display", None), tokens.add(run_dir, "friend", "view", 5_000.0)
    stored = b"".join(path.read_bytes() for path in run_dir.rglob("*") if path.is_file())
    assert stage.encode() not in stored
    assert friend.encode() not in stored
    known = tokens.load(run_dir)
    assert tokens.holder_of(known, stage) == tokens.Holder("display", "stage")
    holder = tokens.holder_of(known, friend)
    assert holder == tokens.Holder("view", "friend", 5_000.0)
    assert [holder.expired(now_ms) for now_ms in (4_999.0, 5_000.0)] == [False, True]
    assert all(tokens.holder_of(known, one.sha256) is None for one in known.added)  # a hash is no token


def test_added_tokens_are_revoked_one_by_one_and_survive_a_rotation_and_a_start(run_dir):
    before = tokens.load_or_create(run_dir)
    stage, friend = (tokens.add(run_dir, name, "display", None) for name in ("stage", "friend"))
    tokens.rotate(run_dir, "display")
    tokens.load_or_create(run_dir)
    tokens.revoke(run_dir, "friend")
    known = tokens.load(run_dir)
    assert tokens.holder_of(known, stage) == tokens.Holder("display", "stage")
    assert tokens.holder_of(known, friend) is None
    assert tokens.holder_of(known, before.display) is None
    assert [path.name for path in (run_dir / tokens.USES).iterdir()] == ["stage"]
    with pytest.raises(BadInput, match="no added token"):
        tokens.revoke(run_dir, "friend")


@pytest.mark.parametrize("name", ["", "display", "../tokens.json", "a b", "-x", "a" * 33, "a\n", "\u00e4"])
def test_a_name_that_cannot_be_a_file_or_a_word_is_refused(run_dir, name):
    tokens.load_or_create(run_dir)
    with pytest.raises(BadInput, match="expected 1 to 32 letters"):
        tokens.add(run_dir, name, "display", None)


def test_names_are_unique_and_added_tokens_are_bounded(run_dir):
    tokens.load_or_create(run_dir)
    tokens.add(run_dir, "n0", "display", None)
    with pytest.raises(BadInput, match="there is a token n0"):
        tokens.add(run_dir, "n0", "view", None)
    for number in range(1, tokens.MOST_ADDED):
        tokens.add(run_dir, f"n{number}", "display", None)
    with pytest.raises(Refused, match="revoke one first"):
        tokens.add(run_dir, "one-more", "display", None)


def test_commands_at_the_same_time_lose_no_change(run_dir):
    tokens.load_or_create(run_dir)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: tokens.add(run_dir, f"n{number}", "view", None), range(16)))
    known = tokens.load(run_dir)
    assert all(tokens.holder_of(known, token) for token in made)


def test_the_last_use_of_an_added_token_is_recorded_and_no_token_is_listed(run_dir):
    tokens.load_or_create(run_dir)
    token = tokens.add(run_dir, "stage", "display", 5_000.0)
    (row,) = tokens.listed(run_dir, tokens.load(run_dir))
    assert (row["name"], row["scope"], row["expires_ms"], row["expired"], row["used_ms"]) == (
        "stage", "display", 5_000.0, True, None,
    )  # fmt: skip
    reader = tokens.Reader(run_dir)
    reader.used("", 0.0)
    reader.used("stage", 0.0)
    (row,) = tokens.listed(run_dir, tokens.load(run_dir))
    assert row["used_ms"] > row["created_ms"] - 1_000
    assert token not in str(row)
    assert tokens.load(run_dir).added[0].sha256 not in str(row)


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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a link of another user")
def test_a_run_directory_that_is_a_link_of_another_user_is_refused(tmp_path):
    (tmp_path / "own").mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to("own")
    assert host.private_directory(link) == link
    os.lchown(link, 65_534, 65_534)
    with pytest.raises(ConfigError, match="is a link of"):
        host.private_directory(link)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to another user")
def test_the_uses_belong_to_the_owner_of_the_run_directory_also_when_root_adds_a_token(run_dir):
    tokens.load_or_create(run_dir)
    os.chown(run_dir, STRANGER, STRANGER)
    for name in ("stage", "friend"):
        tokens.add(run_dir, name, "display", None)
    folder = run_dir / tokens.USES
    assert {path.stat().st_uid for path in (folder, *folder.iterdir())} == {STRANGER}
