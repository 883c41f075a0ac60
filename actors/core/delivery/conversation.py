"""The conversation with one overlay as a table: state × input → next state and actions. It knows no transport.

    hello ──HELLO──▶ greeting ──READY──▶ catchup ◀──BEHIND──┐
                        ▲                   │ └──LEVEL──▶ live
                        └── HELLO again ────┴────────────────┘
    every state ──an ending of ENDINGS, or GONE──▶ closed

An overlay may say hello again at any time; its conversation then starts anew. A pair that is not in the table is a
failure of ours and raises KeyError.
"""

from __future__ import annotations

from enum import Enum, IntEnum, StrEnum
from typing import Final, NamedTuple

from msgspec import Struct


class Close(IntEnum):
    """Close codes: 4000 to 4499 mean "come back", 4500 to 4999 "do not" (docs/wire.md)."""

    STOPPING = 4000
    SLOW = 4008
    FLOOD = 4029
    TOKEN = 4500
    NO_HELLO = 4501
    GARBLED = 4502
    FORBIDDEN = 4503
    VERSION = 4504


class State(StrEnum):
    HELLO = "hello"
    GREETING = "greeting"
    CATCHUP = "catchup"
    LIVE = "live"
    CLOSED = "closed"


class Input(Enum):
    """What happens to a conversation.

    HELLO     a hello was accepted
    READY     the log is known, so that a welcome can be sent
    LEVEL     everything up to the feed's position was handed over
    BEHIND    the overlay reads too slowly
    RECEIPT, PING, COMMAND   the overlay said so
    END       the gateway ends the conversation
    GONE      the connection is closed
    """

    HELLO = "hello"
    READY = "ready"
    LEVEL = "level"
    BEHIND = "behind"
    RECEIPT = "receipt"
    PING = "ping"
    COMMAND = "command"
    END = "end"
    GONE = "gone"


class Action(Enum):
    """What the gateway does.

    LEAVE     stop to send frames; drop what waits
    GREET     find out where the conversation starts
    WELCOME   send the welcome
    FOLLOW    send what is missing, from the ring or the log
    JOIN      send every frame from now on
    NOTE      note the receipt
    ANSWER    answer the ping
    OBEY      carry out the command
    REFUSE    end the conversation: a hello must come first
    CLOSE     close the connection
    """

    LEAVE = "leave"
    GREET = "greet"
    WELCOME = "welcome"
    FOLLOW = "follow"
    JOIN = "join"
    NOTE = "note"
    ANSWER = "answer"
    OBEY = "obey"
    REFUSE = "refuse"
    CLOSE = "close"


class Step(NamedTuple):
    state: State
    actions: tuple[Action, ...] = ()


_SAID: Final = {Input.RECEIPT: Action.NOTE, Input.PING: Action.ANSWER, Input.COMMAND: Action.OBEY}
_OPEN: Final = (State.HELLO, State.GREETING, State.CATCHUP, State.LIVE)

TABLE: Final[dict[tuple[State, Input], Step]] = {
    **{(state, Input.HELLO): Step(State.GREETING, (Action.LEAVE, Action.GREET)) for state in _OPEN},
    (State.GREETING, Input.READY): Step(State.CATCHUP, (Action.WELCOME, Action.FOLLOW)),
    (State.CATCHUP, Input.LEVEL): Step(State.LIVE, (Action.JOIN,)),
    (State.LIVE, Input.BEHIND): Step(State.CATCHUP, (Action.LEAVE, Action.FOLLOW)),
    **{(State.HELLO, said): Step(State.HELLO, (Action.REFUSE,)) for said in _SAID},
    **{(state, said): Step(state, (action,)) for state in _OPEN[1:] for said, action in _SAID.items()},
    **{(state, Input.END): Step(State.CLOSED, (Action.LEAVE, Action.CLOSE)) for state in _OPEN},
    **{(state, Input.GONE): Step(State.CLOSED, (Action.LEAVE,)) for state in _OPEN},
    **{(State.CLOSED, late): Step(State.CLOSED) for late in Input},
}


def step(state: State, happened: Input) -> Step:
    """Return the next state, and what is to be done."""
    return TABLE[state, happened]


class Ending(Struct, frozen=True):
    """Why the gateway ends a conversation. `counter` names the field of GatewayMetrics that counts it, if one does."""

    code: Close
    reason: str
    counter: str = ""


STOPPING: Final = Ending(Close.STOPPING, "the gateway is stopping")
NEW_LOG: Final = Ending(Close.STOPPING, "the log was replaced")
REPLACED: Final = Ending(Close.STOPPING, "another connection has taken over the session")
SLOW: Final = Ending(Close.SLOW, "read too slowly")
SILENT: Final = Ending(Close.SLOW, "did not answer a ping", "silent_overlays")
FLOOD: Final = Ending(Close.FLOOD, "more than 20 messages per second", "floods")
HELLO_FLOOD: Final = Ending(Close.FLOOD, "more than five hellos at once, or one in two seconds", "floods")
UNMET: Final = Ending(Close.FLOOD, "too many connections have not said hello", "refused_connections")
WRONG_TOKEN: Final = Ending(Close.TOKEN, "the token is wrong or was revoked", "auth_failures")
REVOKED: Final = Ending(Close.TOKEN, "the token was revoked", "revoked")
HELLO_FIRST: Final = Ending(Close.GARBLED, "expected a hello first")


def no_hello(within_s: float) -> Ending:
    return Ending(Close.NO_HELLO, f"no valid hello came within {within_s:g} s")


def garbled(reason: str) -> Ending:
    return Ending(Close.GARBLED, reason, "bad_messages")


def wrong_version(reason: str) -> Ending:
    return Ending(Close.VERSION, reason)


# Which roles a token may take. Only an overlay of the stream counts as "drawn by", so a token to look cannot be one.
ROLES: Final = {"display": ("overlay",), "control": ("overlay", "dashboard"), "view": ("dashboard",)}


def admission(scope: str | None, role: str) -> Ending | None:
    """Return why a hello with a token of `scope` is refused, None when it is accepted."""
    if scope not in ROLES:
        return WRONG_TOKEN
    return None if role in ROLES[scope] else _forbidden(f"a {scope} token may not connect as {role}")


def objection(said: Input, scope: str, role: str) -> Ending | None:
    """Return why this connection may not say this, None when it may."""
    if said is Input.RECEIPT and role == "dashboard":
        return _forbidden("a dashboard draws nothing that a receipt could be for")
    if said is Input.COMMAND and scope != "control":
        return _forbidden(f"a {scope} token may not send commands")
    return None


def _forbidden(reason: str) -> Ending:
    return Ending(Close.FORBIDDEN, reason, "forbidden")
