"""The conversation with one overlay as a table: state × input → next state and actions. It knows no transport.

    hello ──HELLO──▶ greeting ──READY──▶ catchup ◀──BEHIND──┐
                        ▲                   │ └──LEVEL──▶ live
                        └── HELLO again ────┴────────────────┘
    every state ──an ending of ENDINGS, or GONE──▶ closed

An overlay may send a hello again at any time; its conversation then starts again. A pair that is not in the table is a
bug and raises KeyError.
"""

from __future__ import annotations

from enum import Enum, IntEnum, StrEnum
from typing import Final, NamedTuple

from msgspec import Struct


class CloseCode(IntEnum):
    """Close codes: after 4000 to 4499 the overlay reconnects, after 4500 to 4999 it does not (docs/wire.md)."""

    STOPPING = 4000
    SLOW = 4008
    NO_HELLO = 4009
    FLOOD = 4029
    TOKEN = 4500
    GARBLED = 4502
    FORBIDDEN = 4503
    VERSION = 4504


class OverlayState(StrEnum):
    HELLO = "hello"
    GREETING = "greeting"
    CATCHUP = "catchup"
    LIVE = "live"
    CLOSED = "closed"


class Input(Enum):
    """An input of the conversation.

    HELLO     a hello was accepted
    READY     the log is known, so that a welcome can be sent
    LEVEL     everything up to the feed's position was written to the transport
    BEHIND    the overlay reads too slowly
    RECEIPT, PING, COMMAND   the overlay sent this message
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
    """An action of the gateway.

    LEAVE     stop sending frames; drop those that wait
    GREET     determine the position at which the conversation starts
    WELCOME   send the welcome
    FOLLOW    send missing events, from the ring or the log
    JOIN      send every frame from now on
    NOTE      note the receipt
    ANSWER    answer the ping
    EXECUTE   carry out the command
    REFUSE    end the conversation, because its first message must be a hello
    CLOSE     close the connection
    """

    LEAVE = "leave"
    GREET = "greet"
    WELCOME = "welcome"
    FOLLOW = "follow"
    JOIN = "join"
    NOTE = "note"
    ANSWER = "answer"
    EXECUTE = "execute"
    REFUSE = "refuse"
    CLOSE = "close"


class Step(NamedTuple):
    state: OverlayState
    actions: tuple[Action, ...] = ()


_MESSAGES: Final = {Input.RECEIPT: Action.NOTE, Input.PING: Action.ANSWER, Input.COMMAND: Action.EXECUTE}
_OPEN: Final = (OverlayState.HELLO, OverlayState.GREETING, OverlayState.CATCHUP, OverlayState.LIVE)

TABLE: Final[dict[tuple[OverlayState, Input], Step]] = {
    **{(state, Input.HELLO): Step(OverlayState.GREETING, (Action.LEAVE, Action.GREET)) for state in _OPEN},
    (OverlayState.GREETING, Input.READY): Step(OverlayState.CATCHUP, (Action.WELCOME, Action.FOLLOW)),
    (OverlayState.CATCHUP, Input.LEVEL): Step(OverlayState.LIVE, (Action.JOIN,)),
    (OverlayState.LIVE, Input.BEHIND): Step(OverlayState.CATCHUP, (Action.LEAVE, Action.FOLLOW)),
    **{(OverlayState.HELLO, message): Step(OverlayState.HELLO, (Action.REFUSE,)) for message in _MESSAGES},
    **{(state, message): Step(state, (action,)) for state in _OPEN[1:] for message, action in _MESSAGES.items()},
    **{(state, Input.END): Step(OverlayState.CLOSED, (Action.LEAVE, Action.CLOSE)) for state in _OPEN},
    **{(state, Input.GONE): Step(OverlayState.CLOSED, (Action.LEAVE,)) for state in _OPEN},
    **{(OverlayState.CLOSED, late): Step(OverlayState.CLOSED) for late in Input},
}


def step(state: OverlayState, happened: Input) -> Step:
    """Return the next state and the actions; KeyError if the table has no such pair."""
    return TABLE[state, happened]


class Ending(Struct, frozen=True):
    """Why the gateway ends a conversation. `counter` names the field of GatewayMetrics that counts it, if one does."""

    code: CloseCode
    reason: str
    counter: str = ""


STOPPING: Final = Ending(CloseCode.STOPPING, "the gateway is stopping")
NEW_LOG: Final = Ending(CloseCode.STOPPING, "the log was replaced")
REPLACED: Final = Ending(CloseCode.STOPPING, "another connection has taken over the session")
LEFT: Final = Ending(CloseCode.STOPPING, "the page was closed")
SLOW: Final = Ending(CloseCode.SLOW, "read too slowly")
SILENT: Final = Ending(CloseCode.SLOW, "did not answer a ping", "silent_overlays")
FLOOD: Final = Ending(CloseCode.FLOOD, "more than 20 messages per second", "floods")
HELLO_FLOOD: Final = Ending(CloseCode.FLOOD, "more than five hellos at once, or one in two seconds", "floods")
UNMET: Final = Ending(CloseCode.FLOOD, "too many connections have not said hello", "refused_connections")
FILTERS: Final = Ending(CloseCode.FLOOD, "the overlays have too many different filters", "refused_connections")
WRONG_TOKEN: Final = Ending(CloseCode.TOKEN, "the token is wrong or was revoked")
REVOKED: Final = Ending(CloseCode.TOKEN, "the token was revoked", "revoked")
HELLO_FIRST: Final = Ending(CloseCode.GARBLED, "expected a hello first")


def expired(name: str) -> Ending:
    return Ending(CloseCode.TOKEN, f"the token {name} has expired; ask the operator for a new address", "revoked")


def no_hello(within_s: float) -> Ending:
    return Ending(CloseCode.NO_HELLO, f"no valid hello came within {within_s:g} s")


def garbled(reason: str) -> Ending:
    return Ending(CloseCode.GARBLED, reason, "bad_messages")


def wrong_version(reason: str) -> Ending:
    return Ending(CloseCode.VERSION, reason)


# The roles that a token allows. A receipt means that viewers saw an event, so a view token cannot be an overlay.
ROLES: Final = {"display": ("overlay",), "control": ("overlay", "dashboard"), "view": ("dashboard",)}


def admission(scope: str | None, role: str) -> Ending | None:
    """Return why a hello with a token of `scope` is refused, None when it is accepted."""
    if scope not in ROLES:
        return WRONG_TOKEN
    return None if role in ROLES[scope] else _forbidden(f"a {scope} token may not connect as {role}")


def objection(message: Input, scope: str, role: str) -> Ending | None:
    """Return why this connection may not send this message, None if it may."""
    if message is Input.RECEIPT and role == "dashboard":
        return _forbidden("a dashboard sends no receipts, because viewers do not see it")
    if message is Input.COMMAND and scope != "control":
        return _forbidden(f"a {scope} token may not send commands")
    return None


def _forbidden(reason: str) -> Ending:
    return Ending(CloseCode.FORBIDDEN, reason, "forbidden")
