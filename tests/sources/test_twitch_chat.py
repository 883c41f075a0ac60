"""Anonymous chat with a simulated server that has faults."""

import pytest

from actors.errors import ConfigError
from actors.producers.sources import twitch_chat
from actors.producers.spec import Disconnected
from tests.sources.rig import Session, run
from tests.sources.twitch_peer import Irc
from tests.support import SLOWNESS


def session(run_dir, irc, *channels):
    return Session(run_dir, "chat", {"kind": "twitch_chat", "channels": list(channels) or ["den"], "url": irc.url})


def said(number, text="hi"):
    return f"@id=m{number};tmi-sent-ts=1 :ada!ada@ada PRIVMSG #den :{text}\r\n"


def test_the_source_joins_and_messages_become_events(run_dir):
    async def script(connection, _number):
        await connection.send(said(1) + said(2) + "PING :tmi.twitch.tv\r\n" + said(3))

    with Irc(script) as irc:
        own = session(run_dir, irc, "Den", "#other")
        found, error = run(twitch_chat, own, lambda _: "PONG :tmi.twitch.tv" in irc.heard)
    assert error is None
    assert found[:2] == ["m1", "m2"]
    assert own.lives == 1
    assert irc.heard[0] == "CAP REQ :twitch.tv/tags twitch.tv/commands"
    assert irc.heard[2].startswith("NICK justinfan")
    assert irc.heard[3] == "JOIN #den,#other"


def test_lines_may_be_split_at_any_byte(run_dir):
    async def script(connection, _number):
        text = said(1, "שלום 😂") + said(2) + "@id=m3 :ada!ada@ada PRIVMSG #den oneWord\r\n"
        data = text.encode()
        for at in range(0, len(data), 7):
            await connection.send(data[at : at + 7])

    with Irc(script) as irc:
        own = session(run_dir, irc)
        assert run(twitch_chat, own, lambda found: len(found) == 3) == (["m1", "m2", "m3"], None)
    assert own.rejected == []


def test_malformed_messages_are_quarantined_and_others_are_read(run_dir):
    async def script(connection, _number):
        await connection.send("@only-tags\r\n\r\n  \r\n:x\r\n" + said(1))
        await connection.send(b"\xff\xfe\r\n" + said(2).encode())
        await connection.send("x" * 20_000)
        await connection.send("\r\n" + said(3))

    with Irc(script) as irc:
        own = session(run_dir, irc)
        assert run(twitch_chat, own, lambda found: "m3" in found) == (["m1", "m2", "m3"], None)
    assert len(own.rejected) == 5


def test_a_request_to_reconnect_ends_the_session(run_dir):
    async def script(connection, _number):
        await connection.send(said(1) + ":tmi.twitch.tv RECONNECT\r\n" + said(2))

    with Irc(script) as irc:
        found, error = run(twitch_chat, session(run_dir, irc), lambda _: False)
    assert found == ["m1"]
    assert isinstance(error, Disconnected)
    assert str(error) == "Twitch asks to connect again"


def test_a_cut_connection_ends_the_session(run_dir):
    async def script(connection, _number):
        connection.transport.abort()

    with Irc(script) as irc:
        _, error = run(twitch_chat, session(run_dir, irc), lambda _: False)
    assert isinstance(error, Disconnected)


def test_a_dead_connection_is_detected_by_a_ping(run_dir, monkeypatch):
    monkeypatch.setattr(twitch_chat, "QUIET_S", 0.1)
    monkeypatch.setattr(twitch_chat, "PONG_S", 0.1)
    with Irc() as irc:
        _, error = run(twitch_chat, session(run_dir, irc), lambda _: False)
    assert "PING :framewire" in irc.heard
    assert str(error) == "no answer to a PING for 0.1 s"


def test_joins_are_paced(run_dir, monkeypatch):
    monkeypatch.setattr(twitch_chat, "JOINS_S", 0.05)
    channels = [f"channel{n}" for n in range(45)]
    with Irc() as irc:
        own = session(run_dir, irc, *channels)
        run(twitch_chat, own, lambda _: sum(line.startswith("JOIN") for line in irc.heard) == 3)
    joins = [line.removeprefix("JOIN ").split(",") for line in irc.heard if line.startswith("JOIN")]
    assert [len(names) for names in joins] == [20, 20, 5]
    assert [name for names in joins for name in names] == [f"#{channel}" for channel in channels]


def test_a_channel_that_does_not_exist_is_named(run_dir, monkeypatch):
    monkeypatch.setattr(twitch_chat, "JOINED_S", 0.5 * SLOWNESS)  # enough for the answer about the other channel
    with Irc() as irc:
        irc.known = lambda channel: channel != "#nowhere"
        own = session(run_dir, irc, "den", "nowhere")
        run(twitch_chat, own, lambda _: own.degradations)
    assert own.degradations == ["no such channel, or it is closed: nowhere; check `channels`"]
    assert own.lives == 1


def test_a_notice_about_a_channel_is_reported(run_dir):
    async def script(connection, _number):
        await connection.send(
            "@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #gone :This channel is suspended.\r\n"
        )

    with Irc(script) as irc:
        irc.known = lambda _: False
        own = session(run_dir, irc, "gone")
        run(twitch_chat, own, lambda _: own.degradations)
    assert own.degradations == ["Twitch says of #gone: This channel is suspended."]


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({}, "missing required field `channels`"),
        ({"channels": []}, "length >= 1"),
        ({"channels": ["a b"]}, "channels has 'a b', expected a name"),
        ({"channels": ["https://www.youtube.com/ada"]}, "expected a name"),
        ({"channels": ["a"], "chanels": 1}, "did you mean `channels`"),
    ],
)
def test_wrong_settings_are_refused(run_dir, tree, message):
    with pytest.raises(ConfigError, match=message):
        Session(run_dir, "chat", {"kind": "twitch_chat"} | tree)


def test_recorded_lines_can_be_tried():
    tried = twitch_chat.try_message(None, "chat", said(1).encode() + b"@id=m2;bits=1 :a!a@a PRIVMSG #den x")
    assert [message.identity for message in tried] == ["m1", "m2", "cheer:m2"]


@pytest.mark.parametrize(
    "channel", ["ada", "Ada", "#ada", "twitch.tv/ada", "https://www.twitch.tv/ada", "https://twitch.tv/ada/"]
)
def test_a_channel_is_a_name_or_an_address(channel):
    assert twitch_chat.channel_name(channel) == "ada"
