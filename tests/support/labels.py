"""What buttons have said: a copy button says so for two seconds, which a busy machine misses.

In: a page. Out: a selector of the buttons that say something, or have said it since.

    note_labels(page)                               # from now on, in this document
    page.locator(having_said("Copied")).wait_for()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Playwright is not installed everywhere
    from playwright.sync_api import Frame, Page

NOTE = """() => {
  const observer = new MutationObserver(changes => {
    for (const { target, addedNodes } of changes)
      for (const added of addedNodes)
        if (added.matches?.('.zenmux-said'))
          target.dataset.noted = `${target.dataset.noted ?? ''}[${added.textContent}]`;
  });
  observer.observe(document, { childList: true, subtree: true });
}"""


def note_labels(page: Page | Frame) -> None:
    """Write down on each button what it says from now on."""
    page.evaluate(NOTE)


def having_said(text: str) -> str:
    """The selector of buttons that say this, or have said it."""
    return f'[data-noted*="[{text}"]'
