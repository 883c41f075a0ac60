"""A burst of everything flashes at most three times a second (WCAG 2.3.1), in each theme, over black or white.

Every picture of the page is compared with the one before: a flash is a rise and a fall of the relative luminance of a
part of the picture, by a tenth each, where the darker side is below 0.8.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.web.gate import Gate
from tests.web.stepped import Stepped

RATE_HZ = 20
SECONDS = 3
COLUMNS, ROWS = 32, 18
CHANGE = 0.1
DARK = 0.8
MOST = 3
SMALL = 21_824 / (1_024 * 768)  # a flashing area below this share of the picture is safe at any rate

# The mean relative luminance of each part of a picture.
LUMINANCE = """async ([png, columns, rows]) => {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none" });
  const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  context.drawImage(picture, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, picture.width, picture.height);
  const linear = Array.from({ length: 256 }, (_, v) => v <= 10 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const sums = new Float64Array(columns * rows), counts = new Float64Array(columns * rows);
  for (let y = 0, at = 0; y < height; y += 1) for (let x = 0; x < width; x += 1, at += 4) {
    const part = Math.floor(y * rows / height) * columns + Math.floor(x * columns / width);
    sums[part] += 0.2126 * linear[data[at]] + 0.7152 * linear[data[at + 1]] + 0.0722 * linear[data[at + 2]];
    counts[part] += 1;
  }
  return [...sums].map((sum, part) => sum / counts[part]);
}"""


def changes(series: list[float]) -> list[int]:
    """Return the pictures in which the luminance has changed by CHANGE against the direction of the change before."""
    found: list[int] = []
    low = high = series[0]
    direction = 0
    for at, value in enumerate(series):
        low, high = min(low, value), max(high, value)
        if direction <= 0 and value - low >= CHANGE and low < DARK:
            direction, high = 1, value
            found.append(at)
        elif direction >= 0 and high - value >= CHANGE and value < DARK:
            direction, low = -1, value
            found.append(at)
    return found


def flashes(series: list[float]) -> int:
    """Return the most flashes within one second; two opposing changes are one flash."""
    found = changes(series)
    return max((sum(begin <= at < begin + RATE_HZ for at in found) // 2 for begin in found), default=0)


def test_flashes_are_pairs_of_opposing_changes_within_a_second() -> None:
    assert flashes([0.0] * 40) == 0
    assert flashes([at / 40 for at in range(40)]) == 0
    assert flashes([0.0, 0.5] * 20) == RATE_HZ // 2
    assert flashes([0.0, 0.05] * 20) == 0
    assert flashes([0.85, 1.0] * 20) == 0
    assert flashes(([0.0] * 5 + [0.5] * 5) * 4) == 2


@pytest.fixture
def page(window: Any) -> Iterator[Any]:
    opened = window.new_page()
    opened.set_viewport_size({"width": 640, "height": 360})
    yield opened
    opened.close()


def person(name: str, team: str = "CT") -> dict[str, str]:
    return {"id": name, "name": name, "team": team}


def burst(number: int) -> list[tuple[str, dict[str, Any]]]:
    """Return what happens in one frame of a fight that never ends."""
    names = f"ada{number}", f"bo{number}"
    kill = {
        "attacker": person(names[0]),
        "victim": person(names[1], "T"),
        "weapon": "ak47",
        "headshot": number % 2 == 0,
    }
    hit = {"attacker": person("ada"), "victim": person("bo", "T"), "hitgroup": ("head", "chest")[number % 2]}
    events = [("kill", kill), ("hit", hit), ("chat", {"user": names[0], "text": "that was clean"})]
    if number % 4 == 0:
        events += [
            ("multikill", {"player": person("ada"), "kills": 2 + number % 7, "window_ms": 3_000}),
            ("alert_start", {"alert": f"a{number}", "title": "Point lost", "subtitle": "again"}),
            ("objective", {"action": "planted", "player": person("bo", "T"), "target": "B"}),
            ("tip", {"user": names[0], "amount": "5.00", "currency": "EUR", "text": "nice"}),
            ("follow", {"user": names[1]}),
            ("score", {"scores": {"CT": number, "T": 2}}),
            ("crosshair", {"on": number % 8 == 0, "style": "dot"}),
        ]
    return events


@pytest.mark.parametrize(
    ("theme", "background"),
    [("broadcast", "#000"), ("broadcast", "#fff"), ("minimal", "#000"), ("high-contrast", "#fff")],
)
def test_a_burst_of_everything_does_not_flash(page: Any, gate: Gate, theme: str, background: str) -> None:
    stepped = Stepped(page, gate, f"theme={theme}&player=ada")
    page.evaluate("(color) => { document.documentElement.style.background = color; }", background)
    pictures: list[list[float]] = []
    for number in range(RATE_HZ * SECONDS):
        stepped.send(*burst(number))
        stepped.step(1_000 / RATE_HZ)
        png = base64.b64encode(page.screenshot()).decode()
        pictures.append(page.evaluate(LUMINANCE, [png, COLUMNS, ROWS]))
    assert any(abs(a - b) > CHANGE for one, two in pairwise(pictures) for a, b in zip(one, two, strict=True)), "drawn"
    assert flashes([sum(picture) / len(picture) for picture in pictures]) == 0, "the picture as a whole"
    parts = [flashes([picture[part] for picture in pictures]) for part in range(COLUMNS * ROWS)]
    assert sum(count > MOST for count in parts) / len(parts) < SMALL
