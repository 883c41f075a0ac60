"""The conversation of the gateway with an overlay, as histories without a transport, and as a property."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.core.delivery import conversation
from actors.core.delivery.conversation import (
    TABLE,
    Action,
    CloseCode,
    Input,
    OverlayState,
    admission,
    objection,
    step,
)

HELLO, READY, LEVEL, BEHIND = Input.HELLO, Input.READY, Input.LEVEL, Input.BEHIND
LEAVE, GREET, WELCOME, FOLLOW, JOIN, CLOSE = (
    Action.LEAVE, Action.GREET, Action.WELCOME, Action.FOLLOW, Action.JOIN, Action.CLOSE,
)  # fmt: skip

HISTORIES = {
    "a newcomer": ([HELLO, READY, LEVEL], [LEAVE, GREET, WELCOME, FOLLOW, JOIN], OverlayState.LIVE),
    "slow, then level again": (
        [HELLO, READY, LEVEL, BEHIND, LEVEL],
        [LEAVE, GREET, WELCOME, FOLLOW, JOIN, LEAVE, FOLLOW, JOIN],
        OverlayState.LIVE,
    ),
    "hello again in catch-up": (
        [HELLO, READY, HELLO, READY],
        [LEAVE, GREET, WELCOME, FOLLOW, LEAVE, GREET, WELCOME, FOLLOW],
        OverlayState.CATCHUP,
    ),
    "two hellos before the log is known": (
        [HELLO, HELLO, READY],
        [LEAVE, GREET] * 2 + [WELCOME, FOLLOW],
        OverlayState.CATCHUP,
    ),
    "a receipt before the hello": ([Input.RECEIPT, Input.END], [Action.REFUSE, LEAVE, CLOSE], OverlayState.CLOSED),
    "a ping while greeted": ([HELLO, Input.PING], [LEAVE, GREET, Action.ANSWER], OverlayState.GREETING),
    "messages of a live overlay": (
        [HELLO, READY, LEVEL, Input.RECEIPT, Input.COMMAND],
        [LEAVE, GREET, WELCOME, FOLLOW, JOIN, Action.NOTE, Action.EXECUTE],
        OverlayState.LIVE,
    ),
    "ended, then disconnected": (
        [HELLO, Input.END, Input.GONE],
        [LEAVE, GREET, LEAVE, CLOSE],
        OverlayState.CLOSED,
    ),
    "disconnected before the log is known": (
        [HELLO, Input.GONE, READY],
        [LEAVE, GREET, LEAVE],
        OverlayState.CLOSED,
    ),
}


@pytest.mark.parametrize(("inputs", "actions", "state"), HISTORIES.values(), ids=HISTORIES)
def test_each_history_of_a_conversation_has_the_expected_outputs(inputs, actions, state):
    now, done = OverlayState.HELLO, []
    for happened in inputs:
        now, todo = step(now, happened)
        done += todo
    assert (done, now) == (actions, state)


@given(st.lists(st.sampled_from(list(Input)), max_size=60))
def test_frames_flow_only_between_a_welcome_and_the_end_of_the_conversation(inputs):
    state, sending, closes = OverlayState.HELLO, False, 0
    for happened in inputs:
        if (state, happened) not in TABLE:
            continue  # the gateway cannot bring it about in this state
        state, actions = step(state, happened)
        for action in actions:
            if action is LEAVE:
                sending = False
            elif action is FOLLOW:
                assert not sending
                sending = True
            elif action is JOIN:
                assert sending
            closes += action is CLOSE
        assert sending == (state in (OverlayState.CATCHUP, OverlayState.LIVE))
    assert closes <= 1


def test_every_message_and_every_end_has_a_transition_in_every_state():
    outside = (HELLO, Input.RECEIPT, Input.PING, Input.COMMAND, Input.END, Input.GONE)
    assert all((state, happened) in TABLE for state in OverlayState for happened in outside)


def test_impossible_inputs_are_not_in_the_table():
    for state, happened in [
        (OverlayState.HELLO, READY),
        (OverlayState.LIVE, READY),
        (OverlayState.LIVE, LEVEL),
        (OverlayState.CATCHUP, BEHIND),
    ]:
        with pytest.raises(KeyError):
            step(state, happened)


@pytest.mark.parametrize(
    ("scope", "role", "code"),
    [
        (None, "overlay", CloseCode.TOKEN),
        ("ingest", "overlay", CloseCode.TOKEN),
        ("display", "overlay", None),
        ("display", "dashboard", CloseCode.FORBIDDEN),
        ("view", "overlay", CloseCode.FORBIDDEN),
        ("view", "dashboard", None),
        ("control", "overlay", None),
        ("control", "dashboard", None),
    ],
)
def test_a_hello_is_admitted_or_refused_by_the_rules(scope, role, code):
    ending = admission(scope, role)
    assert (ending and ending.code) == code


@pytest.mark.parametrize(
    ("said", "scope", "role", "allowed"),
    [
        (Input.RECEIPT, "display", "overlay", True),
        (Input.RECEIPT, "control", "dashboard", False),
        (Input.COMMAND, "control", "dashboard", True),
        (Input.COMMAND, "display", "overlay", False),
        (Input.PING, "view", "dashboard", True),
    ],
)
def test_messages_are_permitted_by_role(said, scope, role, allowed):
    assert (objection(said, scope, role) is None) == allowed


def test_every_counter_of_an_ending_is_a_metric():
    from actors.core.metrics import GatewayMetrics

    endings = [value for value in vars(conversation).values() if isinstance(value, conversation.Ending)]
    endings += [conversation.garbled("x"), conversation.wrong_version("x"), conversation.no_hello(1)]
    assert len(endings) > 8
    assert {ending.counter for ending in endings} - {""} <= set(GatewayMetrics.__struct_fields__)
