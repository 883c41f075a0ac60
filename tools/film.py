"""Make a short animated picture of the overlay over a game picture, from frames of Chromium.

    python -m tools.film FILE.webp [--theme NAME] [--seconds S] [--rate HZ]

The page is the product's own, with the gateway of tests/web, which sends the events. Chromium gives each frame that it
presents with its time, and encodes it as WebP. A WebP animation is these pictures in one RIFF container (RFC 9649).
"""

from __future__ import annotations

import base64
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click
from playwright.sync_api import Browser, Page, sync_playwright

from bench._browser import chromium, wait_live
from tests.web.gate import Gate
from tools.contact_sheet import BACKGROUNDS, kill, match, person, score

WIDTH: Final = 960
HEIGHT: Final = 540
# The page runs so many times slower than the film: a busy machine does not present 15 pictures per second.
SLOWER: Final = 4.0
SLOW_CLOCKS: Final = """(() => {
  for (const clock of [performance, Date]) {
    const now = clock.now.bind(clock);
    const begin = now();
    clock.now = () => begin + (now() - begin) / SLOWER;
  }
  const timeout = globalThis.setTimeout;
  globalThis.setTimeout = (run, ms = 0, ...rest) => timeout(run, ms * SLOWER, ...rest);
})()""".replace("SLOWER", str(SLOWER))
# Draws one frame and encodes it as WebP: Chromium presents frames only as JPEG or PNG.
TO_WEBP: Final = """async ([data, quality]) => {
  const image = new Image();
  image.src = `data:image/jpeg;base64,${data}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", quality).split(",")[1];
}"""


def story(gate: Gate) -> Iterator[tuple[float, Callable[[], Any]]]:
    """Yield (seconds, what happens then)."""
    hero = person("lamplight")

    def say(user: str, text: str, color: str) -> Any:
        return gate.emit("chat", {"user": user, "text": text, "color": color})

    def streak(kills: int) -> Any:
        return gate.emit("multikill", {"player": hero, "kills": kills, "window_ms": 5_000}, coalesce_key=f"m{kills}")

    yield 0.1, lambda: say("quiet_ox", "careful mid", "#4fb3ff")
    yield 0.7, lambda: gate.send(kill(gate, "Rusty", "ottoline", "ak47", "TERRORIST"))
    yield 1.3, lambda: gate.send(kill(gate, "lamplight", "Rusty", "awp", headshot=True))
    yield 1.9, lambda: gate.send(kill(gate, "lamplight", "no scope nan", "awp", penetrated=True))
    yield 1.95, lambda: streak(2)
    yield 2.4, lambda: say("neon_fern", "two already", "#7de08a")
    yield 2.8, lambda: gate.send(kill(gate, "lamplight", "Marlow", "deagle", headshot=True))
    yield 2.85, lambda: streak(3)
    yield 3.5, lambda: gate.emit("follow", {"user": "ottoline"})
    yield 3.9, lambda: say("bitbadger", "clip it", "#ff9ad5")
    yield 4.3, lambda: say("neon_fern", "welcome ottoline", "#7de08a")


def play(gate: Gate) -> None:
    began_s = time.monotonic()
    for at_s, happen in story(gate):
        time.sleep(max(0.0, began_s + at_s * SLOWER - time.monotonic()))
        happen()


def record(browser: Browser, theme: str, seconds: float) -> list[tuple[float, str]]:
    """Return (time, JPEG in base64) of every frame that Chromium has presented."""
    gate = Gate()
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    frames: list[tuple[float, str]] = []
    try:
        page.add_init_script(SLOW_CLOCKS)
        page.goto(gate.page(f"theme={theme}&motion=full&mute=1&player=lamplight"))
        wait_live(page)
        page.evaluate("document.fonts.ready")
        page.evaluate("(css) => document.documentElement.setAttribute('style', css)", BACKGROUNDS["game"])
        match(gate, ("Copper Foxes", "Night Harbor"))
        score(gate, ("Copper Foxes", "Night Harbor"))
        page.wait_for_timeout(4_000)
        session = page.context.new_cdp_session(page)
        session.send("Animation.enable")
        session.send("Animation.setPlaybackRate", {"playbackRate": 1 / SLOWER})

        def presented(frame: dict[str, Any]) -> None:
            frames.append((frame["metadata"]["timestamp"] / SLOWER, frame["data"]))
            session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

        session.on("Page.screencastFrame", presented)
        session.send("Page.startScreencast", {"format": "jpeg", "quality": 95, "maxWidth": WIDTH, "maxHeight": HEIGHT})
        playing = threading.Thread(target=play, args=(gate,))
        playing.start()
        page.wait_for_timeout(seconds * SLOWER * 1_000)
        session.send("Page.stopScreencast")
        playing.join()
    finally:
        page.close()
        gate.stop()
    return frames


def paced(frames: list[tuple[float, str]], rate_hz: float, seconds: float) -> list[tuple[str, int]]:
    """Return (picture, milliseconds): at most `rate_hz` pictures per second, each until the next one."""
    kept: list[tuple[float, str]] = []
    for at_s, data in frames:
        if not kept or at_s - kept[-1][0] >= 0.9 / rate_hz:
            kept.append((at_s, data))
    ends = [at_s for at_s, _ in kept[1:]] + [kept[0][0] + seconds]
    return [(data, max(20, round((end - at_s) * 1_000))) for (at_s, data), end in zip(kept, ends, strict=True)]


def encoded(page: Page, frames: list[tuple[str, int]], quality: float) -> list[tuple[bytes, int]]:
    return [(base64.b64decode(page.evaluate(TO_WEBP, [data, quality])), ms) for data, ms in frames]


def animation(frames: list[tuple[bytes, int]]) -> bytes:
    """Return one WebP file of the pictures (WebP files without animation, with their milliseconds)."""
    parts = [chunk(b"VP8X", struct.pack("<I", 0b10) + _size(WIDTH, HEIGHT)), chunk(b"ANIM", struct.pack("<IH", 0, 0))]
    for data, ms in frames:
        place = b"\0" * 6 + _size(WIDTH, HEIGHT) + struct.pack("<I", ms)[:3] + b"\2"  # replaces what was there
        parts.append(chunk(b"ANMF", place + picture(data)))
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def picture(webp: bytes) -> bytes:
    """Return the chunk with the picture of a WebP file.

    Raises:
        ValueError: it has none.
    """
    at = 12
    while at < len(webp):
        size = struct.unpack_from("<I", webp, at + 4)[0]
        end = at + 8 + size + size % 2
        if webp[at : at + 4] in (b"VP8 ", b"VP8L"):
            return webp[at:end]
        at = end
    raise ValueError(f"got {len(webp)} bytes that begin with {webp[:16]!r}, expected a WebP picture")


def chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _size(width: int, height: int) -> bytes:
    return struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--theme", default="broadcast", show_default=True)
@click.option("--seconds", default=6.0, show_default=True, help="Length of the film.")
@click.option("--rate", default=15.0, show_default=True, help="Most pictures per second.")
@click.option("--quality", default=0.6, show_default=True, help="Of a picture, 0 to 1.")
def main(file: Path, theme: str, seconds: float, rate: float, quality: float) -> None:
    """Make FILE, an animated WebP."""
    executable = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        frames = paced(record(browser, theme, seconds), rate, seconds)
        pictures = encoded(browser.new_page(), frames, quality)
        browser.close()
    file.write_bytes(animation(pictures))
    click.echo(f"{file}: {len(pictures)} pictures, {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
