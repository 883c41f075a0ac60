"""The flags in a gateway that runs: a switch under load, the streams of a canary, and the command of a dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest

from actors import config, host
from actors.config import FlagName, FlagsSection
from tests.sockets.gateway_rig import Client, Rig, loose
from tests.support import eventually


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


def switch(rig: Rig, mode: Any) -> None:
    """Store all flags as the supervisor does, and send events until the gateway has applied them."""
    found = FlagsSection(mode, mode, mode, canary=["main"])
    settings = msgspec.structs.replace(rig.settings, flags=found)
    host.write_private(rig.run_dir / config.SETTINGS_FILE, config.encode(settings))

    def applied() -> bool:
        rig.send(3)
        return bool(rig.status()["flags"]["ws_batching_v2"] == mode)

    eventually(applied)


def heard(client: Client, last: int) -> list[dict[str, Any]]:
    """Return all messages up to the critical event `last`."""
    found: list[dict[str, Any]] = []
    while not found or found[-1].get("z", 0) < last:
        found.append(client.next())
    return found


def test_every_flag_is_switched_under_load_and_every_critical_event_is_received_once(rig: Rig) -> None:
    clients = {name: rig.joined(overlay_id=name) for name in ("main", "other")}
    begins: dict[str, int] = {}
    for mode in ("off", "canary", "on"):
        switch(rig, mode)
        rig.settled()  # what is sent next is not merged with what came before
        begins[mode] = rig.top
        rig.send(3)
        for stream in ("plain", "v2"):
            rig.publish(rig.frame([loose(f"{mode}-{stream}")], stream=stream if mode == "canary" else ""))
    rig.send(3)
    for name, client in clients.items():
        messages = heard(client, rig.top)
        frames = [message for message in messages if message["t"] == "frame"]
        assert [event["g"] for frame in frames for event in frame["b"] if "g" in event] == list(range(1, rig.top + 1))
        batched = {
            mode: next(len(one["b"]) > 2 for one in frames if one.get("a") == at + 1) for mode, at in begins.items()
        }
        assert batched == {"off": False, "canary": name == "main", "on": True}
        rest = {event["i"] for frame in frames for event in frame["b"] if "g" not in event}
        own = "canary-v2" if name == "main" else "canary-plain"
        assert rest == {"off-plain", "off-v2", own, "on-plain", "on-v2"}
        told = [message["js_scheduler_v2"] for message in messages if message["t"] == "flags"]
        assert told == [False, name == "main", True]
    assert rig.metric("flag_moves_total") == 2 + 2 + 1


def test_a_flag_without_a_supervisor_is_refused_with_the_reason(rig: Rig) -> None:
    desk = rig.joined(role="dashboard", format="json", overlay_id="desk", token=rig.tokens.control)
    for number, (args, said) in enumerate(
        [
            ({"name": "ws_batching_v2", "mode": "off"}, "source.json"),
            ({"name": "ws_batching_v2", "mode": "of"}, "$.mode"),
            ({"name": "v3", "mode": "off"}, "$.name"),
            ({"name": "ws_batching_v2", "mode": "off", "canary": ["a b"]}, "$.canary"),
        ]
    ):
        desk.say({"t": "command", "id": str(number), "name": "flag", "args": args})
        answer = desk.until("result")
        assert (answer["ok"], said in answer["error"]) == (False, True), answer
    assert set(rig.status()["flags"]) == {*get_args(FlagName), "canary"}
