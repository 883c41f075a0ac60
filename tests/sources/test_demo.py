"""The demo as a source: its events, and the state after a stop."""

from __future__ import annotations

import msgspec

from tests.sockets.actors import CORE, Actors
from tests.support import eventually


def states(actors: Actors) -> dict[str, dict[str, object]]:
    """Return the payload of the last state of each key that came in a frame."""
    events = [event for event in actors.poll() if event.category == "state"]
    return {event.coalesce_key or event.type: msgspec.msgpack.decode(event.payload) for event in events}


def test_a_stopped_demo_leaves_no_score_and_no_crosshair():
    with Actors("demo=true") as actors:
        actors.start(*CORE, "demo")
        eventually(lambda: states(actors).get("score", {}).get("names") and "crosshair" in states(actors), 20)
        assert actors.stop("demo") == 0
        eventually(lambda: states(actors)["score"] == {"scores": {}}, 10)
        eventually(lambda: states(actors)["crosshair"] == {"on": False}, 10)
