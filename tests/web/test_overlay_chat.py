"""Chat on the page: emotes and badges from the cache, mentions, replies, deletions, hostile names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import eventually
from tests.web.conftest import Overlay, run_until
from tests.web.gate import Gate
from tests.web.test_overlay_social import png

KAPPA = "static-cdn.jtvnw.net/emoticons/v2/25/default/dark/2.0"
BADGE_ID = "3267646d-33f0-4b17-b3df-f923a41db1d0"
BADGE = f"static-cdn.jtvnw.net/badges/v1/{BADGE_ID}/2"


def emote(text: str, image: str) -> dict[str, str]:
    return {"kind": "emote", "text": text, "image": image}


def words(text: str) -> dict[str, str]:
    return {"kind": "text", "text": text}


def pictures(overlay: Overlay, selector: str) -> list[list[Any]]:
    """The pictures that a viewer sees: path and width in pixels of the file."""
    found: list[list[Any]] = overlay.page.evaluate(
        """(selector) => [...document.querySelectorAll(selector)]
          .filter((img) => !img.closest('.off')).map((img) => [img.getAttribute('src'), img.naturalWidth])""",
        selector,
    )
    return found


@pytest.mark.console("404 (Not Found)")
def test_emotes_and_badges_are_from_the_gateway_and_text_replaces_missing_ones(gate: Gate, overlay: Overlay) -> None:
    gate.pictures |= {KAPPA: png(56), BADGE: png(36)}
    hosts: set[str] = set()
    overlay.page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    overlay.open()
    gate.emit(
        "chat",
        {
            "user": "Ada",
            "text": "gg Kappa Gone !",
            "badges": ["odd/1", "moderator/1"],
            "badge_images": [f"twitch-badge/{BADGE_ID}"],
            "fragments": [words("gg "), emote("Kappa", "twitch/25"), emote("Gone", "ffz/9"), words(" !")],
        },
    )
    eventually(lambda: pictures(overlay, ".chat-emote") == [["/media/emote/twitch/25", 56]])
    eventually(lambda: pictures(overlay, ".chat-badge") == [[f"/media/emote/twitch-badge/{BADGE_ID}", 36]])
    assert overlay.texts(".chat-part") == ["gg ", "Gone", " !"]
    assert overlay.page.locator(".chat-role:not(.off)").get_attribute("data-role") == "moderator"
    size = overlay.page.evaluate(
        """(() => { const img = [...document.querySelectorAll('.chat-emote:not(.off)')][0];
          return img.getBoundingClientRect().height / parseFloat(getComputedStyle(img.parentNode).fontSize); })()"""
    )
    assert abs(size - 1.25) < 0.01
    assert hosts == {f"127.0.0.1:{gate.port}"}
    gate.send(*(gate.event("chat", {"user": "u", "text": "x", "fragments": [emote("K", "twitch/25")]}) for _ in "abc"))
    eventually(lambda: len(pictures(overlay, ".chat-emote")) == 4)
    assert gate.fetched.count(KAPPA) == 1


def test_mentions_replies_highlights_actions_and_first_messages_are_styled(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&player=ada")
    gate.emit("chat", {"user": "Bo", "text": "hi @Ada and @Cy", "reply_to": {"user": "Ada", "text": "hello"}})
    eventually(lambda: overlay.texts(".chat-above") == ["↪ Ada: hello"])
    assert overlay.texts('.chat-part[data-kind="own"]') == ["@Ada"]
    assert overlay.texts('.chat-part[data-kind="mention"]') == ["@Cy"]
    gate.emit("chat", {"user": "Cy", "text": "waves", "action": True, "highlight": True})
    eventually(lambda: overlay.texts(".chat-panel.action.highlight .chat-text") == ["waves"])
    gate.emit("chat", {"user": "Di", "text": "hello", "first": True})
    eventually(lambda: "First message" in overlay.texts(".chat-above"))


def test_a_deleted_message_is_removed_with_its_pictures(gate: Gate, overlay: Overlay) -> None:
    gate.pictures[KAPPA] = png(56)
    overlay.open()
    said = {
        "user": "troll",
        "user_id": "t",
        "text": "rude Kappa",
        "fragments": [words("rude "), emote("K", "twitch/25")],
    }
    gate.emit("chat", said | {"message_id": "m1", "reply_to": {"user": "Ada", "text": "what"}, "badges": ["vip/1"]})
    eventually(lambda: len(pictures(overlay, ".chat-emote")) == 1)
    # In one frame with the deletion: a waiting message is removed before it is shown.
    gate.send(gate.event("chat", said | {"message_id": "m2"}), gate.event("chat_delete", {"user_id": "t"}))
    overlay.drawn()
    overlay.settled()
    left = overlay.page.evaluate(
        """[...document.querySelectorAll('.w-chat *')].filter((node) => node.hasAttribute('src')
          || (node.childElementCount === 0 && node.textContent !== '')).map((node) => node.outerHTML)"""
    )
    assert left == []
    assert overlay.texts(".chat-text") == []


@pytest.mark.parametrize("deletion", [{"message_id": "m1"}, {"user_id": "t"}])
def test_a_deleted_message_is_removed_from_a_reply_to_it(gate: Gate, overlay: Overlay, deletion: dict) -> None:
    overlay.open()
    quoted = {"user": "troll", "user_id": "t", "text": "rude", "message_id": "m1"}
    gate.emit("chat", {"user": "Bo", "user_id": "b", "text": "no", "message_id": "m2", "reply_to": quoted})
    eventually(lambda: overlay.texts(".chat-above") == ["↪ troll: rude"])
    # In one frame with the deletion: the waiting reply, too.
    gate.send(
        gate.event("chat", {"user": "Cy", "user_id": "c", "text": "stop", "message_id": "m3", "reply_to": quoted}),
        gate.event("chat_delete", deletion),
    )
    eventually(lambda: sorted(overlay.texts(".chat-text")) == ["no", "stop"])
    assert overlay.texts(".chat-above") == []


def test_a_message_fades_after_its_time_and_can_be_deleted_before(gate: Gate, timed: Overlay) -> None:
    gate.emit("chat", {"user": "Ada", "text": "hello", "message_id": "m"})
    run_until(timed, lambda: timed.texts(".chat-text") == ["hello"])
    timed.page.clock.run_for(59_000)
    assert timed.page.locator(".chat-row.fading").count() == 0
    timed.page.clock.run_for(1_500)
    assert timed.page.locator(".chat-row.fading").count() == 1
    timed.page.clock.run_for(2_500)
    assert timed.texts(".chat-text") == []


@pytest.mark.parametrize("timed", ["ttl=5&chat=2", "ttl=0&chat=2"], indirect=True)
def test_the_address_says_how_long_a_message_is_shown(gate: Gate, timed: Overlay) -> None:
    lasting = "ttl=0" in timed.page.url
    for words in ("one", "two", "three"):
        gate.emit("chat", {"user": "Ada", "text": words})
    run_until(timed, lambda: sorted(timed.texts(".chat-text")) == ["three", "two"])
    timed.page.clock.run_for(4_000)
    assert sorted(timed.texts(".chat-text")) == ["three", "two"]
    timed.page.clock.run_for(70_000 if lasting else 3_500)
    assert sorted(timed.texts(".chat-text")) == (["three", "two"] if lasting else [])


HOSTILE = [
    "<img src=x onerror=hacked()>",
    "\u202egnirts\u0000\ufeff",
    "a" + "\u0301" * 60,
    "\u200b" * 60,
    "مرحبا بالعالم",
    "W" * 64,
    "👨‍👩‍👧‍👦" * 5,
]


@pytest.mark.console("404 (Not Found)")
def test_hostile_names_texts_and_emotes_stay_text_inside_their_row(gate: Gate, overlay: Overlay) -> None:
    overlay.page.add_init_script("globalThis.hacks = 0; globalThis.hacked = () => { hacks += 1; };")
    overlay.open("journal=1&chat=20")
    elements = overlay.page.evaluate("document.querySelectorAll('*').length")
    for name in HOSTILE:
        parts = [words(name), emote(name, "twitch/25"), emote(name, ""), {"kind": "mention", "text": name}]
        reply = {"user": name, "text": name * 7}
        gate.emit("chat", {"user": name, "text": name, "fragments": parts, "reply_to": reply, "badges": [name]})
    event = gate.emit("chat", {"user": "last", "text": "W" * 500})
    overlay.seen(event.id)
    assert overlay.page.evaluate("hacks") == 0
    assert overlay.page.evaluate("document.querySelectorAll('*').length") == elements
    assert overlay.status()["events"]["faults"] == 0
    rows = overlay.page.evaluate(
        """[...document.querySelectorAll('.chat-row:not(.off)')].map((row) => {
          const panel = row.querySelector('.chat-panel').getBoundingClientRect();
          const lines = row.querySelector('.chat-lines').getBoundingClientRect();
          return [panel.width, lines.height, parseFloat(getComputedStyle(row.querySelector('.chat-lines')).lineHeight)];
        })"""
    )
    assert len(rows) == len(HOSTILE) + 1
    for width, height, line in rows:
        assert width <= 461
        assert height <= 3 * line + 1


def test_a_long_name_is_on_one_line_with_its_badges(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1")
    badges = ["moderator/1", "subscriber/6", "vip/1"]
    gate.emit("chat", {"user": "W" * 25, "text": "hello", "badges": badges})
    overlay.drawn()
    icon, name = overlay.page.evaluate(
        """['.chat-role:not(.off)', '.chat-name'].map((name) => document.querySelector(name).getBoundingClientRect())
          .map(({ top, bottom }) => [top, bottom])"""
    )
    assert name[0] <= icon[0] < icon[1] <= name[1]
    assert name[1] - name[0] < 40
