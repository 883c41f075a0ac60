"""Make pictures of the overlay for a review: every theme on every background, in every size, in every state.

    python -m tools.contact_sheet FOLDER [--theme NAME]… [--size NAME]… [--state NAME]… [--background NAME]…

    FOLDER/THEME-SIZE-STATE.png   one picture per state, its backgrounds side by side
    FOLDER/index.html             all of them

The page is the product's own, in Chromium, with the gateway of tests/web, which sends the events of each state.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import click
from playwright.sync_api import Browser, Page, sync_playwright

from actors import program
from bench._browser import chromium, wait_live
from tests.web.gate import Gate, now_ms
from tools.contact_art import EMOTES, LOGOS, png

THEMES: Final = program.ROOT / "web_overlay" / "themes"
SIZES: Final = {
    "720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160), "21x9": (2560, 1080), "portrait": (1080, 1920),
}  # fmt: skip
# The street of a shooter, for the picture in docs/.
GAME: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1920 1080" preserveAspectRatio="none">'
    '<defs><linearGradient id="s" x2="0" y2="1"><stop stop-color="#5f88a6"/><stop offset="1" stop-color="#e9dcc0"/>'
    '</linearGradient><linearGradient id="f" x2="0" y2="1"><stop stop-color="#b39a6c"/><stop offset="1" '
    'stop-color="#54452c"/></linearGradient></defs><path fill="url(#s)" d="M0 0h1920v640H0z"/>'
    '<path fill="#8f8a6d" d="M560 480l240-50 480 90v120H560z"/><path fill="url(#f)" d="M0 620h1920v460H0z"/>'
    '<path fill="#8b7247" d="M0 250l430 90v300L0 860z"/><path fill="#a08654" d="M400 400h330v250H400z"/>'
    '<path fill="#2c2419" d="M520 500h110v150H520z"/><path fill="#977d4e" d="M1080 430h310v230h-310z"/>'
    '<path fill="#8b7247" d="M1920 200l-530 130v400l530 170z"/><path fill="#6d4a25" d="M850 600h230v120H850z"/>'
    '<path fill="#7f5a30" d="M870 520h110v85H870z"/><path fill="#1d1d20" d="M1130 800l200 10 250 270H1180z"/></svg>'
)
# Backgrounds of the page: the worst cases of a stream.
BACKGROUNDS: Final = {
    "white": "background: #fff",
    "night": "background: radial-gradient(circle at 30% 20%, #1b2a3a, #05080c 60%, #000)",
    "bright": "background: linear-gradient(#8fc3e8 0 38%, #e9dfc3 38% 46%, #c9a86a 46% 70%, #e8d8a8 70%)",
    "busy": "background: repeating-conic-gradient(from 20deg at 40% 60%, #d84 0 9deg, #3a6 0 18deg, #eee 0 27deg, "
    "#247 0 36deg, #111 0 45deg)",
    "game": f"background: url('data:image/svg+xml,{quote(GAME)}') center / 100% 100%",
}
SETTLE_S: Final = 0.45  # everything has arrived, nothing has left yet
# Entrances have ended; animations of time are stopped for the picture.
SETTLED: Final = """async () => {
  const short = document.getAnimations().filter((animation) => animation.effect.getTiming().duration < 500);
  await Promise.all(short.map((animation) => animation.finished));
  for (const animation of document.getAnimations()) animation.pause();
}"""


def person(name: str, team: str = "CT") -> dict[str, Any]:
    return {"id": name[:60], "name": name, "team": team}


def kill(gate: Gate, attacker: str, victim: str, weapon: str, team: str = "CT", **fields: Any) -> Any:
    other = "TERRORIST" if team == "CT" else "CT"
    return gate.event(
        "kill", {"attacker": person(attacker, team), "victim": person(victim, other), "weapon": weapon} | fields
    )


def score(gate: Gate, names: tuple[str, str], phase: str = "live", left_s: float = 75.0, of_s: float = 115.0) -> None:
    """Send a full score: logos, sides, series, and a timer."""
    teams = ("CT", "TERRORIST")
    media = gate.run_dir / "overlays" / "media"
    media.mkdir(parents=True, exist_ok=True)
    for name, drawing in LOGOS.items():
        (media / name).write_bytes(png(drawing))
    timer = {"phase": phase, "ts_ends_ms": now_ms() + left_s * 1_000, "total_ms": int(of_s * 1_000)}
    facts = {"sides": {"CT": "ct", "TERRORIST": "t"}, "logos": dict(zip(teams, LOGOS, strict=True)), "timer": timer}
    series = {"map_name": "Nuke", "maps_won": {"CT": 1, "TERRORIST": 0}, "best_of": 3}
    points = {"scores": {"CT": 9, "TERRORIST": 11}, "names": dict(zip(teams, names, strict=True))}
    gate.emit("score", points | facts | series, coalesce_key="score")


def match(gate: Gate, names: tuple[str, str]) -> None:
    """The points, and the crosshair."""
    scores = {"scores": {"CT": 9, "TERRORIST": 11}, "names": {"CT": names[0], "TERRORIST": names[1]}}
    gate.emit("score", scores, coalesce_key="score")
    gate.emit("crosshair", {"on": True, "style": "dot"}, coalesce_key="crosshair")


def quiet(gate: Gate) -> None:
    """Few kills, some chat."""
    match(gate, ("Copper Foxes", "Night Harbor"))
    gate.send(
        kill(gate, "lamplight", "no scope nan", "awp"),
        kill(gate, "Rusty", "ottoline", "ak47", "TERRORIST", headshot=True),
    )
    gate.send(
        *(
            gate.event("chat", {"user": user, "text": text})
            for user, text in [("quiet_ox", "careful mid"), ("neon_fern", "clip it")]
        )
    )
    hit = {"attacker": person("lamplight"), "victim": person("Rusty", "TERRORIST"), "hitgroup": "chest"}
    gate.emit("hit", hit, coalesce_key="hit:1", count=2)


def burst(gate: Gate) -> None:
    """Many events at once, also of the streamer."""
    match(gate, ("Copper Foxes", "Night Harbor"))
    score(gate, ("Copper Foxes", "Night Harbor"), "bomb", 31.0, 40.0)
    hero = person("lamplight")
    gate.emit("streak", {"player": hero, "kills": 7}, coalesce_key="streak:lamplight")
    gate.send(
        kill(gate, "lamplight", "no scope nan", "m4a1_silencer", headshot=True, streak=7),
        kill(gate, "Rusty", "ottoline", "hegrenade", "TERRORIST"),
        gate.event("death", {"victim": person("bitbadger", "TERRORIST"), "cause": "planted_c4"}),
        kill(gate, "kettle", "Rusty", "usp_silencer", penetrated=True),
        gate.event("assist", {"player": person("quiet_ox"), "victim": person("Rusty", "TERRORIST"), "kind": "flash"}),
        gate.event("revive", {"medic": person("ottoline"), "revived": person("kettle")}),
        gate.event(
            "kill", {"attacker": person("kettle"), "victim": person("quiet_ox"), "weapon": "ssg08", "headshot": True}
        ),
        gate.event("multikill", {"player": hero, "kills": 3, "window_ms": 3_000}),
        gate.event("objective", {"action": "planted", "player": person("Rusty", "TERRORIST"), "target": "B"}),
        gate.event("alert_end", {"alert": "a", "outcome": "win", "title": "Indar conquest", "subtitle": "90 minutes"}),
        gate.event("raid", {"user": "kettlehead", "viewers": 412}),
        gate.event("subscription", {"user": "ottoline", "tier": "1000", "months": 7, "text": "seven already"}),
        *(
            gate.event("chat", {"user": f"viewer{n}", "text": "that was clean " * (1 + n % 3), "color": "#8a2be2"})
            for n in range(8)
        ),
    )
    hit = {"attacker": hero, "victim": person("Rusty", "TERRORIST"), "hitgroup": "head"}
    gate.emit("hit", hit, coalesce_key="hit:1", count=8)


def long(gate: Gate) -> None:
    """Names of all lengths and scripts; titles of two lines."""
    match(gate, ("The Extraordinarily Long Team Name of Reykjavík", "فريق النسور"))
    score(gate, ("The Extraordinarily Long Team Name of Reykjavík", "فريق النسور"), "timeout", 30.0, 60.0)
    ace = person("xX_The_Longest_Name_Ever_Seen_Xx")
    gate.send(
        kill(gate, "محمد العبدالله الطويل جدا", "雪兎雪兎雪兎雪兎雪兎雪兎", "knife_butterfly"),
        kill(
            gate, "שלום עולם", "Þorgerður Ærlækjarsdóttir", "plasma_rifle", "TERRORIST", headshot=True, penetrated=True
        ),
        kill(gate, "👩‍👩‍👧‍👦 family 👩‍👩‍👧‍👦", "i", "inferno"),
        kill(
            gate, "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "m4a1_silencer", headshot=True
        ),
        kill(gate, "Ünïcödé", "Zoë", "awp"),
        gate.event(
            "assist", {"player": person("A helper with a very long name"), "victim": person("Zoë", "TERRORIST")}
        ),
        gate.event("multikill", {"player": ace, "kills": 5, "window_ms": 3_000}),
        gate.event(
            "alert_start",
            {
                "alert": "b",
                "title": "Grand final of the winter season, best of five maps",
                "subtitle": "Copper Foxes against Night Harbor, live from Reykjavík",
            },
        ),
        gate.event("cheer", {"user": "Ein sehr langer Zuschauername", "bits": 12_345, "text": "for the comeback " * 8}),
        *(gate.event("chat", {"user": "مشاهد طويل", "text": "رسالة طويلة جدا " * 6}) for _ in range(3)),
    )
    hit = {"attacker": ace, "victim": person("Zoë", "TERRORIST"), "hitgroup": "chest"}
    gate.emit("hit", hit, coalesce_key="hit:1", count=4)


def crowd(gate: Gate) -> None:
    """Hype train, poll, prediction and goal."""
    match(gate, ("Copper Foxes", "Night Harbor"))
    train = {"phase": "progress", "train": "t", "level": 3, "progress": 1_120, "goal": 1_800, "total": 5_000}
    gate.emit("hype_train", train, coalesce_key="hype_train")
    maps = [("Nuke", 31), ("Mirage", 12), ("Inferno by night", 9), ("Ancient", 4), ("Dust II", 2)]
    choices = [{"title": title, "votes": votes} for title, votes in maps]
    gate.emit("poll", {"phase": "progress", "title": "Which map next?", "choices": choices}, coalesce_key="poll")
    outcomes = [{"title": "Yes, in overtime", "votes": 41_000, "users": 57}, {"title": "No", "votes": 12_500}]
    prediction = {"phase": "lock", "title": "Do we win this?", "outcomes": outcomes}
    gate.emit("prediction", prediction, coalesce_key="prediction")
    goal = {"goal": "g", "phase": "progress", "current": 1_874, "target": 2_000, "kind": "follow", "title": "New chair"}
    gate.emit("goal", goal, coalesce_key="goal:g")
    gate.say({"t": "layout", "layout": {"version": 1, "widgets": {"ticker": {"visible": True}}}, "error": ""})
    reply = {"user": "neon_fern", "text": "who is casting tonight?"}
    gate.send(
        gate.event("raid", {"user": "kettlehead", "viewers": 412}),
        gate.event("follow", {"user": "Bo"}),
        gate.event("chat", {"user": "quiet_ox", "text": "hello all", "first": True, "badges": ["subscriber/6"]}),
        gate.event("chat", {"user": "mod_lina", "text": "the usual two @neon_fern", "reply_to": reply}),
    )


def series(gate: Gate) -> None:
    """The score alone, with all that it can show; a kill without the scope."""
    score(gate, ("Copper Foxes", "Night Harbor"))
    gate.send(kill(gate, "lamplight", "no scope nan", "awp", noscope=True, headshot=True))


def radar(gate: Gate) -> None:
    """A radar with ten players of two teams, one of them outside of the map."""
    gate.emit("radar", {"map": "w", "title": "Skyfall", **SQUARE}, coalesce_key="radar:w")
    for number in range(10):
        angle = 2.4 * number
        place = {"x": 9.0 * number * math.cos(angle), "z": 13.0 * number * math.sin(angle), "yaw": 36.0 * number}
        player = person(f"Player {number + 1}", "red" if number % 2 else "blue")
        told = {"map": "w", "number": number, "player": player} | place
        gate.emit("radar_player", told, coalesce_key=f"radar_player:w:{number}")
    gate.send(kill(gate, "lamplight", "Rusty", "awp"))


def storm(gate: Gate) -> None:
    """A chat that is faster than it can be read, with emotes, and more alerts than can be shown."""
    for id_, drawing in EMOTES.items():
        gate.pictures[f"static-cdn.jtvnw.net/emoticons/v2/{id_}/default/dark/2.0"] = png(drawing, 112)
    names = list(EMOTES)
    for number in range(60):
        emotes = [{"kind": "emote", "text": "emote", "image": f"twitch/{names[(number + at) % 3]}"} for at in range(3)]
        words = ("what a round", "no way", "gg", "CLIP IT", "that flash though")[number % 5]
        parts = [{"kind": "text", "text": f"{words} "}, *emotes[: 1 + number % 3]]
        said = {"user": f"viewer_{number}", "text": f"{words} emote", "fragments": parts, "color": COLOURS[number % 4]}
        gate.emit("chat", said)
    gate.send(*(gate.event("follow", {"user": f"viewer_{number}"}) for number in range(12)))


SQUARE: Final = {"left": -100, "right": 100, "top": -100, "bottom": 100}
COLOURS: Final = ("#e06c75", "#98c379", "#61afef", "#c678dd")
SOCIAL: Final[dict[str, dict[str, Any]]] = {
    "follow": {"user": "Ein sehr langer Zuschauername"},
    "subscription": {"user": "ottoline", "tier": "3000", "months": 118,
                     "text": "ten years and not one day too many " * 3},
    "gift": {"user": "kettlehead", "count": 20, "tier": "1000",
             "recipients": ["quiet_ox", "neon_fern", "Bo", "Cy", "Di"]},
    "raid": {"user": "The_Long_Name_Of_A_Raider", "viewers": 12_345},
    "cheer": {"user": "Ein sehr langer Zuschauername", "bits": 1_234_567, "text": "for the comeback " * 8},
    "tip": {"user": "Þorgerður", "amount": "12345.50", "currency": "ISK", "text": "takk fyrir " * 12},
    "redemption": {"user": "lamplight", "title": "Read the next patch notes in a voice of our choice", "cost": 50_000,
                   "text": "like a wizard, please, and slowly " * 3},
    "shoutout": {"user": "another_channel"},
    "stream": {"online": True, "title": "Finals of the winter season: Copper Foxes against Night Harbor"},
}  # fmt: skip


def social(kind: str) -> Callable[[Gate], None]:
    """Return a state: one alert of this kind, and a waiting one."""

    def play(gate: Gate) -> None:
        gate.send(gate.event(kind, SOCIAL[kind]), gate.event("raid", {"user": "kettlehead", "viewers": 412}))

    return play


STATES: Final[dict[str, Callable[[Gate], None]]] = {
    "quiet": quiet, "burst": burst, "long": long, "crowd": crowd, "series": series, "radar": radar, "storm": storm,
    **{kind: social(kind) for kind in SOCIAL},
}  # fmt: skip


def draw(page: Page, theme: str, state: str, folder: Path, name: str, backgrounds: list[str]) -> None:
    """Send a state to one page and take a picture on every background."""
    gate = Gate()
    try:
        page.goto(gate.page(f"theme={theme}&motion=full&player=lamplight" if state == "burst" else f"theme={theme}"))
        wait_live(page)
        page.evaluate("document.fonts.ready")
        STATES[state](gate)
        time.sleep(SETTLE_S)
        page.evaluate(SETTLED)
        problems = page.evaluate("framewire.status().problems")
        if problems:
            raise click.ClickException(f"{name}: {problems}")
        for background in backgrounds:
            page.evaluate("(css) => document.documentElement.setAttribute('style', css)", BACKGROUNDS[background])
            page.screenshot(path=folder / f"{name}-{background}.png")
    finally:
        gate.stop()


def sheet(browser: Browser, folder: Path, theme: str, size: str, states: list[str], backgrounds: list[str]) -> None:
    width, height = SIZES[size]
    for state in states:
        page = browser.new_page(viewport={"width": width, "height": height})
        draw(page, theme, state, folder, f"{theme}-{size}-{state}", backgrounds)
        page.close()


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--theme", "themes", multiple=True, help="A folder of web_overlay/themes; all, unless named.")
@click.option("--size", "sizes", multiple=True, type=click.Choice(list(SIZES)))
@click.option("--state", "states", multiple=True, type=click.Choice(list(STATES)))
@click.option("--background", "backgrounds", multiple=True, type=click.Choice(list(BACKGROUNDS)))
def main(folder: Path, themes: tuple[str, ...], sizes: tuple[str, ...], states: tuple[str, ...],
         backgrounds: tuple[str, ...]) -> None:  # fmt: skip
    """Make the contact sheets in FOLDER."""
    folder.mkdir(parents=True, exist_ok=True)
    executable = chromium()
    wanted = list(themes) or sorted(path.parent.name for path in THEMES.glob("*/theme.json"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        for theme in wanted:
            for size in sizes or SIZES:
                sheet(browser, folder, theme, size, list(states or STATES), list(backgrounds or BACKGROUNDS))
                click.echo(f"{theme} {size}")
        browser.close()
    pictures = sorted(path.name for path in folder.glob("*.png"))
    cells = "".join(
        f'<figure><img src="{name}" width="640"><figcaption>{name}</figcaption></figure>' for name in pictures
    )
    (folder / "index.html").write_text(f"<!doctype html><meta charset=utf-8><title>Contact sheet</title>{cells}")


if __name__ == "__main__":
    main()
