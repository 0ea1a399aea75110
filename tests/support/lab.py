"""A notebook in a real JupyterLab in a real Chromium, driven and observed.

In: cells. Out: what the person would see, what the saved file holds, what went over the wires.
Server and browser live for the whole run (`Lab`), page and kernel for one test (`NotebookPage`).

    page = lab.open(["1 + 1", "%%zenmux\\nHi"], env={"ZENMUX_API_KEY": KEY}, dark=True)
    page.run(0)                                   # and wait until it is done
    expect(page.output(0)).to_have_text("2")      # a Playwright locator, one element per output
    page.run_async(1); page.interrupt(); page.wait_done(1)
    page.run_all()
    saved = page.save()                           # the notebook read back from disk
    page.reload(); page.trust()
    page.screenshot(path)                         # the page; (path, cell=1) one cell
    page.foreign_requests                         # [url] of any host but 127.0.0.1
    page.console_errors, page.navigations         # [text]; [url] of the main frame
    page.traffic.received_bytes, .sent_bytes, .received_frames, .sent_frames; page.traffic.reset()
    page.metrics()                                # {"ScriptDuration": s, "LayoutDuration": s, …}
    page.cell(1), page.show(1), page.page         # locator; scroll there; Playwright's own page

Cells are found by their place; what Lab's windowing leaves out of the DOM is scrolled to first.
Cells are run by Lab's own commands, not by key strokes, which go astray when something has focus.
Other options of `open`: `python` (whose ipykernel to run), `app="notebook"` (Notebook 7),
`settings={plugin: {…}}`, `metadata`, `name`, `width`, `height`, `scale`; `cells` may be a whole
notebook (untrusted, if it has outputs).
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import nbformat

from .browser import Browser
from .notebook import as_notebook, new_notebook
from .page import NotebookPage, Traffic
from .server import JupyterServer

__all__ = ["Lab", "NotebookPage", "Traffic", "new_notebook"]

DARK = {"@jupyterlab/apputils-extension:themes": {"theme": "JupyterLab Dark"}}


class Lab:
    """Server and browser; `open` gives pages, `end_test` puts everything of a test away."""

    def __init__(self, home: Path) -> None:
        self.browser = Browser()
        try:
            self.server = JupyterServer(home)
        except BaseException:
            self.browser.close()
            raise
        self._numbers = itertools.count(1)
        self._pages: list[NotebookPage] = []

    def open(
        self,
        cells: Sequence[str] | dict[str, Any],
        *,
        env: Mapping[str, str] | None = None,
        python: str = sys.executable,
        app: Literal["lab", "notebook"] = "lab",
        dark: bool = False,
        settings: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        name: str = "notebook",
        width: int = 1200,
        height: int = 900,
        scale: float = 1,
    ) -> NotebookPage:
        """Write a notebook, open it, wait until its kernel is idle."""
        self.server.configure_kernel(env or {}, python)
        self.server.configure_lab({**(DARK if dark else {}), **(settings or {})})
        # A name of its own for each: under a known name the old kernel would still be there.
        path = self.server.root / f"{name}-{next(self._numbers)}.ipynb"
        notebook = as_notebook(cells) if isinstance(cells, dict) else new_notebook(cells)
        notebook.metadata.update(metadata or {})
        nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
        place = f"/lab/tree/{path.name}?reset" if app == "lab" else f"/notebooks/{path.name}"
        page = self.browser.context(width, height, scale).new_page()
        opened = NotebookPage(page, self.server.url + place, path)
        self._pages.append(opened)
        return opened

    def end_test(self) -> None:
        """Close the pages and end their kernels."""
        while self._pages:
            self._pages.pop().page.context.close()
        self.server.end_kernels()

    def close(self) -> None:
        """End browser and server."""
        self.browser.close()
        self.server.close()
