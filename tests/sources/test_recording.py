"""Recordings: the format, a source that writes one, and replays and synthetic load through the pipeline."""

import json
import os
from collections import Counter

import msgpack
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import config
from actors.adapters import adapter_of
from actors.core.contract.event import RawItem, Submission
from actors.errors import BadInput
from actors.producers import load_profiles, recording, trace
from actors.producers.recording import Recorded
from tests.sockets.actors import CORE, KILL, Actors
from tests.sources.peer import Peer
from tests.support import eventually

SUBMISSION = msgspec.msgpack.encode(
    Submission("cheer", msgspec.Raw(msgspec.msgpack.encode({"user": "ada", "bits": 2})), "c1", 5.5, source="x")
)


@given(
    st.floats(0, 2e12).map(lambda ms: round(ms, 3)), st.text(max_size=9),
    st.sampled_from(["srcds", "twitch_irc", "youtube"]), st.binary(max_size=40) | st.text().map(str.encode),
    st.text(max_size=9),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_a_message_is_read_as_it_was_written(t_ms, source, kind, body, id_):
    message = Recorded(t_ms, source, kind, body, id_)
    data = recording.line(message)
    assert data.count(b"\n") == 1
    assert recording.read(json.loads(data)) == message


def test_an_event_is_readable_in_a_recording():
    message = Recorded(1.0, "emit", "event", SUBMISSION, "c1")
    record = json.loads(recording.line(message))
    event = {"type": "cheer", "payload": {"user": "ada", "bits": 2}, "source": "x", "id": "c1", "ts_source_ms": 5.5}
    assert record == {"t_ms": 1.0, "source": "emit", "raw": event, "id": "c1"}
    assert recording.read(record) == message


RECORD = {"t_ms": 1, "source": "s", "kind": "srcds", "raw": "line"}
WRONG = [
    ([1], "Expected `object`, got `list`"),
    ({"raw": "x"}, "expected t_ms"),
    (RECORD | {"t_ms": True}, "expected t_ms"),
    (RECORD | {"source": 5}, "expected t_ms"),
    (RECORD | {"kind": "nothing"}, "kind is 'nothing', expected one of event"),
    (RECORD | {"kind": ["srcds"]}, "kind is"),
    (RECORD | {"id": 5}, "id is a `int`"),
    (RECORD | {"raw": 5}, "raw is a `int`"),
    (RECORD | {"raw": {"a": 1}}, "raw is a `dict`"),
    ({"t_ms": 1, "source": "s", "raw": {"type": "kill", "payload": {}}}, "missing required field `attacker`"),
    ({"t_ms": 1, "source": "s", "kind": "srcds", "raw_base64": "a"}, "Invalid base64"),
    ({"type": "kil", "payload": {}}, "kill"),
]


@pytest.mark.parametrize(("record", "text"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_line_is_named_and_nothing_is_sent(record, text, tmp_path):
    file = tmp_path / "night.ndjson"
    file.write_text(json.dumps(RECORD) + "\n\n" + json.dumps(record) + "\n")
    with pytest.raises(BadInput, match=r"night\.ndjson line 3: ") as caught:
        trace.read(file)
    assert text in str(caught.value)


def test_the_formats_hold_the_same_and_files_are_merged_by_time(tmp_path):
    first = [Recorded(1000.0, "a", "srcds", b"one"), Recorded(3000.0, "a", "srcds", b"\xff")]
    (tmp_path / "a.ndjson").write_bytes(b"".join(map(recording.line, first)))
    second = {"t_ms": 2000, "source": "b", "kind": "twitch_irc", "raw": "two", "id": "i"}
    (tmp_path / "b.msgpack").write_bytes(msgpack.packb(second))
    (tmp_path / "c.log").write_text("01/01/1970 - 00:00:02.500 - said\n")
    found = trace.read(*(tmp_path / name for name in ("a.ndjson", "b.msgpack", "c.log")))
    assert [(one.t_ms, one.source, one.id) for one in found] == [
        (1000, "a", ""), (2000, "b", "i"), (2500, "srcds", ""), (3000, "a", "")
    ]  # fmt: skip
    (tmp_path / "d.msgpack").write_bytes(msgpack.packb(second) + b"\xc1")
    with pytest.raises(BadInput, match=r"d\.msgpack record 2"):
        trace.read(tmp_path / "d.msgpack")


def test_a_recording_without_an_end_is_refused(tmp_path, monkeypatch):
    (tmp_path / "zero.ndjson").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.log")
    (tmp_path / "long.ndjson").write_bytes(b'{"t_ms":0,"source":"a","raw":"' + b"x" * 2_000 + b'"}\n')
    monkeypatch.setattr(trace, "MAX_LINE_BYTES", 1_000)
    for name, why in (("zero.ndjson", "regular file"), ("pipe.log", "regular file"), ("long.ndjson", "at most 1000")):
        with pytest.raises(BadInput, match=why):
            trace.read(tmp_path / name)
    monkeypatch.setattr(recording, "MAX_BYTES", 1_000)
    with pytest.raises(BadInput, match="expected at most 1000"):
        trace.read(tmp_path / "long.ndjson")


def counted(messages):
    """Return the types of the events of messages, as the adapters read them; repetitions are left out."""
    types, seen = Counter(), set()
    for number, one in enumerate(messages):
        if one.id and (one.source, one.id) in seen:
            continue
        seen.add((one.source, one.id))
        item = RawItem(number, 1, one.kind, one.body, 0.0)
        types.update(event.type for event in adapter_of(one.kind).normalize(item, "trace", 1))
    return dict(types)


@pytest.mark.parametrize("profile", load_profiles.PROFILES)
def test_synthetic_load_is_reproducible_and_counted(profile):
    made = load_profiles.load(profile, 7, 60.0)
    assert load_profiles.load(profile, 7, 60.0) == made
    assert load_profiles.load(profile, 8, 60.0).messages != made.messages
    assert counted(made.messages) == made.expected
    assert [one.t_ms for one in made.messages] == sorted(one.t_ms for one in made.messages)
    assert (made.duplicates > 0) == (profile != "duel")


def play(actors, messages):
    return trace.main(config.of_run_dir(actors.run_dir), actors.run_dir, messages, None, lambda _done, _all: None)


def test_load_passes_the_pipeline_exactly_twice():
    made = load_profiles.load("storm", 3, 8.0)
    critical = {name: made.expected[name] for name in ("kill", "death", "tip", "subscription")}
    rest = sum(made.expected.values()) - sum(critical.values())
    with Actors() as actors:
        actors.start(*CORE)
        for turn in (1, 2):  # a second replay is no repetition of the first one
            told = play(actors, made.messages)
            assert (told["duplicates"], told["ignored"]) == (made.duplicates, 0)
            messages = sum(critical.values()) - critical["death"]  # one message is a kill and a death
            assert (told["critical"], told["best_effort"]) == (messages, rest)
            logged = Counter(one.type for one in actors.logged() if one.source.startswith("replay:"))
            assert {name: logged[name] for name in critical} == {name: turn * n for name, n in critical.items()}
        assert {one.source for one in actors.logged() if one.type == "tip"} == {"replay:youtube"}


def test_a_source_that_was_recorded_is_replayed_with_its_identities():
    rule = 'map=[{event={type="\'follow\'",id="id",user="user"}}]'

    def script(connection, _number):
        for number in (1, 2, 1, 3):
            connection.send(json.dumps({"id": f"f{number}", "user": f"v{number}"}))
        peer.wait()

    with Peer(script) as peer:
        source = f'{{kind="websocket",url="{peer.url}",record=true,{rule}}}'
        with Actors(f"sources.feed={source}", "ingest.record=true") as actors:
            actors.start(*CORE, "feed")
            actors.emit(KILL)
            eventually(lambda: len(actors.logged()) == 4, 10)
            files = [actors.run_dir / "recordings" / f"{name}.ndjson" for name in ("feed", "ingest")]
            eventually(lambda: [file.read_bytes().count(b"\n") for file in files] == [4, 1], 10)
            assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
            assert play(actors, trace.read(*files))["duplicates"] == 1
            again = [one for one in actors.logged() if one.source.startswith("replay:")]
            assert Counter(one.type for one in again) == {"follow": 3, "kill": 1}
