"""The product's overlay page in Chromium, and its journal of rendered events."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from playwright.async_api import Page, async_playwright

from bench.pipeline import Pipeline

# No requests to other machines: no updates, no reports, no variations.
ARGUMENTS: Final = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--metrics-recording-only",
    "--disable-domain-reliability", "--disable-features=OptimizationHints,MediaRouter,Translate",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip


@asynccontextmanager
async def overlay_page(running: Pipeline, name: str) -> AsyncIterator[Page]:
    """Yield the page of an overlay that is live, with its journal.

    Raises:
        RuntimeError: there is no Chromium.
    """
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        raise RuntimeError("--browser needs Chromium on the PATH")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            page = await browser.new_page(viewport={"width": 1920, "height": 1080})
            url = f"http://127.0.0.1:{running.gateway_port}/overlay/?journal=1&overlay_id={name}"
            await page.goto(f"{url}#k={running.token('display')}")
            await page.wait_for_function("!!(globalThis.framewire && framewire.journal)", timeout=10_000)
            yield page
        finally:
            await browser.close()


async def journal(page: Page) -> list[dict[str, Any]]:
    """Return the events that were rendered so far, in order."""
    lines: list[dict[str, Any]] = await page.evaluate("globalThis.framewire.journal")
    return lines
