"""One notebook in one browser page: what a person does to it, and what can be seen of it.

In: Playwright's page and a notebook's URL. Out: outputs as locators, the saved file, counters of
the traffic. Starts neither server nor browser; see `lab`, whose docstring shows the whole use.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
from nbformat import NotebookNode
from playwright.sync_api import ConsoleMessage, Frame, Locator, Page, Request, WebSocket

# The notebook is there, its kernel is idle, and the shell shows it.
READY = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  return panel?.content?.widgets?.length > 0 && panel.context?.isReady
    && panel.sessionContext?.isReady && panel.sessionContext.session?.kernel?.status === 'idle'
    && document.querySelector('.jp-Notebook .jp-Cell') !== null;
}"""

# Lab's own promise says when a run is over: prompt, reply and the last output have come. It is
# kept in the page and waited for apart, because waiting in `evaluate` knows no timeout.
START = """([key, name, args, index]) => {
  const { commands, shell } = window.jupyterapp;
  const underWay = (window.underWay ??= new Map());
  if (index !== null) {
    const notebook = shell.currentWidget.content;
    notebook.deselectAll();
    notebook.activeCellIndex = index;
  }
  underWay.set(key, 'running');
  commands.execute(name, args).then(
    () => underWay.delete(key), error => underWay.set(key, `${name} failed: ${error}`));
}"""

# After a reload the page knows no promise of a run that goes on, but the cell's state tells.
DONE = """([key, index]) => {
  const state = window.underWay?.get(key);
  if (state !== undefined && state !== 'running') throw new Error(state);
  const cells = window.jupyterapp.shell.currentWidget?.content?.widgets;
  return state === undefined && cells?.[index]?.model.executionState !== 'running';
}"""


# Notebook 7.6 says this of itself, whatever it opens.
NOISE = {
    "Cannot read properties of undefined (reading 'schema')",
    "Command 'filebrowser:open-path' not registered.",
}


@dataclass
class Traffic:
    """Counters of a page's websockets: payload bytes and frames, either way."""

    received_bytes: int = 0
    sent_bytes: int = 0
    received_frames: int = 0
    sent_frames: int = 0

    def reset(self) -> None:
        """Begin again at zero."""
        self.received_bytes = self.sent_bytes = self.received_frames = self.sent_frames = 0

    def watch(self, socket: WebSocket) -> None:
        """Count a socket's frames."""
        socket.on("framereceived", self._receive)
        socket.on("framesent", self._send)

    def _receive(self, payload: str | bytes) -> None:
        self.received_frames += 1
        self.received_bytes += len(payload.encode() if isinstance(payload, str) else payload)

    def _send(self, payload: str | bytes) -> None:
        self.sent_frames += 1
        self.sent_bytes += len(payload.encode() if isinstance(payload, str) else payload)


class NotebookPage:
    """One notebook, open; see the module's docstring."""

    def __init__(self, page: Page, url: str, path: Path) -> None:
        self.page, self.path = page, path
        self.foreign_requests: list[str] = []
        self.console_errors: list[str] = []
        self.navigations: list[str] = []
        self.traffic = Traffic()
        page.on("request", self._note_request)
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self._note_error(str(error)))
        page.on("websocket", self.traffic.watch)
        page.on("framenavigated", self._note_navigation)
        # Durations are counted from here on.
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.send("Performance.enable")
        page.goto(url)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait for notebook and kernel."""
        self.page.wait_for_function(READY, timeout=60_000)

    def run_async(self, index: int) -> None:
        """Start a cell; the front end has taken the order when this returns."""
        self.page.evaluate(START, [f"cell {index}", "notebook:run-cell", {}, index])

    def wait_done(self, index: int, timeout: float = 60) -> None:
        """Wait until a cell that was started is done."""
        self.page.wait_for_function(DONE, arg=[f"cell {index}", index], timeout=timeout * 1000)

    def run(self, index: int, timeout: float = 60) -> None:
        """Run a cell to its end."""
        self.run_async(index)
        self.wait_done(index, timeout)

    def run_all(self, timeout: float = 120) -> None:
        """Run All Cells, until the last is done or one has failed."""
        self.command("notebook:run-all-cells", timeout)

    def command(self, name: str, timeout: float = 60, **arguments: Any) -> None:
        """Execute a command of Lab's and wait until it says that it is done."""
        self.page.evaluate(START, [name, name, arguments, None])
        self.page.wait_for_function(DONE, arg=[name, -1], timeout=timeout * 1000)

    def show(self, index: int) -> None:
        """Scroll to a cell."""
        self.page.evaluate(
            "index => window.jupyterapp.shell.currentWidget.content.scrollToItem(index)", index
        )

    def cell(self, index: int) -> Locator:
        """A cell."""
        self.show(index)
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')

    def output(self, index: int) -> Locator:
        """The outputs of a cell, one element for each."""
        return self.cell(index).locator(".jp-OutputArea-output")

    def set_source(self, index: int, source: str) -> None:
        """Replace a cell's text."""
        self.page.evaluate(
            "([index, text]) => window.jupyterapp.shell.currentWidget.content.widgets[index]"
            ".model.sharedModel.setSource(text)",
            [index, source],
        )

    def interrupt(self) -> None:
        """The toolbar's ■."""
        self.command("notebook:interrupt-kernel")

    def restart(self) -> None:
        """Restart the kernel, without Lab's question."""
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
        )
        self.wait_ready()

    def save(self) -> NotebookNode:
        """Save as Ctrl+S does; the notebook as it lies on disk."""
        self.command("docmanager:save")
        saved: NotebookNode = nbformat.read(self.path, as_version=4)  # type: ignore[no-untyped-call]
        return saved

    def reload(self) -> None:
        """Reload the browser's page; the kernel lives on."""
        self.page.reload()
        self.wait_ready()

    def trust(self) -> None:
        """Trust the notebook, through Lab's dialog."""
        self.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:trust')")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.locator(".jp-Dialog").wait_for(state="detached")

    def screenshot(self, path: Path, cell: int | None = None) -> None:
        """A picture of the page, or of one cell."""
        if cell is None:
            self.page.screenshot(path=path)
        else:
            self.cell(cell).screenshot(path=path)

    def metrics(self) -> dict[str, float]:
        """The renderer's counters (DevTools `Performance.getMetrics`), s since the start."""
        found = self._devtools.send("Performance.getMetrics")["metrics"]
        return {one["name"]: one["value"] for one in found}

    def _note_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob") and url.hostname != "127.0.0.1":
            self.foreign_requests.append(request.url)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note_error(message.text)

    def _note_error(self, text: str) -> None:
        if text not in NOISE:
            self.console_errors.append(text)

    def _note_navigation(self, frame: Frame) -> None:
        if frame == self.page.main_frame:
            self.navigations.append(frame.url)
