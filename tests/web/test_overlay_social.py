"""Social alerts on the page: each kind, times of the queue, commands, the user's files, hostile texts."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import pytest

from tests.support import eventually
from tests.web.conftest import Overlay, run_until
from tests.web.gate import Gate

KINDS: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("follow", {"user": "Ada"}, "New follower", "Ada", ""),
    ("subscription", {"user": "Ada", "months": 7, "text": "seven"}, "Subscribed", "Ada", "7"),
    ("gift", {"user": "Bo", "count": 5}, "Gifted", "Bo", "5"),
    ("raid", {"user": "Cy", "viewers": 1234}, "Raid", "Cy", "1,234"),
    ("cheer", {"user": "Di", "bits": 300}, "Cheer", "Di", "300"),
    ("tip", {"user": "Ed", "amount": "12.50", "currency": "EUR"}, "Tip", "Ed", "€12.50"),
    ("redemption", {"user": "Flo", "title": "Hydrate", "cost": 500}, "Redeemed", "Flo", "500"),
    ("shoutout", {"user": "Gus"}, "Shoutout", "Gus", ""),
    ("stream", {"online": True, "title": "Finals"}, "Live now", "Finals", ""),
]


def png(side: int = 8) -> bytes:
    """Return a small square picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + b"\xff\x40\x80" * side for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def wav() -> bytes:
    """Return 50 ms of silence."""
    data = b"\x80" * 400
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8_000, 8_000, 1, 8)
    body = b"WAVE" + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def named(overlay: Overlay) -> list[str]:
    return overlay.texts(".sa-name")


def show(gate: Gate, action: str) -> None:
    gate.emit("show", {"action": action, "widget": "social"})


@pytest.mark.parametrize(("type_", "payload", "label", "name", "value"), KINDS, ids=[kind[0] for kind in KINDS])
def test_each_kind_shows_label_user_and_amount(
    gate: Gate, overlay: Overlay, type_: str, payload: dict[str, Any], label: str, name: str, value: str
) -> None:
    overlay.open()
    gate.emit(type_, payload)
    overlay.drawn()
    assert overlay.texts(".sa-label") == [label]
    assert named(overlay) == [name]
    assert overlay.texts(".sa-value") == ([value] if value else [])


def test_kinds_differ_in_color_shape_and_icon(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    looks = []
    for type_, payload, *_ in KINDS:
        gate.emit(type_, payload)
        eventually(lambda type_=type_: overlay.page.get_attribute(".sa", "data-kind") == type_)
        looks.append(
            overlay.page.evaluate(
                """() => { const icon = document.querySelector('.sa-icon'), style = getComputedStyle(icon);
                  return [style.backgroundColor, style.clipPath, icon.firstChild.getAttribute('d')]; }"""
            )
        )
        show(gate, "clear")
        eventually(lambda: named(overlay) == [])
    for values in zip(*looks, strict=True):
        assert len(set(values)) == len(KINDS)


def test_every_alert_has_its_full_duration_while_others_wait(gate: Gate, timed: Overlay) -> None:
    gate.emit("follow", {"user": "first"})
    run_until(timed, lambda: named(timed) == ["first"])
    gate.emit("cheer", {"user": "second", "bits": 1})
    run_until(timed, lambda: timed.texts(".sa-more") == ["1 more"])
    timed.page.clock.run_for(3_000)
    assert named(timed) == ["first"]
    run_until(timed, lambda: named(timed) == ["second"])
    assert timed.texts(".sa-more") == []
    timed.page.clock.run_for(5_800)
    assert named(timed) == ["second"]
    run_until(timed, lambda: named(timed) == [])


def test_many_follows_are_one_alert_and_a_gift_is_one_alert(gate: Gate, timed: Overlay) -> None:
    gate.send(*(gate.event("follow", {"user": f"u{n}"}) for n in range(14)))
    run_until(timed, lambda: timed.status()["drawn"] == 14)
    gift = {"user": "Bo", "count": 3, "group": "g"}
    part = {"gifted_by": "Bo", "group": "g"}
    gate.send(*(gate.event("subscription", part | {"user": user}) for user in "xyz"), gate.event("gift", gift))
    run_until(timed, lambda: timed.status()["drawn"] == 18)
    seen: dict[str, list[str]] = {}

    def all_seen() -> bool:
        for name in named(timed):
            seen.setdefault(name, timed.texts(".sa-detail"))
        timed.page.clock.run_for(1_000)
        return "12 new followers" in seen

    eventually(all_seen, 20)
    assert list(seen) == ["u0", "Bo", "u1", "12 new followers"]
    assert seen["Bo"] == ["to x, y, and z"]


def test_the_operator_skips_pauses_clears_and_replays(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    gate.send(*(gate.event("raid", {"user": name, "viewers": 5}) for name in ("one", "two", "three")))
    eventually(lambda: named(overlay) == ["one"])
    show(gate, "skip")
    eventually(lambda: named(overlay) == ["two"])
    show(gate, "pause")
    show(gate, "skip")
    eventually(lambda: named(overlay) == [])
    show(gate, "replay")
    show(gate, "resume")
    eventually(lambda: named(overlay) == ["two"])
    gate.emit("show", {"action": "skip", "widget": "another"})
    show(gate, "clear")
    eventually(lambda: named(overlay) == [])
    gate.emit("follow", {"user": "after"})
    eventually(lambda: named(overlay) == ["after"])


RULES = """
[[alert]]
type = "cheer"
from = 100
text = "{user} brought {value} {amount|bit|bits}!"
image = "party time.png"
sound = "party.wav"
volume = 0.5

[[alert]]
type = "follow"
image = "gone.png"

[[alert]]
type = "chear"
"""


def played(overlay: Overlay) -> Any:
    return overlay.page.evaluate(
        "(() => { const sound = document.querySelector('.w-social video:not(.sa-media)');"
        "return [sound.getAttribute('src')?.replace(/[?]v=[0-9a-f]{12}$/, '') ?? null, sound.volume]; })()"
    )


@pytest.mark.console("404 (Not Found)")
def test_an_alert_has_the_users_own_text_picture_and_sound(gate: Gate, overlay: Overlay) -> None:
    folder = gate.run_dir / "overlays"
    (folder / "media").mkdir(parents=True)
    (folder / "alerts.toml").write_text(RULES)
    (folder / "media" / "party time.png").write_bytes(png())
    (folder / "media" / "party.wav").write_bytes(wav())
    overlay.open()
    problems = overlay.problems()
    assert [problem.split(":")[0] for problem in problems] == ["alerts.toml", "overlays/media/gone.png"]
    gate.emit("cheer", {"user": "Di", "bits": 99})
    eventually(lambda: named(overlay) == ["Di"])
    assert overlay.page.locator(".sa.pictured").count() == 0
    show(gate, "skip")
    gate.emit("cheer", {"user": "Ed", "bits": 100})
    eventually(lambda: overlay.texts(".sa-name") == ["Ed brought 100 bits!"])
    picture = "document.querySelector('img.sa-media:not(.off)')?.naturalWidth"
    eventually(lambda: overlay.page.evaluate(picture) == 8)
    # A JPEG of 96 KB can take 3 s to decode.
    assert overlay.page.evaluate("document.querySelector('img.sa-media').decoding") == "async"
    assert played(overlay) == ["/media/alerts/party.wav", 0.5]
    show(gate, "skip")
    gate.emit("follow", {"user": "Flo"})
    eventually(lambda: named(overlay) == ["Flo"])
    eventually(lambda: overlay.page.locator(".sa.pictured").count() == 0)


# AV1 in WebM: one black frame of 4,352 × 4,352 pixels.
LARGE = (
    "c-oV4y}x+AQ(GgW({~{L)X3uWxsk)EsiizMDc7mJk;$pGkx3%BA)S!{1Xv;keP@^K^4;AXyt+lyb7flan#P3?o><7bY#{H3@9rKT"
    "PblPYdhnViW+4byCU`ecvWdm{4a6LVNCsK~kgGOnUEkQu@8say(Cd>}mS$?HXJoEtXkZZTh{|{A>~QFJ0BZv|-^pYh#Cc5G*Bcp&"
    "k9OEU^sx|=`ky<ekwIzeoaWNJl#WJ*w$`wC$1ua@Mn>hw%`MimPBA>_-q0k-unUN1H8LeHn$#%3!@$J@G^g1}{=@&GeGURpZ!=zI"
    "7zM)(fRegHV{!3<<O2=qCuX@WZg=%__IGg&a%o3RZN<g6lMi$!Ba&76iKWP@X8=_v163P?RV(CVCMD+Q>L!*Mrk_~ky12t7G{`Z;"
    ")8EgfeTspB6$lyX8NdJogS_*$Qimna8yOZm%xh#|Xh2PXMxBfT3_xK9E(RtBIi7~KKW{%c?D4&`QC;id!;cMIEDv0&Zid9GDVg08"
    "a-&q9fHbHun7F%tb0fp{E?}Yav59%+hel=ql)>ga"
)


@pytest.mark.parametrize("said", [4_352, 64], ids=["file says so", "frames are larger than the file says"])
def test_a_video_of_too_many_pixels_is_not_shown(gate: Gate, overlay: Overlay, said: int) -> None:
    video = zlib.decompress(base64.b85decode(LARGE))
    for side in (b"\xb0\x82", b"\xba\x82"):  # PixelWidth, PixelHeight
        video = video.replace(side + struct.pack(">H", 4_352), side + struct.pack(">H", said))
    folder = gate.run_dir / "overlays"
    (folder / "media").mkdir(parents=True)
    (folder / "alerts.toml").write_text('[[alert]]\ntype = "follow"\nvideo = "large.webm"\n')
    (folder / "media" / "large.webm").write_bytes(video)
    overlay.open()
    with overlay.page.expect_response("**/large.webm*"):
        gate.emit("follow", {"user": "Flo"})
    eventually(lambda: overlay.page.locator("video.sa-media.off:not([src])").count() == 1)
    assert overlay.page.evaluate("document.querySelector('video.sa-media').networkState") == 0  # nothing is kept
    assert named(overlay) == ["Flo"]
    assert overlay.page.locator(".sa.pictured").count() == 0


def test_a_sound_with_frames_of_too_many_pixels_is_not_played(gate: Gate, overlay: Overlay) -> None:
    folder = gate.run_dir / "overlays"
    (folder / "media").mkdir(parents=True)
    (folder / "alerts.toml").write_text('[[alert]]\ntype = "follow"\nsound = "large.ogg"\n')
    (folder / "media" / "large.ogg").write_bytes(zlib.decompress(base64.b85decode(LARGE)))
    overlay.open()
    with overlay.page.expect_response("**/large.ogg*"):
        gate.emit("follow", {"user": "Flo"})
    state = "(({src, networkState}) => [src, networkState])(document.querySelector('.w-social video:not(.sa-media)'))"
    eventually(lambda: overlay.page.evaluate(state) == ["", 0])  # nothing is kept
    assert named(overlay) == ["Flo"]


def test_a_changed_rule_applies_without_a_reload(gate: Gate, overlay: Overlay) -> None:
    folder = gate.run_dir / "overlays"
    (folder / "media").mkdir(parents=True)
    rule = '[[alert]]\ntype = "cheer"\nimage = "one.png"\ntext = "{user} %s"\n'
    (folder / "alerts.toml").write_text(rule % "before")
    (folder / "media" / "one.png").write_bytes(png(8))
    overlay.open()
    picture = "document.querySelector('img.sa-media:not(.off)')?.naturalWidth"
    gate.emit("cheer", {"user": "Di", "bits": 1})
    eventually(lambda: overlay.texts(".sa-name") == ["Di before"] and overlay.page.evaluate(picture) == 8)
    (folder / "alerts.toml").write_text(rule % "afterwards")
    (folder / "media" / "one.png").write_bytes(png(4))
    with overlay.page.expect_response("**/media/alerts.json"):
        gate.say({"t": "alerts"})
    overlay.settled()
    show(gate, "skip")
    gate.emit("cheer", {"user": "Ed", "bits": 1})
    eventually(lambda: overlay.texts(".sa-name") == ["Ed afterwards"] and overlay.page.evaluate(picture) == 4)
    assert gate.connections == 1


def test_pause_survives_a_reload_and_ends_with_a_toggle(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&overlay_id=main")
    show(gate, "pause")
    eventually(lambda: '"paused":true' in (overlay.page.evaluate("localStorage['framewire.keep.main.queue']") or ""))
    overlay.open("journal=1&overlay_id=main")
    gate.emit("raid", {"user": "one", "viewers": 5})
    overlay.drawn()
    overlay.settled()
    assert named(overlay) == []
    gate.emit("toggle", {"name": "paused", "on": False}, coalesce_key="toggle:paused")
    eventually(lambda: named(overlay) == ["one"])


def test_a_muted_page_plays_no_sound(gate: Gate, overlay: Overlay) -> None:
    folder = gate.run_dir / "overlays"
    (folder / "media").mkdir(parents=True)
    (folder / "alerts.toml").write_text('[[alert]]\ntype = "raid"\nsound = "party.wav"\n')
    (folder / "media" / "party.wav").write_bytes(wav())
    overlay.open("journal=1&mute=1")
    gate.emit("raid", {"user": "one"})
    eventually(lambda: named(overlay) == ["one"])
    assert played(overlay) == [None, 1]
    overlay.open("journal=1&overlay_id=other")
    show(gate, "mute")
    gate.emit("raid", {"user": "two"})
    eventually(lambda: named(overlay) == ["two"])
    assert played(overlay) == [None, 1]


@pytest.mark.parametrize(("volume", "heard"), [("50", ["/media/alerts/party.wav", 0.25]), ("0", [None, 1])])
def test_the_volume_of_the_address_applies_to_all_sounds(
    gate: Gate, overlay: Overlay, volume: str, heard: list[Any]
) -> None:
    folder = gate.run_dir / "overlays"
    (folder / "media").mkdir(parents=True)
    (folder / "alerts.toml").write_text('[[alert]]\ntype = "raid"\nsound = "party.wav"\nvolume = 0.5\n')
    (folder / "media" / "party.wav").write_bytes(wav())
    overlay.open(f"journal=1&volume={volume}")
    gate.emit("raid", {"user": "one"})
    eventually(lambda: named(overlay) == ["one"])
    assert played(overlay) == heard


def test_hostile_names_and_texts_are_text(gate: Gate, overlay: Overlay) -> None:
    overlay.page.add_init_script("globalThis.hacks = 0; globalThis.hacked = () => { hacks += 1; };")
    overlay.open()
    elements = overlay.page.evaluate("document.querySelectorAll('*').length")
    for name in (
        "<img src=x onerror=hacked()>",
        "{user}{count|a|b}",
        "\u202egnirts\u0000\ufeff",
        "مرحبا",
        "a" + "\u0301" * 60,
        "\u200b",
    ):
        gate.emit("tip", {"user": name, "amount": "1", "currency": "EUR", "text": name * 7})
        eventually(lambda: named(overlay) != [])
        box = overlay.page.evaluate("document.querySelector('.sa-panel').getBoundingClientRect().toJSON()")
        assert box["right"] <= 1920
        assert box["width"] <= 600
        show(gate, "clear")
        eventually(lambda: named(overlay) == [])
    assert overlay.page.evaluate("hacks") == 0
    assert overlay.page.evaluate("document.querySelectorAll('*').length") == elements


@pytest.mark.parametrize("lang", ["de", "es", "pt"])
def test_alerts_are_in_the_language_of_the_address(gate: Gate, overlay: Overlay, lang: str) -> None:
    overlay.open(f"journal=1&lang={lang}")
    gate.emit("raid", {"user": "Ada", "viewers": 2})
    words = {"de": "Zuschauer", "es": "espectadores", "pt": "espectadores"}
    eventually(lambda: overlay.texts(".sa-unit") == [words[lang]])


# How many characters of the message are visible, and the room that is left in the box, in px.
VISIBLE = """() => {
  const message = document.querySelector('.sa-message'), range = document.createRange();
  const { bottom } = message.getBoundingClientRect(), { data } = message.firstChild;
  const isSeen = (at) => {
    range.setStart(message.firstChild, at);
    range.setEnd(message.firstChild, at + 1);
    return range.getBoundingClientRect().bottom < bottom + 2;
  };
  const heights = ['.w-social', '.sa'].map((name) => document.querySelector(name).getBoundingClientRect().height);
  return [[...data.slice(1, -1)].filter((_, at) => isSeen(at + 1)).length, heights[0] - heights[1]];
}"""
WORDS = "thank you for all the calm evenings, the terrible puns and the wonderful music. "


@pytest.mark.parametrize(("theme", "least"), [("broadcast", 255), ("minimal", 255), ("high-contrast", 150)])
@pytest.mark.parametrize(("type_", "payload"), [("tip", {"amount": "12.50", "currency": "EUR"}),
                                                ("redemption", {"title": "Hydrate", "cost": 500})])  # fmt: skip
def test_a_long_message_is_shown(
    gate: Gate, overlay: Overlay, theme: str, least: int, type_: str, payload: dict[str, Any]
) -> None:
    overlay.open(f"journal=1&theme={theme}")
    gate.emit(type_, payload | {"user": "ottoline", "text": (WORDS * 4)[:255]})
    eventually(lambda: overlay.page.locator(".sa-panel.tight").count() == 1)
    overlay.settled()
    shown, room = overlay.page.evaluate(VISIBLE)
    assert shown >= least
    assert room >= 0
    show(gate, "skip")
    eventually(lambda: named(overlay) == [])
    gate.emit(type_, payload | {"user": "Ada", "text": "hello"})
    eventually(lambda: named(overlay) == ["Ada"])
    eventually(lambda: overlay.page.locator(".sa-panel.tight").count() == 0)
