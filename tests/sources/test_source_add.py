"""`source add`: a section is appended, the rest of the file is unchanged, and no invalid section is written."""

import os
import subprocess
import sys
import tomllib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import commands, config, host
from actors.commands import source_add
from actors.errors import ConfigError
from tests.support import SUPERVISOR


def add(tmp_path, *arguments):
    file = tmp_path / "my.toml"
    command = [sys.executable, str(SUPERVISOR), "source", "add", *arguments, "--config", str(file)]
    environment = os.environ | {"HOME": str(tmp_path)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL, env=environment
    )
    return done, file


def test_sources_are_added_one_after_the_other_and_comments_stay(tmp_path):
    done, file = add(tmp_path, "twitch_chat", "channels=ottoline, lin", "--name", "chat")
    assert done.returncode == 0, done.stderr
    assert "docs/sources/twitch_chat.md" not in done.stdout
    assert "docs/sources/twitch.md" in done.stdout
    file.write_text("# mine\ndemo = false  # no match\n\n" + file.read_text().rstrip("\n"))
    done, file = add(tmp_path, "obs", 'scenes={"Be right back" = "break"}', "url=ws://127.0.0.1:4466")
    assert done.returncode == 0, done.stderr
    assert file.read_text().startswith("# mine\ndemo = false  # no match\n\n[sources.chat]\n")
    found = config.load(file)
    assert found.source("chat").channels == ["ottoline", "lin"]
    assert found.source("obs").scenes == {"Be right back": "break"}
    assert found.source("obs").heal is True, "written without being given"
    assert found.source("obs").url == "ws://127.0.0.1:4466"
    done, file = add(tmp_path, "obs", "heal=false", "--name", "other")
    assert config.load(file).source("other").heal is False


@pytest.mark.parametrize(("arguments", "steps"), [
    (("twitch_chat", "channels=ottoline"), ["start"]),
    (("twitch", "client_id=abc", "--name", "mine"), ["login twitch --source mine", "start"]),
    (("youtube", "stream=@ada"), ["secret set youtube", "start"]),
    (("youtube", "stream=@ada", "client_id=abc"), ["login youtube --source youtube", "start"]),
    (("websocket", "url=ws://127.0.0.1:1/"), ["start"]),
    (("websocket", "url=ws://127.0.0.1:1/{secret}", "secret=key"), ["secret set key", "start"]),
    (("gsi", "--name", "cs2"), ["gsi install --name cs2", "start"]),
    (("webhook", "preset=kofi"), ["secret set webhook", "start"]),
    (("webhook", "preset=kofi", "secret=tips"), ["secret set tips", "start"]),
    (("streamelements", f"channel={'a' * 24}"), ["secret set streamelements", "start"]),
])  # fmt: skip
def test_the_next_commands_are_printed(tmp_path, arguments, steps):
    done, file = add(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.partition("Next:\n")[2].splitlines()
    assert printed == [f"  ./supervisor.py {step} --config {file}" for step in steps]


REFUSALS = [
    (("twitch_chat",), "Missing settings: channels=…"),
    (("twitch_chat", "chanels=a"), "twitch_chat has no setting 'chanels' (did you mean `channels`?)"),
    (("webhook", "preset=kofy"), "Invalid enum value 'kofy' - at `$.sources.webhook.preset` (did you mean `kofi`?)"),
    (("webhook",), "either `preset` or `verify`: `preset` for a platform of the list (github, kick, kofi, "),
    (("webhook",), "`verify` with its signature scheme for another one. For example: preset = \"kofi\""),
    (("webhook", "preset=none"), "(possible: github, "),
    (("twich_chat",), "did you mean 'twitch_chat'"),
    (("obs", "heel=true"), "did you mean `heal`"),
    (("obs", "heal=perhaps"), "Expected `bool`"),
    (("obs", "heal"), "expected KEY=VALUE"),
    (("obs", "--name", "My OBS"), "expected 1 to 32 of a-z"),
    (("obs", "--name", "there"), "has a source 'there' already"),
    (("planetside2",), "characters"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "text"), REFUSALS)
def test_nothing_invalid_is_written(tmp_path, arguments, text):
    before = '[sources.there]\nkind = "obs"\n'
    (tmp_path / "my.toml").write_text(before)
    done, file = add(tmp_path, *arguments)
    assert done.returncode == 2
    assert text in done.stderr
    assert file.read_text() == before


@pytest.mark.parametrize("before", ['sources = {chat = {kind = "obs"}}\n', "not TOML"])
def test_a_file_that_cannot_take_a_section_is_left_alone(tmp_path, before):
    (tmp_path / "my.toml").write_text(before)
    done, file = add(tmp_path, "obs")
    assert done.returncode == 2
    assert "is not TOML" in done.stderr
    assert file.read_text() == before


def test_on_a_terminal_the_command_asks_for_values_without_a_default(tmp_path):
    terminal, its_end = os.openpty()
    command = [sys.executable, str(SUPERVISOR), "source", "add", "twitch_chat", "--config", str(tmp_path / "my.toml")]
    with subprocess.Popen(command, stdin=its_end, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asking:
        os.write(terminal, b"ottoline,lin\n")
        _, said = asking.communicate(timeout=60)
    os.close(terminal)
    os.close(its_end)
    assert said.startswith("channels (a,b,c): ")
    assert config.load(tmp_path / "my.toml").source("twitch-chat").channels == ["ottoline", "lin"]


def test_without_a_terminal_the_command_requires_a_file(tmp_path):
    command = [sys.executable, str(SUPERVISOR), "source", "add", "obs", "--set", f"run_dir={tmp_path}/run"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--config FILE" in done.stderr


plain = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1), plain, max_size=4))
def test_a_written_section_is_read_again(tree):
    text = source_add._section("one", tree)
    assert tomllib.loads(text) == {"sources": {"one": tree}}
    assert msgspec.msgpack.encode(tree)


def test_a_source_that_was_just_added_is_known_before_a_reload(tmp_path, run_dir):
    file = tmp_path / "my.toml"
    source = config.SettingsSource(str(file), ["ingest.port=7999"])
    host.write_private(run_dir / config.SOURCE_FILE, msgspec.json.encode(source))
    file.write_text('[sources.feed]\nkind = "websocket"\nurl = "ws://localhost/"\n')
    found = commands.current(None, (f"run_dir={run_dir}",))
    assert (list(found.sources), found.ingest.port, found.run_dir) == (["feed"], 7999, str(run_dir))
    file.write_text('[sources.feed]\nkind = "websockt"\n')
    with pytest.raises(ConfigError, match="did you mean"):
        commands.current(None, (f"run_dir={run_dir}",))
