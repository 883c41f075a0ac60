"""`source try` with files from others: bounded, and without control sequences in the terminal."""

import pytest
from click.testing import CliRunner

from actors import cli
from actors.commands.source import MAX_FILE_BYTES
from actors.core.contract.event import REFUSED_BYTES, refusal_parts
from actors.producers.spec import refused

CONFIG = """
[sources.cs2]
kind = "gsi"

[sources.ps2]
kind = "planetside2"
characters = ["11"]

[sources.tube]
kind = "youtube"
stream = "@ada"

[sources.chat]
kind = "twitch_chat"
channels = ["ottoline"]

[sources.tips]
kind = "webhook"
preset = "token"

[[sources.tips.map]]
event = {type = "'chat'", user = "user", text = "text"}
"""

FILES = {
    "an escape sequence in a refused line": ("chat", b"\x1b]0;title\x07 \x1b[2J", 0),
    "an escape sequence in a name": ("chat", b":\x1b]0;title\x07!a@b PRIVMSG #ottoline :\x1b[31mhi\xc2\x9b2J", 0),
    "escape sequences in JSON": ("tips", b'{"user": "\\u001b[2J", "text": "\\u009b31m\\u202e"}', 0),
    "JSON in great depth": ("tips", b"[" * 1_000_000, 2),
    "no text": ("tips", bytes(range(256)), 2),
    "escape sequences in a game": ("cs2", b'{"provider": {"steamid": "1", "appid": "\\u001b[2J"}}', 0),
    "half a pair": ("tips", b'{"user": "\\ud800", "text": "hi"}', 0),
}


def tried(tmp_path, name, file):
    config_file = tmp_path / "my.toml"
    config_file.write_text(CONFIG)
    return CliRunner().invoke(cli.main, ["source", "try", name, str(file), "--config", str(config_file)])


@pytest.mark.parametrize("case", FILES)
def test_a_hostile_file_is_refused_or_shown_as_text(tmp_path, case):
    name, body, code = FILES[case]
    file = tmp_path / "message"
    file.write_bytes(body)
    done = tried(tmp_path, name, file)
    assert done.exit_code == code, done.output
    assert all(line.isprintable() for line in done.output.split("\n")), ascii(done.output)


POST = '{"provider": {"steamid": "7"}, "map": {"name": "a"}, "player": {"steamid": "7", "match_stats": {"kills": %d}}}'
DEATH = '{"payload": {"event_name": "Death", "attacker_character_id": "11", "character_id": "%d", "timestamp": "1"}}'
RECORDINGS = {
    "posts": ("cs2", [POST % 1, '{"player": {}}', "", POST % 2], ["score", "rejected: line 2: Object missing", "kill"]),
    "frames": ("ps2", [DEATH % 2, '{"payload": 1}', DEATH % 3], ["kill", "rejected: line 2: Expected", "kill"]),
    "lines": (
        "chat",
        [":a!a@a PRIVMSG #ottoline :one", ":", ":b!b@b PRIVMSG #ottoline :two"],
        ["chat", "rejected: line 2:", "chat"],
    ),
    "a page": (
        "tube",
        ['{"items": [{"id": 1}, {"id": "a", "snippet": {"type": "textMessageEvent", "displayMessage": "hi"}}]}'],
        ["rejected: Expected", "chat"],
    ),
}


@pytest.mark.parametrize("case", RECORDINGS)
def test_a_message_that_cannot_be_read_is_reported_and_the_others_are_shown(tmp_path, case):
    name, lines, expected = RECORDINGS[case]
    file = tmp_path / "recording"
    file.write_text("\n".join(lines))
    done = tried(tmp_path, name, file)
    assert done.exit_code == 0, done.output
    shown = done.output.splitlines()
    assert len(shown) == len(expected), shown
    assert all(line.startswith(start) for line, start in zip(shown, expected, strict=True)), shown


def test_a_file_without_end_is_refused(tmp_path):
    file = tmp_path / "message"
    with file.open("wb") as out:
        out.truncate(MAX_FILE_BYTES + 1)
    done = tried(tmp_path, "tips", file)
    assert done.exit_code == 2
    assert "has more than" in done.output


def test_a_refused_message_has_a_reason_of_one_line_and_the_beginning_of_the_input():
    reason, beginning = refusal_parts(refused("two\nlines, half a pair \ud800", b"a\nb" * REFUSED_BYTES).body)
    assert reason == "two lines, half a pair ?"
    assert beginning == (b"a\nb" * REFUSED_BYTES)[:REFUSED_BYTES]
