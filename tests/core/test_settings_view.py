"""The settings as a dashboard shows them: complete, explained, and without anything that may be a secret."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from actors import cli, commands, config
from actors.core.secrecy import HIDDEN, concealed, may_hold_secret
from actors.errors import BadInput, ConfigError
from actors.gateway.settings_change import override, require_offered
from actors.gateway.settings_view import rows
from tests.core.test_config import names

SOURCES = [
    'sources.live={kind="twitch",client_id="abc"}',
    'sources.own={kind="websocket",url="wss://host/x?token=very-secret",headers={X="very-secret"},subscribe=["very-secret"]}',
]


@pytest.fixture
def shown(run_dir: Path) -> dict[str, dict[str, Any]]:
    settings = config.load(None, [*SOURCES, "queue.flush_hz=50"])
    (run_dir / config.SETTINGS_FILE).write_bytes(config.encode(settings))
    return {row["key"]: row for row in rows(run_dir)}


def test_every_setting_is_shown_with_its_reason(shown: dict[str, dict[str, Any]]) -> None:
    expected = {name for name in names(config.Settings) if not name.startswith(("faults", "sources"))}
    assert {key for key in shown if not key.startswith("sources.")} == expected
    assert [key for key, row in shown.items() if not row["reason"] and not key.startswith("sources.")] == []
    flush = shown["queue.flush_hz"]
    assert (flush["value"], flush["default"], flush["kind"]) == (50.0, 60.0, "number")
    assert flush["restarts"] == ["queue-manager"]
    assert shown["gateway.port"]["refused"] == "overlays and bookmarks use this address"
    assert shown["sources.live.client_id"]["reason"].startswith("the id of your application")
    assert shown["sources.live.chat"]["restarts"] == ["live"]


def test_nothing_that_may_be_a_secret_is_shown(shown: dict[str, dict[str, Any]]) -> None:
    assert "very-secret" not in str(shown)
    assert shown["sources.own.url"]["value"] == HIDDEN


@pytest.mark.parametrize(("key", "value", "hidden"), [
    ("sources.x.url", "wss://host/path", False),
    ("sources.x.url", "wss://user:password@host/path", True),
    ("sources.x.url", "wss://host/?key=1", True),
    ("sources.x.url", "wss://[host", True),
    ("sources.x.url", "wss://[::1]:4455", False),
    ("sources.x.url", "wss://user:pass/word@host", True),
    ("sources.x.urls", ["wss://host", "wss://host/?key=1"], True),
    ("sources.x.headers", {"A": "b"}, True),
    ("sources.x.headers", {}, False),
    ("queue.flush_hz", 60.0, False),
])  # fmt: skip
def test_a_value_is_hidden_by_its_key_or_its_form(key: str, value: Any, hidden: bool) -> None:
    assert (concealed(key, value) == HIDDEN) == hidden


def test_a_source_that_was_added_is_shown_without_its_secrets() -> None:
    added = {"kind": "websocket", "url": "wss://u:p@host", "urls": ["wss://h/?key=1"], "headers": {"A": "b"}}
    expected = {"kind": "websocket", "url": HIDDEN, "urls": HIDDEN, "headers": HIDDEN}
    assert concealed("sources.x", added) == expected


@pytest.mark.parametrize("override_", [
    "sources.x.url=wss://user:password@host/",
    'sources.x={kind="websocket",url="wss://user:password@host/"}',
    'sources.x.headers={Authorization="password"}',
])  # fmt: skip
def test_the_options_of_a_start_have_no_password(override_: str) -> None:
    options = config.SettingsSource(None, ["demo=false", override_]).options("/srv/run", every=True)
    assert "password" not in options
    assert "--set demo=false" in options


@pytest.mark.parametrize(("override_", "private"), [
    ("sources.x.url=wss://user:password@host/", True),
    ('sources.x={kind="websocket",url="wss://user:password@host/"}', True),
    ('sources.x.headers.Authorization="password"', True),
    ('sources.x={kind="websocket",url="wss://host",subscribe=["password"]}', True),
    ("sources.x.url=wss://host/?token=password", True),
    ("sources.x.url=wss://host/path", False),
    ("sources.planetside.subscribe_s=60", False),
    ("gateway.port=7800", False),
])  # fmt: skip
@pytest.mark.parametrize("command", ["start", "reload", "status", "service show"])
def test_a_command_line_with_a_secret_is_refused_without_repeating_it(
    command: str, override_: str, private: bool, tmp_path: Path
) -> None:
    assert may_hold_secret(override_) is private
    if private:
        arguments = [*command.split(), "--set", f"run_dir={tmp_path}", "--set", override_]
        done = CliRunner().invoke(cli.main, arguments)
        assert done.exit_code == commands.BAD_USAGE
        assert "the value may hold a secret" in done.output
        assert "password" not in done.output
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", [
    "sources.live.kind", "sources.live.secret", "sources.live.auth_url", "sources.live.api_url", "sources.own.url",
    "sources.own.headers", "sources.own.headers.X", "sources.own", "sources.new.kind", "sources.new.url", "sources",
    "sources.ps.urls", "sources.mc.address", "gateway.emote_origin",
])  # fmt: skip
def test_a_dashboard_cannot_send_a_secret_elsewhere(run_dir: Path, key: str) -> None:
    more = ['sources.ps={kind="planetside2",worlds=["1"]}', 'sources.mc={kind="minecraft"}']
    (run_dir / config.SETTINGS_FILE).write_bytes(config.encode(config.load(None, [*SOURCES, *more])))
    with pytest.raises(BadInput, match="only in the configuration file"):
        require_offered(run_dir, ["queue.flush_hz", key])


def test_a_dashboard_may_change_what_it_offers(run_dir: Path, shown: dict[str, dict[str, Any]]) -> None:
    offered = [key for key, row in shown.items() if row["kind"] != "data"]
    assert {"sources.live.chat", "sources.own.silence_s", "queue.flush_hz"} <= set(offered)
    require_offered(run_dir, [*offered, "flags.canary", "no.such_key"])  # the last one is refused later, with a hint


def test_the_reason_of_a_refused_change_has_no_password() -> None:
    with pytest.raises(ConfigError, match="hidden") as caught:
        config.changed(config.Settings(), ['gateway.host="ws://user:password@host"', "gateway.port=0"])
    assert "password" not in str(caught.value)


@pytest.mark.parametrize("value", [True, 7, 0.25, 1e22, "a", 'say "x"\n\t\x7f\\ é 🎉', "", ["a", 'b"'], []])
def test_a_changed_value_is_the_same_in_the_configuration(value: Any) -> None:
    key, _, text = override("queue.flush_hz", value).partition("=")
    assert (key, tomllib.loads(f"value = {text}")["value"]) == ("queue.flush_hz", value)


@pytest.mark.parametrize("key", ["", "a=b", "queue.flush_hz\n", "a..b", 'a."b"', "x" * 99, "a.b.c.d.e.f"])
def test_a_malformed_key_is_refused(key: str) -> None:
    with pytest.raises(BadInput, match="not the key of a setting"):
        override(key, 1)


def test_a_wrong_value_names_key_value_and_bounds() -> None:
    with pytest.raises(ConfigError, match=r"queue.flush_hz=900: Expected `float` <= 240.0 - at `\$.queue.flush_hz`"):
        config.changed(config.Settings(), ["queue.flush_hz=900"])
