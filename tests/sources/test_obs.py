"""OBS: events from its answers, with a simulated obs-websocket 5 that also has faults."""

import json
import threading
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.adapters import obs_view
from actors.adapters.obs_view import View
from actors.core.contract.event import Submission
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.contract.types.desk import Obs as State
from actors.core.sources import obs as protocol
from actors.core.sources.obs import ObsEvent, ObsFacts
from actors.errors import BadInput, ConfigError, Refused
from actors.producers import obs_link, spec
from actors.producers.sources import obs
from actors.producers.spec import Disconnected, SourceNotRunning
from actors.secrets import Secrets
from bench.ports import free_ports
from tests.sockets.actors import CORE, Actors
from tests.sources import rig
from tests.sources.obs_peer import CHALLENGE, Obs, proof_of
from tests.sources.peer import Peer, cut, report
from tests.support import SLOWNESS, eventually, run_async

NOTHING = (ObsFacts(), ObsFacts(), ObsFacts(), ObsFacts())


def event(type_, **data):
    return ObsEvent(type_, msgspec.Raw(json.dumps(data).encode()))


def said(message):
    submission = msgspec.msgpack.decode(message.body, type=Submission)
    return submission.type, msgspec.msgpack.decode(submission.payload, type=TAXONOMY[submission.type].payload)


def output(name, state, active=False):
    return event(f"{name}StateChanged", outputActive=active, outputState=f"OBS_WEBSOCKET_OUTPUT_{state}")


HISTORIES = [
    ([], State("obs", "A")),
    ([event("CurrentProgramSceneChanged", sceneName="B", sceneUuid="u")], State("obs", "B")),
    ([event("SceneNameChanged", oldSceneName="A", sceneName="C")], State("obs", "C")),
    ([event("SceneNameChanged", oldSceneName="B", sceneName="C")], State("obs", "A")),
    ([output("Stream", "STARTING")], State("obs", "A")),
    ([output("Stream", "STARTED", True)], State("obs", "A", streaming=True)),
    ([output("Stream", "STARTED", True), output("Stream", "RECONNECTING")],
     State("obs", "A", streaming=True, reconnecting=True)),
    ([output("Stream", "RECONNECTING"), output("Stream", "RECONNECTED", True)], State("obs", "A", streaming=True)),
    ([output("Stream", "STARTED", True), output("Stream", "STOPPING")], State("obs", "A", streaming=True)),
    ([output("Stream", "RECONNECTING"), output("Stream", "STOPPED")], State("obs", "A")),
    ([output("Record", "STARTED", True), output("Record", "PAUSED")],
     State("obs", "A", recording=True, recording_paused=True)),
    ([output("Record", "PAUSED"), output("Record", "RESUMED", True)], State("obs", "A", recording=True)),
    ([output("Record", "PAUSED"), output("Record", "STOPPED")], State("obs", "A")),
    ([output("ReplayBuffer", "STARTED", True)], State("obs", "A", replay_buffer=True)),
    ([output("ReplayBuffer", "STARTED", True), output("ReplayBuffer", "STOPPED")], State("obs", "A")),
    ([output("Record", "NEW_WORD")], State("obs", "A")),
]  # fmt: skip


@pytest.mark.parametrize(("events", "expected"), HISTORIES, ids=lambda value: str(value)[:60])
def test_the_state_follows_from_events(events, expected):
    view = View("obs", (), {})
    told = list(view.begin(ObsFacts(current_program_scene_name="A"), *NOTHING[1:]))
    for one in events:
        told += view.apply(one)
    assert told[-1] == ("obs", expected)
    assert all(one != another for one, another in pairwise(told)), "a state is told when it changes"


def test_a_scene_of_the_layout_follows_the_scene_of_obs():
    view = View("obs", (), {"Pause": "break"})
    told = [payload for type_, payload in view.begin(*NOTHING) if type_ == "scene"]
    for name in ("Pause", "Game", "Desk"):
        told += [payload for type_, payload in view.apply(event("CurrentProgramSceneChanged", sceneName=name))
                 if type_ == "scene"]  # fmt: skip
    assert [scene.name for scene in told] == ["", "break", ""]


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ({"url": "http://127.0.0.1:4455"}, "expected ws://"),
        ({"scenes": {"Pause": "a b"}}, "scenes"),
        ({"sources": [""]}, "sources"),
        ({"port": 4455}, "port"),
    ],
)
def test_settings_that_cannot_be_are_refused(tree, text):
    with pytest.raises(ConfigError, match=text):
        spec.settings_of("obs", {"kind": "obs"} | tree)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
types = st.sampled_from([*obs_view._EVENTS, *obs_view.INPUTS, "InputRemoved"])
fields = st.sampled_from(["sceneName", "oldSceneName", "outputState", "outputActive", "inputName", "oldInputName"])


@given(types, junk | st.dictionaries(fields, junk | st.text(max_size=600), max_size=4))
@settings(max_examples=300, deadline=None)
def test_nothing_but_bad_input_comes_out_and_payloads_are_within_their_bounds(type_, data):
    view = View("obs", ("Cam",), {"Pause": "break"})
    one = ObsEvent(type_, msgspec.Raw(json.dumps(data).encode()))
    try:
        told = [*view.begin(*NOTHING), *(view.apply(one) or ()), *view.saw("Cam", bool(view.looks(one)))]
    except BadInput:
        return
    for name, payload in told:
        msgspec.convert(msgspec.to_builtins(payload), TAXONOMY[name].payload)


def test_the_proof_is_the_one_of_the_protocol():
    assert protocol.proof("pass", CHALLENGE["salt"], CHALLENGE["challenge"]) == proof_of("pass")


def test_malformed_messages_are_quarantined_and_others_become_events():
    with Obs() as server, Actors(f'sources.obs={{kind="obs",url="{server.url}",sources=["Cam"]}}') as actors:
        Secrets(actors.run_dir).set("obs", "pass")
        actors.start(*CORE, "obs")
        eventually(lambda: report(actors, "obs").get("state") == "live", 15)
        eventually(lambda: report(actors, "obs")["sent"] == 2, 10)
        server.emit("CurrentProgramSceneChanged", sceneName="Break")
        server.say("no JSON")
        server.say(b"\x00\xff")
        server.say({"op": "five"})
        server.say({"op": 99, "d": {}})
        server.emit("CurrentProgramSceneChanged", sceneName=["wrong"])
        server.emit("SomethingNew", x=1)
        server.emit("CurrentProgramSceneChanged", sceneName="Gameplay")
        eventually(lambda: report(actors, "obs")["sent"] == 4, 10)
        eventually(lambda: report(actors, "obs")["rejected"] == 4, 10)
        assert report(actors, "obs")["state"] == "live"
        assert report(actors, "obs")["ignored"] == 1
        server.kick(1001, "Server stopping.")
        eventually(lambda: report(actors, "obs")["state"] == "live" and server.connections == 2, 15)
    assert server.subscriptions[0] & (1 << 17)


def session_of(server, tmp_path, **tree):
    session = rig.Session(tmp_path, "obs", {"kind": "obs", "url": server.url, **tree})
    session.secrets.set("obs", "pass")
    return session


def test_the_visibility_of_sources_is_asked_and_not_believed(tmp_path):
    """OBS 29 sends "active" for a source after it was removed, and still calls it active for a moment."""
    steps = iter(range(9))

    def visible():
        return [payload.visible for type_, payload in map(said, session.yielded) if type_ == "obs_source"]

    def until(_found):
        expected = [[True], [True, False], [True, False, True], [True, False, True, False]]
        if len(visible()) < len(expected) and visible() == expected[len(visible()) - 1]:
            if next(steps) == 0:
                server.scenes["Gameplay"]["Cam"][1] = False
                server.emit("InputActiveStateChanged", inputName="Other", videoActive=False)
                server.emit("InputActiveStateChanged", inputName="Cam", videoActive=False)
            elif visible() == [True, False]:
                server.scenes["Gameplay"]["Cam"][1] = True
                server.emit("InputActiveStateChanged", inputName="Cam", videoActive=True)
            else:
                server.emit("InputRemoved", inputName="Other")
                server.emit("InputRemoved", inputName="Cam")
        return len(visible()) == 4

    with Obs() as server:
        server.inputs["Cam"] = {"kind": "color_source_v3", "settings": {}}
        server.scenes["Gameplay"]["Cam"] = [1, True]
        session = session_of(server, tmp_path, sources=["Cam"])
        rig.run(obs, session, until)
    assert visible() == [True, False, True, False]


def test_another_scene_collection_is_read_completely(tmp_path):
    def until(found):
        if len(found) == 1 and server.program == "Gameplay":
            server.program, server.outputs["ReplayBuffer"] = "Lobby", True
            server.emit("CurrentSceneCollectionChanged", sceneCollectionName="other")
        return len(found) == 2

    with Obs(password=None) as server:
        session = session_of(server, tmp_path)
        rig.run(obs, session, until)
    assert said(session.yielded[-1])[1] == State("obs", "Lobby", replay_buffer=True)


class Restless(Obs):
    """Changes its scene twice during the first requests for its state."""

    def GetStreamStatus(self):
        for name in ("Break", "Lobby") if self.program == "Gameplay" else ():
            self.program = name
            self.emit("CurrentProgramSceneChanged", sceneName=name)
        return super().GetStreamStatus()


def test_a_scene_that_changes_during_the_first_requests_shows_no_older_scene(tmp_path):
    with Restless(password=None) as server:
        session = session_of(server, tmp_path)
        rig.run(obs, session, until=len)
    assert said(session.yielded[0]) == ("obs", State("obs", "Lobby"))


def hello(**data):
    return {"op": 0, "d": {"obsWebSocketVersion": "5.5.2", "rpcVersion": 1, **data}}


IDENTIFIED = {"op": 2, "d": {"negotiatedRpcVersion": 1}}
FLOOD = [{"op": 5, "d": {"eventType": "X"}}] * 1_001
# name: what the server says, then the end of the connection: a close code, "cut", or None (it stays open)
ENDS = {
    "a wrong password": ([hello(authentication=CHALLENGE)], 4009, Refused, "secret set obs"),
    "an old protocol": ([hello(rpcVersion=0)], None, Refused, "update OBS to 28"),
    "a refused protocol": ([hello()], 4010, Refused, "update OBS to 28"),
    "no challenge": ([hello(authentication={"salt": 1})], None, Disconnected, "does not use obs-websocket 5"),
    "another server": (["hello"], None, Disconnected, "does not use obs-websocket 5"),
    "a wrong op": ([{"op": 7, "d": {}}], None, Disconnected, "op 7 came, expected 0"),
    "a wrong second op": ([hello(), hello()], None, Disconnected, "op 0 came, expected 2"),
    "closed by the user": ([hello(), IDENTIFIED], 4011, Disconnected, "4011"),
    "OBS ends": ([hello(), IDENTIFIED], 1001, SourceNotRunning, "OBS was closed"),
    "a cut": ([hello(), IDENTIFIED], "cut", Disconnected, "cut"),
    "a wrong answer": ([hello(), IDENTIFIED, {"op": 7, "d": {"requestId": 1}}], None, Disconnected, "read"),
    "an answer without an end": ([hello(), IDENTIFIED, *FLOOD], None, Disconnected, "1000 events before its answer"),
    "a message of 2 MiB": ([hello(), IDENTIFIED, "x" * (2 << 20)], None, Disconnected, "given up: 1009"),
    "not ready": (
        [hello(), IDENTIFIED, {"op": 7, "d": {"requestId": "1", "requestStatus": {"result": False, "code": 207}}}],
        None, Disconnected, "OBS answers 207 to GetCurrentProgramScene",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_a_failure_has_its_reason(name, tmp_path):
    messages, end, error_type, text = ENDS[name]

    def script(connection, _number):
        for message in messages:
            if message is IDENTIFIED:
                connection.recv()  # OBS answers Identify; what follows comes after the client has checked its user
            connection.send(message if isinstance(message, str) else json.dumps(message))
        if end == "cut":
            cut(connection)
        elif end is None:
            server.wait()
        else:
            connection.recv()
            connection.close(end)

    with Peer(script) as server:
        session = session_of(server, tmp_path)
        _, error = rig.run(obs, session, until=lambda _: False)
    assert isinstance(error, error_type)
    assert text in str(error)
    assert session.lives == 0
    assert session.yielded == []


def test_a_closed_obs_is_waited_for_without_an_alarm(tmp_path):
    session = rig.Session(tmp_path, "obs", {"kind": "obs", "url": f"ws://127.0.0.1:{free_ports(1)[0]}"})
    session.cursor = obs._CONNECTED  # it was there when the last process of the source died
    _, error = rig.run(obs, session, until=lambda _: False)
    assert isinstance(error, SourceNotRunning)
    assert [said(message) for message in session.yielded] == [("obs", State("obs", connected=False))]
    _, error = rig.run(obs, session, until=lambda _: False)
    assert isinstance(error, SourceNotRunning)
    assert len(session.yielded) == 1


def test_heal_without_readable_settings_does_not_end_the_source(tmp_path):
    with Obs() as server:
        session = session_of(server, tmp_path, heal=True)  # tmp_path has neither settings nor tokens

        def until(found):
            if session.lives:
                server.emit("CurrentProgramSceneChanged", sceneName="Break")
            return len(found) == 2

        rig.run(obs, session, until)
    assert said(session.yielded[-1])[1].scene == "Break"


def test_the_password_may_be_typed_slowly(monkeypatch):
    monkeypatch.setattr(obs_link, "ANSWER_S", 1.0 * SLOWNESS)

    def typed():
        assert not threading.Event().wait(1.2 * SLOWNESS)  # longer than OBS may take for an answer
        return "pass"

    async def version(url):
        async with obs_link.link(url, typed, "obs") as opened:
            return await opened.request("GetVersion", dict)

    with Obs() as server:
        assert run_async(version(server.url))["rpcVersion"] == 1
