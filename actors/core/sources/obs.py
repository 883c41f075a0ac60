"""obs-websocket 5: its frames, and the state of OBS in its answers and events. Pure.

Hello ──identify──▶ Identified, then requests with answers, and events (producers/obs_link.py sends and receives)

scene, outputs, inputs ──View──▶ payloads of `obs`, `obs_source` and `scene`, each when it has changed
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from actors.core.contract.event import UNREADABLE
from actors.errors import BadInput

RPC_VERSION: Final = 1
AUTHENTICATION_FAILED: Final = 4009
UNSUPPORTED_RPC_VERSION: Final = 4010
GOING_AWAY: Final = 1001
# Codes of a request's status.
NOT_FOUND: Final = 600
NONE: Final = (NOT_FOUND, 604)  # 604: the replay buffer is not set up
UNSUPPORTED_KIND: Final = 605

T = TypeVar("T")


class Op(IntEnum):
    HELLO = 0
    IDENTIFY = 1
    IDENTIFIED = 2
    EVENT = 5
    REQUEST = 6
    ANSWER = 7


class ObsFrame(Struct):
    op: int
    d: Raw = Raw(b"{}")


class Challenge(Struct):
    challenge: str
    salt: str


class ObsHello(Struct, rename="camel"):
    rpc_version: int
    obs_web_socket_version: str = ""
    authentication: Challenge | None = None


class ObsEvent(Struct, rename="camel"):
    event_type: str
    event_data: Raw = Raw(b"{}")


class Status(Struct):
    result: bool
    code: int
    comment: str | None = None


class Answer(Struct, rename="camel"):
    request_id: str
    request_status: Status
    response_data: Raw = Raw(b"{}")


class ObsFacts(Struct, rename="camel"):
    """The union of the fields of all events and answers that are used."""

    scene_name: str = ""
    old_scene_name: str = ""
    current_program_scene_name: str = ""
    output_state: str = ""
    output_active: bool = False
    output_reconnecting: bool = False
    output_paused: bool = False
    input_name: str = ""
    old_input_name: str = ""
    video_active: bool = False


def read(kind: type[T], data: bytes | str | Raw) -> T:
    """Return a part of a message.

    Raises:
        BadInput: it is malformed.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except UNREADABLE as error:
        shown = data if isinstance(data, str) else bytes(data).decode(errors="replace")
        raise BadInput(f"{error}, in {shown[:100]!r}") from error


def proof(password: str, salt: str, challenge: str) -> str:
    """Return the response to a challenge; Streamer.bot has the same scheme."""
    secret = base64.b64encode(hashlib.sha256((password + salt).encode()).digest()).decode()
    return base64.b64encode(hashlib.sha256((secret + challenge).encode()).digest()).decode()


def identify(hello: ObsHello, password: Callable[[], str], subscriptions: int) -> str:
    """Return the first frame of the client. `password` is called only if OBS requires one."""
    said: dict[str, Any] = {"rpcVersion": RPC_VERSION, "eventSubscriptions": subscriptions}
    if hello.authentication is not None:
        said["authentication"] = proof(password(), hello.authentication.salt, hello.authentication.challenge)
    return frame(Op.IDENTIFY, said)


def request(number: str, type_: str, data: Mapping[str, Any]) -> str:
    """Return a frame with one request."""
    return frame(Op.REQUEST, {"requestId": number, "requestType": type_, "requestData": data})


def frame(op: Op, data: Mapping[str, Any]) -> str:
    return msgspec.json.encode({"op": int(op), "d": data}).decode()
