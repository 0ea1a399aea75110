"""A real Chromium, one for the whole test run, through Playwright's synchronous API.

In: nothing. Out: fresh browser contexts. No request of a page leaves the machine: every host but
127.0.0.1 fails to resolve (and is still reported as requested).

Playwright leaves its event loop marked as running in the main thread, where `asyncio.run` then
fails, in every later test. So between the tests that use it the mark is taken off: `lent()`.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Playwright, sync_playwright

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE_MS = 120_000  # a busy machine is slow
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


class BrowserMissingError(Exception):
    """No Chromium on this machine; the message says how to get one."""


def find_chromium(playwright: Playwright) -> str:
    """The machine's own Chromium or Chrome, else the one that Playwright has installed.

    Raises:
        BrowserMissingError: There is none.
    """
    installed = playwright.chromium.executable_path
    found = next(filter(None, map(shutil.which, COMMANDS)), None)
    if found is None and not Path(installed).exists():
        raise BrowserMissingError(
            "no Chromium found: `apt install chromium`, or `playwright install chromium`"
        )
    return found or installed


class Browser:
    """The browser process; `close` ends it."""

    def __init__(self) -> None:
        self._playwright = sync_playwright().start()
        self._loop = asyncio.get_running_loop()
        try:
            self._chromium = self._playwright.chromium.launch(
                executable_path=find_chromium(self._playwright), args=list(QUIET)
            )
        except BaseException:
            self._playwright.stop()
            raise
        finally:
            asyncio._set_running_loop(None)

    @contextmanager
    def lent(self) -> Iterator[None]:
        """The time in which Playwright may be called; `asyncio.run` may not."""
        asyncio._set_running_loop(self._loop)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)

    def context(self, width: int, height: int, scale: float = 1) -> BrowserContext:
        """A fresh profile: no cookies, no cache, the clipboard allowed."""
        context = self._chromium.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=scale,
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(PATIENCE_MS)
        context.set_default_navigation_timeout(PATIENCE_MS)
        return context

    def close(self) -> None:
        """End the browser."""
        with self.lent():
            self._chromium.close()
            self._playwright.stop()
