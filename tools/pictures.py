"""Make pictures of docs/ (overlay, themes, sizes, dashboard, dock, studio, login), and the previews of the themes.

    python -m tools.pictures FOLDER [--only NAME]…

`--only previews` writes FOLDER/THEME/preview.webp of each theme; they belong into web_overlay/themes.

Dashboard, dock and studio are those of a running pipeline. The other pages are at the gateway of tests/web.
"""

from __future__ import annotations

import base64
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
from playwright.sync_api import Browser, Page, sync_playwright

from actors.producers.spec import module_of
from bench._browser import ARGUMENTS, chromium
from bench.pipeline import pipeline
from tests.web.gate import TOKEN, Gate
from tools.contact_sheet import SIZES, sheet

THEMES: Final = ("broadcast", "minimal", "high-contrast")
SMALL: Final = (640, 360)
GAP: Final = 6
SETTLED_MS: Final = 2_500  # all events are shown, and entrances have ended
WAIT_S: Final = 60.0
DESK_HEIGHT: Final = 1_000
PLOTTED_MS: Final = 25_000  # there are events, and values in the plots
# A PNG in base64 → a WebP of another size, in base64.
SHRUNK: Final = """async ([png, width, height]) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  return canvas.toDataURL("image/webp", 0.86).split(",")[1];
}"""
# Kinds of sources that wait for a login: the name of the platform, the address and the code.
WAITING: Final = {
    "twitch": ("Twitch", "https://www.twitch.tv/activate?device-code=ABCDEFGH", "ABCD-EFGH"),
    "youtube": ("YouTube", "https://www.google.com/device", "GQVQ-JKEC"),
}


def wait(page: Page, condition: Callable[[], Any]) -> None:
    """Wait until `condition` holds.

    Raises:
        ClickException: it does not within WAIT_S.
    """
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > deadline_s:
            raise click.ClickException(f"{page.url.split('#')[0]} is not as expected within {WAIT_S:g} s")
        page.wait_for_timeout(100)


def overlay(browser: Browser, folder: Path) -> None:
    """The default theme over a game, in a burst of events."""
    with tempfile.TemporaryDirectory() as made:
        sheet(browser, Path(made), "broadcast", "1080p", ["burst"], ["game"])
        shutil.move(Path(made) / "broadcast-1080p-burst-game.png", folder / "overlay.png")


def themes(browser: Browser, folder: Path) -> None:
    """All themes side by side."""
    width, height = SMALL
    page = browser.new_page(viewport={"width": 3 * width + 2 * GAP, "height": height})
    with tempfile.TemporaryDirectory() as made:
        for theme in THEMES:
            sheet(browser, Path(made), theme, "720p", ["burst"], ["game"])
        files = [(Path(made) / f"{theme}-720p-burst-game.png").read_bytes() for theme in THEMES]
    row(page, files, height)
    page.screenshot(path=folder / "themes.png")
    page.close()


def row(page: Page, pictures: Sequence[bytes], height: int) -> None:
    """Show pictures side by side, each `height` px high."""
    images = "".join(
        f'<img height="{height}" src="data:image/png;base64,{base64.b64encode(data).decode()}">' for data in pictures
    )
    page.set_content(f'<body style="margin:0;display:flex;gap:{GAP}px;background:#4b4b4b">{images}</body>')


def sizes(browser: Browser, folder: Path) -> None:
    """The default theme at 720p, at 4K, on a wide and on an upright screen."""
    height, shapes, pictures = SMALL[1], ("720p", "4k", "21x9", "portrait"), []
    with tempfile.TemporaryDirectory() as made:
        for size in shapes:
            sheet(browser, Path(made), "broadcast", size, ["burst"], ["game"])
            pictures.append((Path(made) / f"broadcast-{size}-burst-game.png").read_bytes())
    width = sum(round(height * wide / high) for wide, high in map(SIZES.__getitem__, shapes))
    page = browser.new_page(viewport={"width": width + GAP * (len(shapes) - 1), "height": height})
    row(page, pictures, height)
    page.screenshot(path=folder / "sizes.png")
    page.close()


@contextmanager
def desks(browser: Browser, *widths: int) -> Iterator[list[Page]]:
    """Yield the dashboard in windows of these widths, during the demo match, with an overlay connected."""
    with pipeline(["demo=true"]) as running:
        address = f"http://127.0.0.1:{running.gateway_port}"
        overlay = browser.new_page(viewport={"width": 1920, "height": 1080})
        overlay.goto(f"{address}/overlay/?overlay_id=obs#k={running.token('display')}")
        pages = [browser.new_page(viewport={"width": width, "height": DESK_HEIGHT}) for width in widths]
        for page in pages:
            page.goto(f"{address}/#k={running.token('control')}")
        pages[0].wait_for_timeout(PLOTTED_MS)
        yield pages
        for page in (*pages, overlay):
            page.close()


def dashboard(browser: Browser, folder: Path) -> None:
    """The dashboard during the demo match."""
    with desks(browser, 1600) as (page,):
        page.screenshot(path=folder / "dashboard.png")


def dock(browser: Browser, folder: Path) -> None:
    """The dashboard as a dock of 300 px, and in a window of 768 px."""
    widths = (300, 768)
    with desks(browser, *widths) as pages:
        pictures = [page.screenshot() for page in pages]
    page = browser.new_page(viewport={"width": sum(widths) + GAP, "height": DESK_HEIGHT})
    row(page, pictures, DESK_HEIGHT)
    page.screenshot(path=folder / "dock.png")
    page.close()


def previews(browser: Browser, folder: Path) -> None:
    """A small picture of each theme, for the studio."""
    page = browser.new_page()
    for theme in THEMES:
        with tempfile.TemporaryDirectory() as made:
            sheet(browser, Path(made), theme, "720p", ["burst"], ["game"])
            large = (Path(made) / f"{theme}-720p-burst-game.png").read_bytes()
        small = page.evaluate(SHRUNK, [base64.b64encode(large).decode(), *SMALL])
        (folder / theme).mkdir(exist_ok=True)
        (folder / theme / "preview.webp").write_bytes(base64.b64decode(small))
    page.close()


def studio(browser: Browser, folder: Path) -> None:
    """The studio with test events of all widgets, and one widget selected."""
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    with pipeline() as running:
        page.goto(f"http://127.0.0.1:{running.gateway_port}/studio#k={running.token('control')}")
        wait(page, lambda: any("/overlay/" in frame.url for frame in page.frames))
        preview = next(frame for frame in page.frames if "/overlay/" in frame.url)
        wait(page, lambda: preview.evaluate("globalThis.framewire?.status().state") == "live")
        page.locator('.box[data-widget="social"]').click(position={"x": 40, "y": 40})
        page.click("#fill")
        wait(page, lambda: "were sent" in page.inner_text("#state"))
        page.wait_for_timeout(SETTLED_MS)
        page.screenshot(path=folder / "studio.png")
        page.close()


def login(browser: Browser, folder: Path) -> None:
    """A dock with two sources that wait for a login."""
    gate = Gate()
    sources = [
        {
            "name": kind, "kind": kind, "state": "refused", "detail": f"There is no login at {platform} yet.",
            "events_per_s": 0.0, "message_age_s": None, "command": f"framewire login {kind}",
            "redelivers": module_of(kind).SPEC.redelivers, "loss": module_of(kind).SPEC.loss,
            "login": {"state": "waiting", "text": "", "page": address, "code": code, "expires_s": 1_800.0},
        }
        for kind, (platform, address, code) in WAITING.items()
    ]  # fmt: skip
    gate.status = {"status": {"scope": "control", "epoch": "e1", "ready": True, "sources": sources, "clients": []}}
    page = browser.new_page(viewport={"width": 300, "height": 900})
    try:
        page.goto(f"{gate.url}/#k={TOKEN}")
        wait(page, lambda: page.locator(".login .code").count() == len(WAITING))
        page.evaluate("document.fonts.ready")
        page.locator(".sources").screenshot(path=folder / "login.png")
    finally:
        page.close()
        gate.stop()


OF_DOCS: Final = ("overlay", "themes", "sizes", "dashboard", "dock", "studio", "login")
PICTURES: Final = {one.__name__: one for one in (overlay, themes, sizes, dashboard, dock, studio, login, previews)}


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--only", "names", multiple=True, type=click.Choice(list(PICTURES)))
def main(folder: Path, names: tuple[str, ...]) -> None:
    """Make the pictures in FOLDER."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for name in names or OF_DOCS:
            PICTURES[name](browser, folder)
            click.echo(f"{folder}: {name}")
        browser.close()


if __name__ == "__main__":
    main()
