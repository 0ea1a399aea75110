"""The live view: a run in a widget that grows as the answer comes, and settles to static output.

In: a run's events, on the engine's loop. Out: one display, and messages to the page: one a frame for
all columns, at the pace that the kernel's budget and the page allow. A page that says `ready` gets
all that there is. Where none does within a second, the document view takes the display over, until
one does.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
import uuid
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from zenmux_magic.completion import Completion
from zenmux_magic.events import Event
from zenmux_magic.inert import inert
from zenmux_magic.markdown import Reader
from zenmux_magic.request import Request
from zenmux_magic.views import Controls, budget
from zenmux_magic.views.column import Column
from zenmux_magic.views.document import DocumentView, Publisher
from zenmux_magic.views.frames import Frames
from zenmux_magic.views.settled import DEFAULT_READER, apart

if TYPE_CHECKING:
    from zenmux_magic.views.widget import Board

PATIENCE_S = 1.0
_VIEW = "application/vnd.jupyter.widget-view+json"
_CANNOT = "shown in steps, because this page cannot load the live board"


class BoardView:
    """Shows a run as a widget.

    Args:
        publisher: Where displays go; the one of the cell that runs. `None` if somebody else shows
            the widget, who then waits for no page.
        reader: What reads the answer's Markdown.
        errors: Show what went wrong in the settled output too: no failed cell will say it.
        patience_s: How long to wait for a page before the document view takes over.
        widget: The one to show the run in; else one is made.
        cell: The id of the cell that asks, if it is known.
        mend: What to do where no page can show the widget.
    """

    def __init__(
        self,
        publisher: Publisher | None,
        reader: Reader = DEFAULT_READER,
        *,
        errors: bool = False,
        patience_s: float = PATIENCE_S,
        widget: Board | None = None,
        cell: str = "",
        mend: str = "",
    ) -> None:
        from zenmux_magic.views import widget as widgets  # on the main thread: it takes its time

        self._widgets = widgets
        self._given = widget
        self._cell = cell
        self._note = ": ".join(part for part in (_CANNOT, mend) if part)
        self._publisher = publisher
        self._reader = reader
        self._errors = errors
        self._patience_s = patience_s
        self._display_id = f"zenmux-{uuid.uuid4().hex}"
        self._columns: list[Column] = []
        self._history: list[tuple[int, Event]] = []  # until a page is there
        self._stand_in: DocumentView | None = None
        self._ready = self._settled = False
        self._views: set[str] = set()  # what the pages show it in
        self._timer: asyncio.TimerHandle | None = None

    def open(self, requests: Sequence[Request], controls: Controls) -> None:
        """Show an empty board and wait for the page."""
        self._requests, self._controls = requests, controls
        self._loop = asyncio.get_running_loop()
        self._start = time.monotonic()
        context = contextvars.copy_context()
        self._columns = [self._column(number, one) for number, one in enumerate(requests)]
        self._widgets.keep()
        self._widget = self._given or self._widgets.Board()
        self._frames = Frames(self, self._columns, self._widget.send)
        self._widget.on_msg(lambda _, content, buffers: self._hear(content, context))
        budget.shared().join(self, len(self._columns))
        controls.aside(partial(_warm_up, self._reader))
        if self._publisher is not None:
            self._show(*self._live_bundle(), update=False)
            self._timer = self._loop.call_later(self._patience_s, self._give_up)

    def _column(self, number: int, request: Request) -> Column:
        cost = partial(self._controls.cost, number)
        return Column(number, request, self._reader.growing, self._clock_s, cost)

    def _clock_s(self) -> float:
        return time.monotonic() - self._start

    def event(self, column: int, event: Event) -> None:
        """Take in an event; the first token goes out at once."""
        state = self._columns[column]
        first = not state.begun
        state.add(event)
        if not self._ready:
            if self._stand_in is not None:
                self._stand_in.event(column, event)
            elif self._publisher is not None:
                self._history.append((column, event))
        elif first and state.begun:
            self._frames.now()
        else:
            self._frames.touch()

    def restart(self, column: int) -> None:
        """Empty a column; its events come anew."""
        budget.shared().join(self, len(self._columns))
        self._columns[column].restart()
        self._history = [(number, event) for number, event in self._history if number != column]
        if self._stand_in is not None:
            self._stand_in.restart(column)
        elif self._ready:
            self._frames.now()

    def add(self, request: Request) -> None:
        """Show one more column, the last."""
        column = self._column(len(self._columns), request)
        self._columns.append(column)
        budget.shared().join(self, len(self._columns))
        self._frames.add(column)

    def remove(self, column: int) -> None:
        """Show a column no more."""
        self._columns[column].remove()
        self._frames.touch()

    def rest(self) -> None:
        """All columns have ended, for now: other boards may have this one's share."""
        budget.shared().leave(self)

    async def settle(self, completions: Sequence[Completion]) -> None:
        """Leave static output, and the final state for pages that load the widget again."""
        try:
            self._finish(completions)
        finally:  # what failed while it grew may be saved all the same
            if self._publisher is not None:
                static = apart(self._controls, completions, self._reader, errors=self._errors)
                self._show(*await static, update=True)
            if not self._ready:
                self._part()

    def _finish(self, completions: Sequence[Completion]) -> None:
        """Give the pages the last of the live view."""
        self._settled = True
        if self._timer is not None:
            self._timer.cancel()
        self._frames.close()
        budget.shared().leave(self)
        for column, completion in zip(self._columns, completions, strict=True):
            column.end(completion)
        if self._ready:
            self._frames.send()
        else:
            self._frames.skip()  # nobody was there, and a snapshot will hold it
        self._widget.final = {"columns": self._snapshots()}
        if self._stand_in is not None:
            self._stand_in.close()
        if self._cell:
            self._widgets.keep().mark(self._cell, all(one.kept for one in completions))

    def _hear(self, content: dict[str, Any], context: contextvars.Context) -> None:
        """A message of the page, on the main thread; all state lives on the engine's."""
        if self._loop.is_closed():  # and nothing runs there any more
            context.run(self._receive, content)
        else:
            self._loop.call_soon_threadsafe(self._receive, content, context=context)

    def _receive(self, content: dict[str, Any]) -> None:
        """A message of the page, on the engine's loop."""
        kind = content.get("t")
        if kind == "stop":
            self._controls.stop(content.get("column"))
        elif kind == "retry" and content.get("column") in range(len(self._columns)):
            self._controls.retry(content["column"])
        elif kind == "ack":
            self._frames.acknowledge(content.get("frame"))
        elif kind == "ready":
            self._begin(str(content.get("view")))
        elif kind == "here":
            self._views.add(str(content.get("view")))
            self._widgets.stay(self._widget)
        elif kind == "gone":
            self._views.discard(str(content.get("view")))
            if self._settled and not self._views:
                self._part()
        elif kind == "hello" and not self._settled:
            self._welcome()

    def _welcome(self) -> None:
        """A page can show the widget, and will as soon as somebody looks: nobody need stand in."""
        if self._timer is not None:
            self._timer.cancel()
        if self._stand_in is not None:  # it was only slow
            self._stand_in.close()
            self._stand_in = None
            self._show(*self._live_bundle(), update=True)

    def _begin(self, view: str) -> None:
        """A page is there: give it all that has come so far."""
        self._views.add(view)
        if self._timer is not None:
            self._timer.cancel()
        if self._settled:
            self._widgets.stay(self._widget)
        if self._ready and not self._settled:
            self._frames.send()  # so that the others know as much as the snapshot holds
        elif not self._ready:
            self._ready = True
            self._history.clear()
            self._frames.skip()
        snapshots = self._snapshots()
        self._widget.send({"t": "snapshot", "view": view, "columns": snapshots})

    def _part(self) -> None:
        """The static output has taken the widget's place in every page."""
        if self._given is None:
            self._widgets.leave(self._widget)

    def _snapshots(self) -> list[dict[str, Any]]:
        return [column.snapshot() for column in self._columns]

    def _give_up(self) -> None:
        """No page has come: show the run in steps instead."""
        assert self._publisher is not None
        self._stand_in = DocumentView(
            self._publisher, self._reader, display_id=self._display_id, note=self._note
        )
        self._stand_in.open(self._requests, self._controls)
        for column, event in self._history:
            self._stand_in.event(column, event)
        self._history.clear()

    def _show(self, data: dict[str, Any], metadata: dict[str, Any], *, update: bool) -> None:
        if self._publisher is None:
            return
        transient = {"display_id": self._display_id}
        self._publisher.publish(data, metadata, transient=transient, update=update)

    def _live_bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget. A file that is saved meanwhile holds this, and shows the line of text."""
        models = ", ".join(request.model for request in self._requests)
        line = (
            f"{models} was still answering when this notebook was saved."
            " Run the cell again, or %zenmux history."
        )
        view = {"version_major": 2, "version_minor": 0, "model_id": self._widget.model_id}
        return {_VIEW: view, "text/plain": inert(line)}, {}


def _warm_up(reader: Reader) -> None:
    """Load what rendering needs while the request is on its way, instead of at the first token."""
    document = reader.growing()
    document.feed("a\n\n```python\n1\n```\n\n$x_1$\n\n")
    document.take()
