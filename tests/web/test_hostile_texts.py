"""Hostile texts in every field of every type of docs/events.md, in overlay and dashboard: they are shown as text.

The events are accepted ones: each text of an example is replaced wherever the row of its type accepts the replacement.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from actors.adapters import generic
from actors.core.contract import samples
from actors.core.contract.event import Submission
from actors.core.contract.taxonomy import TAXONOMY
from actors.errors import BadInput
from tests.support import eventually
from tests.web.conftest import Overlay
from tests.web.gate import TOKEN, Gate

# At most 64 characters, as names have. A page that writes one of them as HTML, address, style or template shows it.
TEXTS = (
    "<img src=x onerror=hacked()>",
    "\"><svg/onload=hacked()>'`${hacked()}{{7*7}}",
    "javascript:hacked()",
    "</style></script><script>hacked()</script>",
    "x;}*{background:url(//evil.test/x)}/*",
    "../../api/status?k=",
    "__proto__",
)
COUNTED = "[...document.querySelectorAll('img[src=x], script:not([src]), svg[onload], iframe:not(#preview)')].length"


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every text in a payload."""
    if isinstance(value, str):
        yield at
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, (*at, name))


def replaced(value: Any, at: tuple[Any, ...], text: str) -> Any:
    if not at:
        return text
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = replaced(copy[at[0]], at[1:], text)
    return copy


def accepted(type_: str, payload: Any) -> Submission | None:
    try:
        return generic.parse(json.dumps({"type": type_, "source": TEXTS[0], "payload": payload}).encode())[0]
    except BadInput:
        return None


def hostile(type_: str, text: str) -> tuple[dict[str, Any], int]:
    """Return the example of a type with `text` in every field that takes it, and how many do."""
    payload, count = samples.sample(type_, 1)["payload"], 0
    for at in list(places(payload)):
        trial = replaced(payload, at, text)
        if accepted(type_, trial) is not None:
            payload, count = trial, count + 1
    return payload, count


def send_all(gate: Gate) -> int:
    """Send every type with every text, and return the number of replaced fields."""
    total = 0
    for text in TEXTS:
        frame = []
        for type_ in TAXONOMY:
            payload, count = hostile(type_, text)
            key = f"{type_}:{text}" if TAXONOMY[type_].retain == "last" else None
            frame.append(gate.event(type_, payload, source=text, coalesce_key=key))
            total += count
        gate.send(*frame)
    return total


# The dashboard asks for the history of an event that is on its way for 3 s, and the gate has none; nor has it the
# pictures that events name.
pytestmark = pytest.mark.console("404 (Not Found)")


@pytest.fixture
def errors(window: Any) -> Iterator[tuple[Any, list[str]]]:
    page = window.new_page()
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if "evil.test" in request.url else None)
    page.add_init_script("globalThis.hacks = 0; globalThis.hacked = () => { hacks += 1; };")
    yield page, found
    page.close()


def test_every_type_has_a_field_for_hostile_texts_or_no_text() -> None:
    texts = {type_ for type_ in TAXONOMY if any(places(samples.sample(type_, 1)["payload"]))}
    assert {type_ for type_ in texts if hostile(type_, TEXTS[0])[1] == 0} == set()


def test_the_overlay_shows_hostile_texts_of_every_type_as_text(gate: Gate, errors: tuple[Any, list[str]]) -> None:
    page, found = errors
    overlay = Overlay(page, gate).open()
    assert send_all(gate) > 7 * len(TAXONOMY) / 2
    eventually(lambda: page.evaluate("framewire.status().position") == len(gate.log))
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    assert page.evaluate("hacks") == 0
    assert page.evaluate(COUNTED) == 0
    assert page.evaluate("({}).polluted ?? Object.keys(Object.prototype).length") == 0
    assert overlay.errors == []
    assert found == []


def test_the_dashboard_shows_hostile_texts_of_every_type_as_text(gate: Gate, errors: tuple[Any, list[str]]) -> None:
    page, found = errors
    page.goto(f"{gate.url}/#k={TOKEN}")
    eventually(lambda: any(one.live for one in gate.sockets))
    page.select_option("#type", "all")
    send_all(gate)
    eventually(lambda: TEXTS[-1] in page.inner_text("#river"))
    assert page.evaluate("hacks") == 0
    assert page.evaluate(COUNTED) == 0
    assert found == []


# Reverses what follows, stacks marks over the rows above, breaks the line.
DISGUISED = "\u202eevil\u202c\x85z" + "\u0301\u0489" * 12
SHOWN = " evil z\u0301\u0489\u0301"


def test_names_of_players_and_teams_keep_their_direction_and_height(gate: Gate, errors: tuple[Any, list[str]]) -> None:
    page, found = errors
    overlay = Overlay(page, gate).open()
    players = [{"id": f"p{number}", "name": DISGUISED, "team": "T"} for number in range(3)]
    gate.send(
        gate.event("kill", {"attacker": players[0], "victim": players[1], "assister": players[2], "weapon": "ak47"}),
        gate.event("multikill", {"player": players[0], "kills": 2, "window_ms": 5_000}),
        gate.event("objective", {"action": "planted", "player": players[0], "target": DISGUISED}),
        gate.event("score", {"scores": {"CT": 1, "T": 2}, "names": {"CT": DISGUISED, "T": DISGUISED}}),
    )
    overlay.drawn()
    shown = {
        name: [text for text in overlay.texts(name) if text]
        for name in (".kf-name", ".kf-helper", ".st-name", ".bn-detail", ".bn-title", ".sc-name .name")
    }
    assert {name: sorted(set(texts)) for name, texts in shown.items()} == {
        ".kf-name": [SHOWN],
        ".kf-helper": [SHOWN],
        ".st-name": [SHOWN],
        ".bn-detail": [SHOWN],
        ".bn-title": [f"Bomb planted · {SHOWN}"],
        ".sc-name .name": [SHOWN],
    }
    assert found == []
