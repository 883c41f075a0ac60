"""Hundreds of hostile texts (tests/web/vectors.py) in every place of the pages that shows text: they stay text.

Nothing runs, no dialog opens, nothing is requested from elsewhere, no element or attribute is added, and what is shown
stays inside its box. A violation of the security policy fails the test as everywhere (conftest.Console).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import pytest

from tests.support import eventually
from tests.web.gate import TOKEN, Gate, now_ms
from tests.web.stepped import Stepped
from tests.web.vectors import DISGUISES, LONG, polyglots, single, vectors

# The gateway of the tests has no history of the events of the dashboard, and not the pictures that events name.
pytestmark = pytest.mark.console("404 (Not Found)")

BATCH = 6
CANARY = "globalThis.hacks = 0; globalThis.hacked = () => { hacks += 1; };"
# All elements, and all attributes that could run or fetch something.
CENSUS = """() => {
  const nodes = [...document.querySelectorAll('*')], own = `${location.origin}/`;
  const tags = {};
  for (const { localName } of nodes) tags[localName] = (tags[localName] ?? 0) + 1;
  const attributes = nodes.flatMap((node) => [...node.attributes]);
  const runs = attributes.filter(({ name, value }) => name.startsWith('on') || /script:|hacked|evil/i.test(
    /^(href|xlink:href|src|srcset|srcdoc|style|action|formaction|data|poster|background|is)$/.test(name) ? value : ''));
  return { tags, runs: runs.map(({ name, value }) => `${name}=${value.slice(0, 80)}`) };
}"""
# The texts on the page by the class of their element, as a reader sees them: [class, text].
SHOWN = """() => [...document.querySelectorAll('#stage *')]
  .filter((node) => node.childElementCount === 0 || node.matches('.chat-text'))
  .filter((node) => node.textContent !== '' && !node.closest('.off, .gone'))
  .map((node) => [node.getAttribute('class').split(' ').find((name) => name !== 'name') ?? '', node.textContent])"""
# What is outside of the box of its widget and does not move, and rows of the killfeed of another height.
BEYOND = """() => {
  const out = (a, b) => Math.min(a.left - b.left, b.right - a.right, a.top - b.top, b.bottom - a.bottom) < -1.5;
  const panels = '.kf-panel, .bn, .sa, .st, .sc, .vo, .go, .ti-list, .la, .ht, .ap, .ra';
  const moves = (node) => node.getAnimations().some(({ playState }) => playState !== 'finished');
  const shown = [...document.querySelectorAll(panels)].filter((node) => !node.closest('.off, .gone') && !moves(node));
  const beyond = shown.filter((node) => out(node.getBoundingClientRect(), node.closest('.w').getBoundingClientRect()))
    .map((node) => node.outerHTML.slice(0, 200));
  // Chat rows that do not fit are in a second column, beside the box and not visible.
  const wide = [...document.querySelectorAll('.chat-row:not(.off) .chat-panel')]
    .filter((node) => node.getBoundingClientRect().width > node.closest('.w').getBoundingClientRect().width + 1.5)
    .map((node) => node.outerHTML.slice(0, 200));
  const heights = [...document.querySelectorAll('.kf-row:not(.off) .kf-panel')].map((row) => row.offsetHeight);
  const { scrollWidth, scrollHeight } = document.documentElement;
  return [...beyond, ...wide, ...new Set(heights).size > 1 ? [`rows ${heights}`] : [],
    ...scrollWidth > innerWidth || scrollHeight > innerHeight ? [`page ${scrollWidth} × ${scrollHeight}`] : []];
}"""


class Guard:
    """What a page does that no text may make it do."""

    def __init__(self, page: Any, origin: str) -> None:
        self.page = page
        self.dialogs: list[str] = []
        self.elsewhere: list[str] = []
        page.add_init_script(CANARY)
        page.on("dialog", self.asked)
        page.on("popup", lambda popup: self.elsewhere.append(popup.url))
        own = (origin, origin.replace("http", "ws", 1), "data:", "blob:")
        page.on("request", lambda one: None if one.url.startswith(own) else self.elsewhere.append(one.url))

    def asked(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def nothing_ran(self) -> None:
        for frame in self.page.frames:
            assert frame.evaluate("[hacks, Object.keys(Object.prototype).length]") == [0, 0]
        assert self.dialogs == []
        assert self.elsewhere == []


@pytest.fixture
def page(window: Any, gate: Gate) -> Iterator[Any]:
    opened = window.new_page()
    yield opened
    opened.close()


def plain(text: str) -> str:
    """Return a text as the pages may show it: controls, blanks and `_` are one blank, capitals are small."""
    return re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u202a-\u202e\u2066-\u2069\ufeff_]+", " ", text).strip().lower()


def test_the_corpus_is_large_and_its_texts_differ() -> None:
    assert len(set(single())) >= 250
    assert len(set(polyglots())) >= 200
    assert len(set(vectors())) == len(vectors())
    assert all(len(text.encode()) >= 100 * 1_024 for text in LONG)


def person(text: str, number: int) -> dict[str, Any]:
    return {"id": f"p{number}", "name": text, "team": text}


def texts_in_the_game(texts: list[str], number: int) -> list[tuple[str, dict[str, Any]]]:
    """Return events in which each text is in a place of each widget, or another one of the batch is."""
    a, b, c, d, e, f = islice(cycle(texts), 6)
    chats = [
        ("chat", {"user": text, "text": text, "color": text, "message_id": f"m{number}-{at}", "badges": [text]})
        for at, text in enumerate(texts)
    ]
    kills = [
        (
            "kill",
            {"attacker": person(text, 3 * at), "victim": person(text, 3 * at + 1), "weapon": text}
            | {"assister": person(text, 3 * at + 2)},
        )
        for at, text in enumerate(texts)
    ]
    return [
        *kills,
        *chats,
        ("chat", {"user": b, "text": c, "reply_to": {"user": d, "text": a}, "channel": e, "badge_images": [f]}),
        ("multikill", {"player": person(a, 0), "kills": 3, "window_ms": 1}),
        ("streak", {"player": person(b, 1), "kills": 9}),
        ("score", {"scores": {a: 1, b: 2}, "names": {a: c, b: d}}),
        ("radar", {"map": a, "title": e, "left": -100, "right": 100}),
        ("radar_player", {"map": a, "number": 1, "player": person(f, 2)}),
        ("crosshair", {"on": True, "style": a, "color": b}),
        ("poll", {"phase": "progress", "title": a, "choices": [{"title": text, "votes": 1} for text in texts[1:]]}),
        ("prediction", {"phase": "lock", "title": b, "outcomes": [{"title": text, "votes": 2} for text in texts[2:]]}),
        ("goal", {"goal": c, "phase": "progress", "current": 1, "target": 9, "kind": d, "title": e}),
        ("hype_train", {"phase": "progress", "train": a, "level": 1, "progress": 1, "goal": 9, "total": 1}),
        ("application", {"application": f"app{number}", "title": f, "status": a, "detail": b}),
        ("toggle", {"name": a, "on": False}),
        ("scene", {"name": b}),
        ("obs", {"name": c, "scene": d}),
        ("custom", {"name": e, "data": {"x": f}}),
    ]


def alerts(texts: list[str], number: int) -> list[tuple[str, dict[str, Any]]]:
    """Return a game alert and an alert of the community, in turn of each kind."""
    a, b, c, d, e, f = islice(cycle(texts), 6)
    games = (
        ("alert_start", {"alert": a, "title": b, "subtitle": c}),
        ("alert_end", {"alert": d, "outcome": e, "title": f, "subtitle": a}),
        ("round", {"phase": "end", "winner": b, "reason": c}),
        ("objective", {"action": d, "target": e, "player": person(f, 1)}),
    )
    community = (
        ("follow", {"user": a}),
        ("tip", {"user": b, "amount": "5.00", "currency": c, "text": d}),
        ("subscription", {"user": e, "tier": f, "months": 3, "text": a, "gifted_by": b}),
        ("cheer", {"user": c, "bits": 100, "text": d}),
        ("raid", {"user": e, "viewers": 9}),
        ("gift", {"user": f, "count": 2, "tier": a, "recipients": [b, c]}),
        ("redemption", {"user": d, "title": e, "text": f}),
        ("shoutout", {"user": a}),
        ("stream", {"online": True, "title": b}),
    )
    return [games[number % len(games)], community[number % len(community)]]


def show_all(stepped: Stepped, corpus: list[str]) -> dict[str, set[str]]:
    """Send texts in batches to every widget; return what was shown, by the class of the element."""
    seen: dict[str, set[str]] = {}

    def look() -> None:
        for name, text in stepped.page.evaluate(SHOWN):
            seen.setdefault(name, set()).add(text)

    for number, begin in enumerate(range(0, len(corpus), BATCH)):
        texts = corpus[begin : begin + BATCH]
        stepped.send(("show", {"action": "clear"}))
        stepped.step(500)
        stepped.send(*alerts(texts, number), *texts_in_the_game(texts, number))
        stepped.step(20)
        look()
        stepped.step(500, 2)
        look()
        assert stepped.page.evaluate(BEYOND) == []
        stepped.step(4_000, 2)
    return seen


def opened(page: Any, gate: Gate, guard: Guard) -> Stepped:
    stepped = Stepped(page, gate, "kills=12&chat=20&hud=1")
    shown = {name: {"visible": True} for name in ("ticker", "application")}
    gate.say({"t": "layout", "layout": {"version": 1, "widgets": shown}, "error": DISGUISES[0] + vectors()[0]})
    stepped.step(20)
    guard.nothing_ran()
    return stepped


def test_the_overlay_shows_every_vector_as_text(page: Any, gate: Gate) -> None:
    guard = Guard(page, gate.url)
    stepped = opened(page, gate, guard)
    before = page.evaluate(CENSUS)
    corpus = vectors()
    seen = show_all(stepped, corpus)
    assert page.evaluate(CENSUS) == before, "elements are pooled, none is added"
    assert before["runs"] == []
    guard.nothing_ran()
    assert stepped.overlay.status()["events"]["faults"] == 0
    shown = {place: {plain(text) for text in texts} for place, texts in seen.items()}
    # Each text whole in chat; its beginning as a name in chat, as both players and as the weapon.
    assert [text for text in corpus if plain(text) not in shown["chat-text"]] == []
    for place in ("chat-name", "kf-name", "kf-helper", "kf-weapon"):
        begins = {text[:20].strip() for text in shown[place]}
        assert [text for text in corpus if plain(plain(text)[:20]) not in begins] == [], place
    # And in all other places.
    places = {
        "bn-title",
        "bn-detail",
        "sa-name",
        "sa-message",
        "sa-detail",
        "ti-name",
        "la-name",
        "vo-title",
        "vo-choice",
    }
    places |= {"go-title", "label", "st-name", "ap-title", "chat-above"}
    assert {place for place in places if len(seen.get(place, ())) < 3} == set()


def test_the_overlay_holds_disguised_and_endless_texts_in_their_boxes(page: Any, gate: Gate) -> None:
    guard = Guard(page, gate.url)
    stepped = opened(page, gate, guard)
    before = page.evaluate(CENSUS)
    seen = show_all(stepped, [*DISGUISES, *LONG])
    assert page.evaluate(CENSUS) == before
    guard.nothing_ran()
    assert stepped.overlay.status()["events"]["faults"] == 0
    shown = [(place, text) for place, texts in seen.items() for text in texts]
    turned, piled = r"[\u202a-\u202e\u2066-\u2069\x00-\x1f]", r"[\u0300-\u036f\u0489]{4}"
    assert [one for one in shown if re.search(turned, one[1])] == [], "nothing turns the text around it"
    assert [one for one in shown if re.search(piled, one[1])] == [], "no pile of marks over the lines above"
    assert [one for one in shown if len(one[1]) > 4_000] == []


def status(texts: list[str]) -> dict[str, Any]:
    """Return an answer of /api/status with every text in each list of the dashboard."""

    def many(make: Any, every: int = 1) -> list[Any]:
        return [make(text, number) for number, text in enumerate(texts[::every])]

    return {
        "scope": "control", "epoch": texts[0], "top": 0, "ready": False, "reasons": texts[:20],
        "sources": many(lambda text, n: {"name": text, "kind": text, "state": text, "detail": text, "loss": text}
                        | {"events_per_s": 1.0, "reconnects": n, "message_age_s": n}, 3),
        "processes": many(lambda text, n: {"name": f"p{n}", "state": "running", "pid": n, "last_reason": text}),
        "alerts": many(lambda text, n: {"key": text, "name": text, "text": text, "level": "warn", "do": text}
                       | {"command": text, "for_s": n}, 4),
        "ledger": {"raw": {}, "events": {"critical": {"received": 1, "dropped": {"full": 1}}}},
        "clients": many(lambda text, n: {"overlay_id": text, "state": "live", "position": 0, "build": text}
                        | {"address": text, "format": text, "obs": text, "slowest": text, "quality": 1, "fps": 60}, 4),
        "tokens": many(lambda text, n: {"name": text, "scope": text, "expires_ms": None, "expired": False}, 4),
    }  # fmt: skip


def test_the_dashboard_shows_every_vector_as_text(page: Any, gate: Gate) -> None:
    corpus = [*vectors(), *DISGUISES]
    names = [text for text in corpus if text.strip()]
    gate.status = {
        "status": status(names),
        "quarantine": {"quarantine": [
            {"n": n, "ts_ms": now_ms(), "kind": text, "reason": text, "excerpt": json.dumps({text: text})}
            for n, text in enumerate(corpus)
        ]},
        "why": {"id": names[0], "history": {"outcome": "dropped", "reason": names[1], "detail": names[2]}},
        "log": {"name": names[3], "lines": [{"level": text, "text": text} for text in corpus]},
        "settings": {"settings": [
            {"key": text, "kind": "text", "value": text, "default": text, "expected": text, "options": [text]}
            | {"reason": text, "restarts": [text], "refused": text}
            for text in corpus[::4]
        ]},
    }  # fmt: skip
    guard = Guard(page, gate.url)
    page.goto(f"{gate.url}/#k={TOKEN}")
    eventually(lambda: len([one for one in gate.sockets if one.live]) == 2, 10)
    page.select_option("#type", "all")
    known = set(page.evaluate(CENSUS)["tags"])
    for number, begin in enumerate(range(0, len(corpus), 40)):
        texts = corpus[begin : begin + 40]
        gate.send(*(gate.event(type_, payload, source=texts[0]) for type_, payload in alerts(texts, number)))
        gate.send(*(gate.event("chat", {"user": text, "text": text}, source=text) for text in texts))
    last = plain(vectors()[-1])
    eventually(lambda: last in plain(page.inner_text("#river")), 20)
    eventually(lambda: page.locator("#overlays .facts").count() > len(names) / 5, 20)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1920
    page.evaluate("document.querySelectorAll('.folds details').forEach((one) => { one.open = true; })")
    eventually(lambda: page.locator("#processes tbody tr").count() == len(names), 20)
    eventually(lambda: last in plain(page.inner_text("#rejected")), 20)
    page.click("#river > li > button")
    page.fill("#event-id", names[5])
    page.click("#look-up button")
    eventually(lambda: page.inner_text("#found") != "", 10)
    census = page.evaluate(CENSUS)
    made = "table caption thead tbody tr td th canvas bdi code pre ol dl dt dd time input select option label h3 h4"
    assert set(census["tags"]) - known <= set(made.split())
    assert census["runs"] == []
    for name in ("processes", "rejected", "overlays", "sources", "tokens", "river"):
        shown = plain(page.text_content(f"#{name}"))
        assert plain(names[0])[:20] in shown, name
    guard.nothing_ran()


@pytest.mark.console("framewire: The token in this address is wrong")
def test_the_studio_shows_every_vector_as_text(page: Any, gate: Gate) -> None:
    corpus = [text for text in [*vectors(), *DISGUISES] if text.strip()]
    answer = {"overlay": "default", "layout": {"version": 1, "widgets": {}}, "revision": "1", "source": corpus[0]}
    gate.status = {
        "layout": answer | {"error": corpus[1], "layouts": corpus},
        "status": {"clients": [{"overlay_id": text} for text in corpus]},
        "address": {"display_token": corpus[2]},
    }
    guard = Guard(page, gate.url)
    page.goto(f"{gate.url}/studio#k={TOKEN}")
    eventually(lambda: plain(corpus[1]) in plain(page.inner_text("#state")), 10)
    known = page.evaluate(CENSUS)["tags"]
    eventually(lambda: page.locator("#overlays option").count() > len(corpus), 10)
    # Names that fit would make a valid layout, and unsaved changes.
    for number, text in enumerate(text for text in corpus[::20] if not text.isalpha()):
        gate.status["layout"] = answer | {"overlay": f"n{number}", "error": text, "layouts": corpus}
        page.fill("#overlay", f"n{number}")
        page.press("#overlay", "Enter")
        eventually(lambda text=text: plain(text) in plain(page.inner_text("#state")))  # type: ignore[misc]
        page.fill("#new-scene", text)
        page.click("#add-scene")
        file = json.dumps({"version": 1, "widgets": {text: {"x": text}}, "scenes": {text: {}}}).encode()
        page.set_input_files("#layout-file", {"name": "a.json", "mimeType": "application/json", "buffer": file})
    census = page.evaluate(CENSUS)
    assert set(census["tags"]) == set(known) | {"option"}
    assert census["runs"] == []
    guard.nothing_ran()
