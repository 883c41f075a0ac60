"""Each widget of the page in a real browser."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from actors.core.contract.positions import pack
from tests.support import eventually
from tests.web.conftest import Overlay, run_until
from tests.web.gate import Gate, now_ms

# Of each row: what is cut, the pixels between the row and the edge of its box, and how much of the second tone (in rem)
# is around what it holds.
ROWS = """[...document.querySelectorAll('.kf-row:not(.off) .kf-panel')].map((panel) => {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const box = panel.closest('.w').getBoundingClientRect();
  const { left, bottom } = panel.getBoundingClientRect();
  const names = [...panel.querySelectorAll('.kf-name:not(.off)')];
  const painted = [...panel.querySelectorAll('.kf-means, .kf-means *')].filter((node) =>
    getComputedStyle(node).backgroundColor !== 'rgba(0, 0, 0, 0)' && node.getBoundingClientRect().top < bottom - 5);
  const seen = [...panel.querySelectorAll('.kf-art, .kf-weapon')].map((node) => {
    const { width, top } = node.getBoundingClientRect();
    const { paddingLeft, paddingRight } = getComputedStyle(node);
    return width > 0 && top < bottom - 5 ? width - parseFloat(paddingLeft) - parseFloat(paddingRight) : 0;
  });
  const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);
  return {
    names: names.map((node) => node.textContent),
    cut: names.filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.textContent),
    free: left - box.left,
    empty: (sum(painted.map((node) => node.getBoundingClientRect().width)) - sum(seen)) / rem,
  };
})"""


def player(number: int, name: str = "", team: str = "CT") -> dict[str, Any]:
    return {"id": f"p{number}", "name": name or f"player{number}", "team": team}


def kill(a: int, v: int, **fields: Any) -> dict[str, Any]:
    return {"attacker": player(a), "victim": player(v, team="T"), "weapon": "ak47"} | fields


def test_a_kill_shows_attacker_weapon_and_victim(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    gate.emit("kill", kill(1, 2, headshot=True))
    gate.emit("kill", kill(3, 4, weapon="m4a1_silencer"))
    overlay.drawn()
    assert overlay.texts(".kf-panel") == ["player1AK-47player2", "player3M4A1-Splayer4"]
    marked = overlay.page.evaluate(
        "[...document.querySelectorAll('.kf-row:not(.off) .kf-head')].map((icon) => !icon.classList.contains('off'))"
    )
    assert marked == [True, False]


def test_deaths_revives_headshots_and_assists_have_rows(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    gate.emit("death", {"victim": player(1), "cause": "planted_c4"})
    gate.emit("revive_taken", {"medic": player(2), "revived": player(1)})
    gate.emit("kill", kill(3, 4))
    gate.emit("headshot", {"attacker": player(3), "victim": player(4, team="T")})  # the same kill, reported separately
    gate.emit("headshot", {"attacker": player(5), "weapon": "awp"})
    gate.emit("assist", {"player": player(6), "victim": player(4)})
    gate.emit("assist", {"player": player(7)})  # of an unknown kill
    overlay.drawn()
    eventually(lambda: "player3player6AK-47player4" in overlay.texts(".kf-panel"))
    assert overlay.texts(".kf-panel") == [
        "C4player1",
        "player2player1",
        "player3player6AK-47player4",
        "player5AWP",
    ]
    assert overlay.page.locator(".kf-row.mine:not(.off)").count() == 1, "a revive of the streamer stands out"


def test_a_death_with_a_kill_is_one_row(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    gate.emit("kill", kill(1, 2))
    gate.emit("death", {"victim": player(2, team="T"), "cause": "headshot"})
    gate.emit("death", {"victim": player(3), "cause": "suicide"})
    overlay.drawn()
    eventually(lambda: len(overlay.texts(".kf-panel")) == 2)
    assert overlay.texts(".kf-panel") == ["player1AK-47player2", "Suicideplayer3"]


def test_the_killfeed_keeps_the_newest_and_its_nodes(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&kills=4")
    nodes = overlay.page.evaluate("document.querySelectorAll('*').length")
    for number in range(20):
        gate.emit("kill", kill(number, number + 100))
    overlay.drawn()
    eventually(lambda: len(overlay.texts(".kf-panel")) == 4)
    assert [text[:8] for text in overlay.texts(".kf-panel")] != []
    assert {text.split("AK-47")[0] for text in overlay.texts(".kf-panel")} == {f"player{n}" for n in range(16, 20)}
    assert overlay.page.evaluate("document.querySelectorAll('*').length") == nodes, "nodes are pooled"


@pytest.mark.parametrize(("anchor", "newest_first"), [("top-right", False), ("bottom-right", True)])
def test_rows_are_at_the_side_of_the_anchor(gate: Gate, overlay: Overlay, anchor: str, newest_first: bool) -> None:
    overlay.open("journal=1&motion=reduced")
    gate.say({"t": "layout", "layout": {"version": 1, "widgets": {"killfeed": {"anchor": anchor}}}, "error": ""})
    for number in (1, 2, 3):
        gate.emit("kill", kill(number, 9))
        overlay.drawn()
    distances = """(edge) => { const box = document.querySelector('.w-killfeed').getBoundingClientRect();
      return [...document.querySelectorAll('.kf-row:not(.off):not(.gone) .kf-panel')].map((node) => {
        const row = node.getBoundingClientRect();
        return [Math.round(Math.abs(row[edge] - box[edge])), node.querySelector('.kf-name').textContent];
      }).sort((a, b) => a[0] - b[0]); }"""
    edge = anchor.split("-")[0]
    names = ["player1", "player2", "player3"]
    wanted = names[::-1] if newest_first else names
    eventually(lambda: [name for _, name in overlay.page.evaluate(distances, edge)] == wanted)
    assert overlay.page.evaluate(distances, edge)[0][0] == 0


def test_a_flood_reuses_the_rows(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&kills=3")
    gate.send(*(gate.event("kill", kill(number, 9)) for number in range(3)))
    overlay.drawn()
    hidden = """() => { const seen = []; const watch = (list) => seen.push(...list.map((entry) => entry.oldValue));
      globalThis.watcher = new MutationObserver(watch); globalThis.changes = seen;
      for (const row of document.querySelectorAll('.kf-row'))
        globalThis.watcher.observe(row, { attributeFilter: ['class'], attributeOldValue: true }); }"""
    overlay.page.evaluate(hidden)
    for number in range(3, 12):
        gate.emit("kill", kill(number, 9))
        overlay.drawn()
    assert overlay.page.evaluate("globalThis.changes.filter((value) => value.includes('off'))") == []
    assert {text.split("AK-47")[0] for text in overlay.texts(".kf-panel")} == {"player9", "player10", "player11"}


def test_rows_of_a_flood_appear_and_move_without_transitions(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&kills=3")

    def send() -> None:
        gate.send(*(gate.event("kill", kill(number, 9)) for number in range(3)))
        overlay.drawn()

    def flooded() -> bool:
        send()
        return bool(overlay.page.evaluate("document.querySelectorAll('.kf-row.moves').length === 0"))

    send()
    eventually(flooded)


def test_a_row_is_removed_after_its_time(gate: Gate, timed: Overlay) -> None:
    gate.emit("kill", kill(1, 2))
    run_until(timed, lambda: timed.status()["drawn"] == 1)
    timed.page.clock.run_for(6_000)
    assert len(timed.texts(".kf-panel")) == 1
    timed.page.clock.run_for(1_500)
    assert timed.texts(".kf-panel") == []


NAMES = ["i", "Rusty", "quiet_ox", "no scope nan", "mid length name too", "A name that is rather long here"]
WEAPONS = ["awp", "m4a1_silencer", "deagle", "knife_widowmaker", "Very long weapon name of a game"]


@pytest.mark.parametrize("theme", ["broadcast", "minimal", "high-contrast"])
def test_a_row_has_no_empty_box_and_cuts_no_name_while_there_is_room(gate: Gate, overlay: Overlay, theme: str) -> None:
    overlay.open(f"journal=1&motion=reduced&theme={theme}&kills=12")
    gate.say({"t": "layout", "layout": {"version": 1, "widgets": {"killfeed": {"height": 780}}}, "error": ""})
    kills = [
        {"attacker": {"id": "a", "name": who}, "victim": {"id": "b", "name": whom}, "weapon": weapon}
        | {"headshot": flag, "streak": streak}
        for at, (who, whom) in enumerate(itertools.product(NAMES, NAMES))
        for weapon, flag, streak in [(WEAPONS[at % 5], at % 2 == 0, at % 3 * 5)]
    ]
    for begin in range(0, len(kills), 12):
        gate.send(*(gate.event("kill", kill) for kill in kills[begin : begin + 12]))
        overlay.drawn()
        rows: list[dict[str, Any]] = overlay.page.evaluate(ROWS)
        assert len(rows) == 12
        for row in rows:
            assert row["empty"] < 0.4, row
            assert not row["cut"] or row["free"] < 1.5, row
            assert all(len(name) > 10 for name in row["cut"]), row


def test_a_kill_on_a_streak_is_marked_with_its_number(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    streak = gate.event("streak", {"player": player(1), "kills": 5}, coalesce_key="streak:p1")
    gate.send(gate.event("kill", {**kill(1, 2), "streak": 4}), gate.event("kill", {**kill(1, 5), "streak": 5}), streak)
    gate.send(gate.event("kill", {**kill(3, 4), "streak": 2}))
    overlay.drawn()
    assert overlay.texts(".kf-kills") == ["4", "5"], "each row has the streak of its own kill"
    assert overlay.texts(".st-word") == ["Streak 5"]
    gate.emit("streak", {"player": player(1), "kills": 6}, coalesce_key="streak:p1")
    eventually(lambda: overlay.texts(".st-word") == ["Streak 6"])
    gate.emit("streak", {"player": player(1), "kills": 0}, coalesce_key="streak:p1")
    eventually(lambda: overlay.texts(".st-word") == [])


def test_a_multikill_is_announced_and_replaced_by_a_higher_one(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    for kills, word in [(2, "Double kill"), (3, "Triple kill"), (4, "Quad kill"), (5, "Ace"), (7, "7 kills")]:
        gate.emit("multikill", {"player": player(1, "zephyr"), "kills": kills, "window_ms": 4000})
        overlay.drawn()
        assert overlay.texts(".st-word") == [word]
        assert overlay.page.locator(".st-wire i:not(.off)").count() == kills, "a segment per kill"
    assert overlay.texts(".st-name") == ["zephyr"]
    backgrounds = "[...document.querySelectorAll('.st-icon')].map((icon) => getComputedStyle(icon).backgroundColor)"
    assert set(overlay.page.evaluate(backgrounds)) == {"rgba(0, 0, 0, 0)"}, "the flame, and no square behind it"


def test_hits_are_one_mark_with_a_count(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    hit = {"attacker": player(1), "victim": player(2), "hitgroup": "chest"}
    gate.send(*(gate.event("hit", hit, count=count, coalesce_key="hit:p1") for count in (1, 4, 2)))
    eventually(lambda: overlay.texts(".hm-count") == ["×7 hits"])
    assert overlay.page.get_attribute(".hm-box", "data-level") == "3"
    assert overlay.page.locator(".hm-box").count() == 1
    assert sum(line["count"] for line in overlay.journal()) == 7, "merged, and counted"
    eventually(lambda: overlay.page.locator(".hm-box.lit").count() == 0)


def test_nothing_is_animated_while_a_burst_of_hits_is_shown(gate: Gate, overlay: Overlay) -> None:
    """Chromium calculates the style of each running animation again in every frame."""
    overlay.open("journal=1&widgets=hitmarkers&motion=full")
    overlay.ask(
        "globalThis.plays = 0; const { play } = Animation.prototype;"
        "Animation.prototype.play = function () { plays += 1; return play.call(this); }; 0"
    )
    hit = {"attacker": player(1), "victim": player(2), "hitgroup": "chest"}
    for number in range(1, 9):
        gate.emit("hit", hit, coalesce_key="hit:p1")
        eventually(lambda: len(overlay.journal()) == number)  # noqa: B023
    lit_ms = overlay.page.evaluate("framewire.journal.at(-1).committed_ms - framewire.journal[0].committed_ms")
    assert overlay.page.evaluate("plays") <= 1 + lit_ms / 400, "one kick, not one for each hit"


def test_chat_shows_names_in_readable_colours(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    gate.emit("chat", {"user": "dark", "text": "hello", "color": "#0000ff"})
    gate.emit("chat", {"user": "plain", "text": "there"})
    eventually(lambda: len(overlay.texts(".chat-panel")) == 2)
    assert set(overlay.texts(".chat-panel")) == {"darkhello", "plainthere"}
    color = overlay.page.evaluate(
        """[...document.querySelectorAll('.chat-name')].find((node) => node.textContent === 'dark').style.color"""
    )
    assert color != "rgb(0, 0, 255)"


def test_the_newest_message_is_at_the_bottom_and_rows_are_never_cut(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&chat=12&motion=full")
    for number in range(30):
        gate.emit("chat", {"user": f"u{number}", "text": "many words " * 12})
    eventually(lambda: any(text.startswith("u29") for text in overlay.texts(".chat-panel")))
    overlay.settled()
    boxes = overlay.page.evaluate(
        """(() => {
          const frame = document.querySelector('.w-chat').getBoundingClientRect();
          return [...document.querySelectorAll('.chat-row:not(.off)')].map((row) => {
            const box = row.getBoundingClientRect();
            const name = row.querySelector('.chat-name').textContent, seen = box.left < frame.right - 1;
            return {name, seen, top: box.top - frame.top, bottom: frame.bottom - box.bottom};
          }).filter((row) => row.seen);
        })()"""
    )
    lowest = min(boxes, key=lambda box: box["bottom"])
    assert lowest["name"] == "u29"
    assert all(box["top"] >= -0.5 and box["bottom"] >= -0.5 for box in boxes)


def test_a_deletion_removes_shown_waiting_and_later_messages(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    base = now_ms()

    def said(user: str, message: str, at: float) -> Any:
        return gate.event(
            "chat", {"user": user, "user_id": user, "text": message, "message_id": message}, ts_ingest_ms=base + at
        )

    gate.send(said("troll", "one", 0), said("troll", "two", 1), said("kind", "three", 2), said("kind", "four", 3))
    eventually(lambda: len(overlay.texts(".chat-panel")) == 4)
    gate.emit("chat_delete", {"message_id": "four"})
    overlay.drawn()
    assert set(overlay.texts(".chat-text")) == {"one", "two", "three"}
    # In one frame with its message: critical comes first, and still wins.
    gate.send(gate.event("chat_delete", {"message_id": "five"}), said("kind", "five", 4))
    gate.send(gate.event("chat_delete", {"user_id": "troll"}, ts_ingest_ms=base + 10))
    late = said("troll", "said before the deletion", 9)
    after = said("troll", "said after the deletion", 11)
    gate.send(late, after)
    overlay.seen(after.id)
    assert set(overlay.texts(".chat-text")) == {"three", "said after the deletion"}
    gate.emit("chat_delete", {})
    overlay.drawn()
    assert overlay.texts(".chat-text") == []


def test_banners_are_shown_one_by_one_and_outcomes_have_a_tone(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    gate.emit("alert_start", {"alert": "a", "title": "Indar", "subtitle": "begins"})
    overlay.drawn()
    assert overlay.texts(".w-alerts .bn-title") == ["Indar"]
    gate.emit("alert_end", {"alert": "a", "outcome": "loss", "title": "Indar"})
    eventually(lambda: overlay.texts(".w-alerts .bn-title") == ["Defeat"])
    assert overlay.page.get_attribute(".w-alerts .bn", "data-tone") == "bad"


def test_the_score_shows_two_opposing_sides(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    score = {"scores": {"CT": 11, "T": 9}, "names": {"CT": "Nordlicht"}}
    gate.emit("score", score, coalesce_key="score")
    eventually(lambda: overlay.texts(".sc-side") == ["Nordlicht11", "T9"])
    gate.emit("score", score | {"scores": {"CT": 12, "T": 9}}, coalesce_key="score")
    eventually(lambda: overlay.texts(".sc-points") == ["12", "9"])


def test_a_score_of_one_side_is_merged_with_the_other(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    both = {"scores": {"CT": 0, "T": 0}, "names": {"CT": "Nordlicht", "T": "Harbor"}}
    gate.emit("score", both, coalesce_key="score")
    gate.emit("score", {"scores": {"T": 1}}, coalesce_key="score:T")
    eventually(lambda: overlay.texts(".sc-side") == ["Nordlicht0", "Harbor1"])
    gate.emit("score", {"scores": {"A": 2, "B": 3}}, coalesce_key="score")
    eventually(lambda: overlay.texts(".sc-side") == ["A2", "B3"])


def test_team_names_of_one_source_do_not_stay_for_another(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    demo = {"scores": {"CT": 0, "T": 1}, "names": {"CT": "Copper Foxes", "T": "Night Harbor"}}
    gate.emit("score", demo, coalesce_key="score", source="demo")
    eventually(lambda: overlay.texts(".sc-side") == ["Copper Foxes0", "Night Harbor1"])
    real = {"scores": {"CT": 2, "T": 2}, "names": {"CT": "My Team"}}
    gate.emit("score", real, coalesce_key="score", source="cs2")
    eventually(lambda: overlay.texts(".sc-side") == ["My Team2", "T2"])


def test_retained_state_is_shown_after_the_welcome(gate: Gate, overlay: Overlay) -> None:
    gate.commit(gate.event("score", {"scores": {"A": 1, "B": 2}}, coalesce_key="score"))
    gate.commit(gate.event("toggle", {"name": "chat", "on": False}, coalesce_key="toggle:chat"))
    gate.commit(gate.event("streak", {"player": player(1), "kills": 9}, coalesce_key="streak:p1"))
    overlay.open()
    eventually(lambda: overlay.texts(".sc-points") == ["1", "2"])
    assert overlay.page.locator(".w-chat.hidden").count() == 1
    assert overlay.texts(".st-word") == [], "an old streak is not announced"


def test_toggles_hide_and_show_by_name(gate: Gate, overlay: Overlay) -> None:
    overlay.open()

    def toggle(name: str, on: bool) -> None:
        gate.emit("toggle", {"name": name, "on": on}, coalesce_key=f"toggle:{name}")

    gate.emit("kill", kill(1, 2))
    overlay.drawn()
    toggle("killfeed", False)
    eventually(lambda: overlay.texts(".kf-panel") == [])
    gate.emit("kill", kill(3, 4))
    overlay.drawn()  # hidden is not lost
    toggle("killfeed", True)
    eventually(lambda: len(overlay.texts(".kf-panel")) == 2)
    toggle("all", False)
    eventually(lambda: overlay.texts(".kf-panel") == [])
    toggle("all", True)
    toggle("hud", True)
    eventually(lambda: overlay.texts("#hud .hud-fps") != [])
    toggle("hud", False)
    eventually(lambda: overlay.texts("#hud .hud-fps") == [])
    toggle("no such thing", False)
    eventually(lambda: overlay.status()["events"]["events"] >= 8)


def test_the_crosshair_is_hidden_until_an_event_shows_it(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    assert overlay.page.locator(".ch.off").count() == 1
    gate.emit("crosshair", {"on": True, "style": "dot", "color": "#ff00ff"}, coalesce_key="crosshair")
    eventually(lambda: overlay.page.locator(".ch.off").count() == 0)
    assert overlay.page.evaluate("document.querySelector('.ch').style.getPropertyValue('--mark')") == "#ff00ff"
    assert overlay.page.evaluate("getComputedStyle(document.querySelector('.ch')).fill") == "rgb(255, 0, 255)"


def test_custom_events_are_applied_without_a_widget(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    event = gate.emit("custom", {"name": "confetti", "data": {"__proto__": 1, "n": 3}})
    overlay.seen(event.id)
    assert overlay.status()["events"]["unknown"] == 1


def test_only_the_widgets_of_the_address_are_shown(gate: Gate, overlay: Overlay) -> None:
    overlay.open("widgets=chat,alerts&journal=1&nonsense=1")
    assert overlay.page.evaluate("[...document.querySelectorAll('.w')].map((w) => w.classList[1])") == [
        "w-chat",
        "w-alerts",
    ]
    gate.emit("kill", kill(1, 2))
    overlay.drawn()
    overlay.reported()
    assert overlay.problems() == ["?nonsense is not a parameter of the overlay"]


XSS = [
    "<script>hacked()</script>",
    "<img src=x onerror=hacked()>",
    "\"'><svg onload=hacked()>",
    "javascript:hacked()",
    "</span><iframe srcdoc='<script>parent.hacked()</script>'>",
    "${hacked()}{{hacked()}}",
    "<style>*{display:none}</style>",
    "\u202egnirts\u0000\ufeff",
]


@pytest.mark.parametrize("format_", ["msgpack", "json"])
def test_text_from_strangers_is_never_html(gate: Gate, overlay: Overlay, format_: str) -> None:
    overlay.page.add_init_script("globalThis.hacks = 0; globalThis.hacked = () => { hacks += 1; };")
    overlay.open(f"journal=1&hud=1&chat=20&kills=12&format={format_}&overlay_id=<b>")
    elements = overlay.page.evaluate("document.querySelectorAll('*').length")
    for text in XSS:
        name = text[:64]
        person = {"id": name, "name": name, "team": name}
        gate.emit("kill", {"attacker": person, "victim": person, "weapon": name})
        gate.emit("chat", {"user": name, "text": text, "color": "", "message_id": name})
        gate.emit("multikill", {"player": person, "kills": 3, "window_ms": 1})
        gate.emit("streak", {"player": person, "kills": 30}, coalesce_key=f"streak:{name}")
        gate.emit("alert_start", {"alert": name, "title": text, "subtitle": text})
        gate.emit("subscription", {"user": name, "text": text, "tier": name, "gifted_by": name})
        gate.emit("objective", {"action": name, "player": person, "target": name})
        gate.emit("score", {"scores": {name: 1, "__proto__": 2}, "names": {name: name}}, coalesce_key="score")
        gate.emit("crosshair", {"on": True, "style": "constructor", "color": "#ff0000"}, coalesce_key="crosshair")
    overlay.drawn()
    overlay.settled()
    assert overlay.page.evaluate("hacks") == 0
    assert XSS[0] in overlay.texts(".chat-text")
    assert overlay.page.evaluate("document.querySelectorAll('*').length") == elements
    assert overlay.status()["events"]["faults"] == 0


def test_a_row_that_was_pushed_out_in_its_own_frame_is_reported_as_never_visible(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&motion=full&kills=3")
    gate.send(*(gate.event("kill", kill(number, number + 1)) for number in range(1, 11)))
    overlay.drawn()
    overlay.reported()
    assert overlay.texts(".kf-panel") == [f"player{number}AK-47player{number + 1}" for number in (8, 9, 10)]
    assert [receipt["unseen"] for receipt in gate.said("receipt") if "unseen" in receipt] == [[[1, 7]]]
    assert {receipt["visible"] for receipt in gate.said("receipt")} == {True}


def test_the_radar_moves_players_by_packed_positions(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    assert overlay.page.locator(".ra.gone").count() == 1, "hidden until there is a map"
    gate.emit("radar", {"map": "w", "title": "<b>Skyfall", "left": -100, "right": 100}, coalesce_key="radar:w")
    for number, team in ((1, "blue"), (2, "red")):
        payload = {"map": "w", "number": number, "player": player(number, team=team)}
        gate.emit("radar_player", payload, coalesce_key=f"radar_player:w:{number}")
    eventually(lambda: overlay.texts(".ra-head") == ["<b>Skyfall2"])
    drawn = "document.querySelector('.ra-map').toDataURL()"
    before = overlay.page.evaluate(drawn)
    gate.send_positions(pack("other", 0.0, [(1, 50.0, 0.0, 0.0, 0.0)]))
    gate.send_positions(pack("w", 0.0, [(1, 50.0, 0.0, 60.0, 90.0), (9, 0.0, 0.0, 0.0, 0.0)]))
    eventually(lambda: overlay.page.evaluate(drawn) != before)
    gate.emit("radar", {"map": "w", "on": False}, coalesce_key="radar:w")
    eventually(lambda: overlay.page.locator(".ra.gone").count() == 1)
