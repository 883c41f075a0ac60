"""The place, size and colours of everything on the page, per theme and size, compared with tests/web/snapshots/.

    python -m tests.web.test_snapshots      write them again, after a change that is meant

A snapshot is text, so that its difference says what moved. It has no pixels: how a letter is drawn, and how wide it
is, differs between versions of Chromium. So places and sizes have a tolerance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import sync_playwright

from tests.support import chromium_path
from tests.web.conftest import FLAGS
from tests.web.gate import Gate
from tests.web.stepped import Stepped

FOLDER: Final = Path(__file__).parent / "snapshots"
THEMES: Final = ("broadcast", "high-contrast", "minimal")
SIZES: Final = {
    "720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160), "21x9": (2560, 1080), "portrait": (1080, 1920),
}  # fmt: skip
TOLERANCE: Final = 0.01  # of the shorter side of the page

# A line for each visible element with a text, picture or surface: its path, box in px, font size and colours.
BOXES = """() => {
  const lines = [];
  const seen = (node) => {
    for (let at = node; at && at.id !== 'stage'; at = at.parentElement) {
      const { display, visibility, opacity } = getComputedStyle(at);
      if (display === 'none' || visibility === 'hidden' || opacity === '0') return false;
    }
    return true;
  };
  const clear = 'rgba(0, 0, 0, 0)';
  for (const node of document.querySelectorAll('#stage *')) {
    const box = node.getBoundingClientRect();
    if (box.width < 1 || box.height < 1 || node.localName === 'path' || !seen(node)) continue;
    const style = getComputedStyle(node);
    const own = [...node.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ data }) => data).join('');
    const facts = [];
    const font = `font ${Math.round(parseFloat(style.fontSize))} ${style.fontWeight}`;
    if (own !== '') facts.push(font, `ink ${style.color}`);
    if (node.localName === 'svg') facts.push(`fill ${style.fill}`);
    if (style.backgroundColor !== clear) facts.push(`on ${style.backgroundColor}`);
    if (parseFloat(style.borderTopWidth) > 0) facts.push(`frame ${style.borderTopColor}`);
    if (facts.length === 0) continue;
    const names = (node.getAttribute('class') || node.localName).trim().replace(/\\s+/g, '.');
    const place = [box.left, box.top, box.width, box.height].map(Math.round).join(' ');
    const widget = node.closest('.w').classList[1].slice(2);
    lines.push(`${widget} ${names} @ ${place} | ${facts.join(', ')}${own === '' ? '' : ` | ${own}`}`);
  }
  return lines;
}"""


def person(name: str, team: str = "CT") -> dict[str, str]:
    return {"id": name, "name": name, "team": team}


def kill(attacker: str, victim: str, weapon: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    return "kill", {"attacker": person(attacker), "victim": person(victim, "TERRORIST"), "weapon": weapon} | fields


EVENTS: Final[list[tuple[str, dict[str, Any]]]] = [
    ("score", {"scores": {"CT": 9, "TERRORIST": 11}, "names": {"CT": "Copper Foxes", "TERRORIST": "Night Harbor"}}),
    ("crosshair", {"on": True, "style": "dot"}),
    kill("lamplight", "no scope nan", "awp", headshot=True, streak=5),
    kill("Rusty", "ottoline", "ak47", penetrated=True),
    kill("a name that is rather long here", "kettle", "knife_flip", assister=person("bo")),
    ("multikill", {"player": person("lamplight"), "kills": 3, "window_ms": 3_000}),
    ("hit", {"attacker": person("lamplight"), "victim": person("bo", "TERRORIST"), "hitgroup": "head"}),
    ("chat", {"user": "quiet_ox", "text": "careful mid", "color": "#4fb3ff"}),
    ("chat", {"user": "neon_fern", "text": "a message that is long enough for two or three lines of the column"}),
    ("alert_start", {"alert": "a", "title": "Point lost", "subtitle": "Copper Foxes hold one"}),
    ("redemption", {"user": "ottoline", "title": "Hydrate", "cost": 500, "text": "seven already"}),
    ("poll", {"phase": "progress", "title": "Which map?", "choices": [{"title": "Nuke", "votes": 31},
                                                                     {"title": "Mirage", "votes": 12}]}),
    ("goal", {"goal": "g", "phase": "progress", "current": 1_874, "target": 2_000, "kind": "follow", "title": "Chair"}),
]  # fmt: skip


def lines_of(page: Any, gate: Gate, theme: str, size: tuple[int, int]) -> list[str]:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    stepped = Stepped(page, gate, f"theme={theme}&player=lamplight")
    stepped.send(*EVENTS)
    stepped.step(10)
    page.evaluate("document.fonts.ready")  # a text may be the first one of its font
    stepped.step(390)  # entrances have ended, a hit is still lit
    lines: list[str] = page.evaluate(BOXES)
    return lines


def numbers(line: str) -> tuple[str, list[int]]:
    """Return a line without its place, and the place."""
    found = re.search(r"@ (-?\d+) (-?\d+) (\d+) (\d+) ", line)
    assert found, line
    return line.replace(found[0], ""), [int(value) for value in found.groups()]


def differences(known: list[str], lines: list[str], tolerance_px: float) -> list[str]:
    """Return what differs, one line each: - known, + found."""
    found: list[str] = []
    wanted, got = ([numbers(line) for line in each] for each in (known, lines))
    for at in range(max(len(wanted), len(got))):
        one, other = (each[at] if at < len(each) else ("", []) for each in (wanted, got))
        near = len(one[1]) == len(other[1]) and all(
            abs(a - b) <= tolerance_px for a, b in zip(one[1], other[1], strict=True)
        )
        if one[0] != other[0] or not near:
            found += [f"- {known[at]}"] if at < len(known) else []
            found += [f"+ {lines[at]}"] if at < len(lines) else []
    return found


def test_a_difference_names_the_element_and_its_places() -> None:
    known = ["killfeed kf-name @ 10 20 30 40 | ink red | ada", "killfeed kf-name @ 10 60 30 40 | ink red | bo"]
    assert differences(known, known, 0) == []
    assert differences(known, [known[0].replace("10 20", "11 20"), known[1]], 1) == []
    moved = known[0].replace("10 20", "13 20")
    assert differences(known, [moved, known[1]], 1) == [f"- {known[0]}", f"+ {moved}"]
    assert differences(known, known[:1], 1) == [f"- {known[1]}"]
    assert differences(known[:1], [known[0].replace("red", "blue")], 1) != []


@pytest.fixture
def page(window: Any) -> Iterator[Any]:
    opened = window.new_page()
    yield opened
    opened.close()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
def test_the_page_is_as_in_its_snapshot(page: Any, gate: Gate, theme: str, size: str) -> None:
    known = (FOLDER / f"{theme}-{size}.txt").read_text(encoding="utf-8").splitlines()
    lines = lines_of(page, gate, theme, SIZES[size])
    assert differences(known, lines, TOLERANCE * min(SIZES[size])) == []


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        for theme in THEMES:
            for name, size in SIZES.items():
                gate, page = Gate(), browser.new_page()
                lines = lines_of(page, gate, theme, size)
                (FOLDER / f"{theme}-{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
                page.close()
                gate.stop()
        browser.close()


if __name__ == "__main__":
    main()
