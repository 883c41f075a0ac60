"""The product's overlay page in Chromium, and its journal of rendered events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import click
import psutil
from playwright.async_api import Page, async_playwright
from playwright.sync_api import Page as SyncPage

from bench.pipeline import Pipeline
from tests.support import chromium_path

# No requests to other machines: no updates, no reports, no variations.
ARGUMENTS: Final = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--metrics-recording-only",
    "--disable-domain-reliability", "--disable-features=OptimizationHints,MediaRouter,Translate",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
# Polled with evaluate(). wait_for_function() would call eval() in the page, which the page's policy forbids.
LIVE: Final = "!!globalThis.framewire && framewire.status().state === 'live'"
JOURNAL: Final = "!!(globalThis.framewire && framewire.journal)"
READY_S: Final = 10.0
POLL_S: Final = 0.05


def chromium() -> str:
    """Return the path of Chromium.

    Raises:
        ClickException: CHROMIUM names none, and there is none on the PATH.
    """
    if found := chromium_path():
        return found
    raise click.ClickException("this needs Chromium on the PATH, or its path in CHROMIUM")


def renderers() -> list[psutil.Process]:
    """Return the processes of the pages of the browser that this process has started."""
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if "--type=renderer" in " ".join(process.cmdline())
    ]


@asynccontextmanager
async def overlay_page(running: Pipeline, name: str) -> AsyncIterator[Page]:
    """Yield the page of an overlay that is live, with its journal.

    Raises:
        ClickException: there is no Chromium.
        TimeoutError: the page is not live within READY_S.
    """
    executable = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            page = await browser.new_page(viewport={"width": 1920, "height": 1080})
            url = f"http://127.0.0.1:{running.gateway_port}/overlay/?journal=1&overlay_id={name}"
            await page.goto(f"{url}#k={running.token('display')}")
            async with asyncio.timeout(READY_S):
                while not await page.evaluate(JOURNAL):
                    await asyncio.sleep(POLL_S)
            yield page
        finally:
            await browser.close()


def wait_live(page: SyncPage) -> None:
    """Wait until the overlay of `page` has its first state.

    Raises:
        TimeoutError: the page is not live within READY_S.
    """
    deadline_s = time.monotonic() + READY_S
    while not page.evaluate(LIVE):
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"the overlay is not live within {READY_S:g} s")
        page.wait_for_timeout(POLL_S * 1_000)


async def journal(page: Page) -> list[dict[str, Any]]:
    """Return the events that were rendered so far, in order."""
    lines: list[dict[str, Any]] = await page.evaluate("globalThis.framewire.journal")
    return lines
