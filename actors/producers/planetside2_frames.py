"""Frames of the Census stream: their shape, and the duplicates among those of several connections. Pure."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from actors.adapters import planetside2_facts as facts
from actors.core.contract.event import UNREADABLE
from actors.core.sources.state import Seen
from actors.errors import BadInput

MAX_FRAME_BYTES: Final = 16_384  # a death has 500 bytes
MAX_FIELDS: Final = 64
# The copy of the other connection arrives within seconds; NSS itself filters for 20 s.
REMEMBER_S: Final = 60.0
REMEMBER: Final = 16_384

Payload = Mapping[str, str]

_WORLD_EVENTS: Final = ("MetagameEvent", "ContinentLock", "FacilityControl")


class CensusSubscription(Struct, frozen=True, rename="camel"):
    """The echo of a subscription; a field that the server leaves out cannot be compared."""

    event_names: list[str] | None = None
    worlds: list[str] | None = None
    character_count: int | None = None


class CensusFrame(Struct, frozen=True):
    """A message of the server."""

    type: str = ""
    payload: dict[str, str] | None = None
    subscription: CensusSubscription | None = None
    online: Any = None


_frame = msgspec.json.Decoder(CensusFrame)


def decode(data: str | bytes) -> CensusFrame:
    """Return a frame.

    Raises:
        BadInput: it is too long, not JSON, or has other types.
    """
    if len(data) > MAX_FRAME_BYTES:
        raise BadInput(f"A frame of {len(data)} bytes, expected at most {MAX_FRAME_BYTES}")
    try:
        frame = _frame.decode(data)
    except UNREADABLE as error:
        raise BadInput(str(error)) from error
    if frame.payload is not None and len(frame.payload) > MAX_FIELDS:
        raise BadInput(f"An event with {len(frame.payload)} fields, expected at most {MAX_FIELDS}")
    return frame


def concerns(payload: Payload, own: frozenset[str]) -> bool:
    """Whether an event is of one of the own characters, or of a world."""
    ids = (payload.get(name, "") for name in ("character_id", "attacker_character_id", "other_id"))
    return payload.get("event_name") in _WORLD_EVENTS or any(id_ in own for id_ in ids)


def is_tick(payload: Payload) -> bool:
    """Whether two equal events in one second may be two, such as heals."""
    return payload.get("event_name") == "GainExperience" and payload.get("experience_id", "") in facts.TICKS


def identity_of(payload: Payload) -> str:
    """Return the identity of an event, which is the same on all connections.

    A player dies at most once a second. An alert has each state once. One kill of a gunner gives the driver up to two
    gains of experience. For all other events the identity is the whole content, because Census gives none.
    """
    get = payload.get
    world, stamp = get("world_id", ""), get("timestamp", "")
    event = get("event_name", "")
    if event == "Death":
        parts = [world, event, stamp, get("character_id", "")]
    elif event == "MetagameEvent" and "instance_id" in payload:
        parts = [world, event, get("instance_id", ""), get("metagame_event_state", "")]
    elif event == "GainExperience" and get("experience_id", "") in facts.GUNNERS:
        parts = [world, "Gunner", stamp, get("character_id", ""), get("other_id", "")]
    else:
        content = repr(sorted(payload.items())).encode(errors="surrogatepass")
        parts = [hashlib.blake2b(content, digest_size=16).hexdigest()]
    return ":".join(part[:64] for part in parts)


class Merger:
    """Merges the events of several connections. Times are monotonic seconds, passed in.

    The nth equal tick on one connection is the same event as the nth on another. So a real repetition counts twice, and
    the other connection adds none.
    """

    def __init__(self) -> None:
        self._seen = Seen(REMEMBER, REMEMBER_S)
        self._times: OrderedDict[tuple[int, str], int] = OrderedDict()

    def take(self, connection: int, payload: Payload, now_s: float) -> str:
        """Return the identity of an event, "" if another connection has already received it."""
        identity = identity_of(payload)
        if is_tick(payload):
            key = (connection, identity)
            times = self._times.pop(key, 0) + 1
            self._times[key] = times
            if len(self._times) > REMEMBER:
                self._times.popitem(last=False)
            identity = f"{identity}:{times}"
        return identity if self._seen.add(identity, now_s) else ""
