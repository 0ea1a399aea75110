"""Static updates of one display: for front ends where no widget can live.

In: a run's events. Out: a display that is replaced a few times a second, then settled. Each update
carries the whole answer, so the pace slows down as the answer grows: what reaches the page stays
below a fixed number of bytes a second.
"""

from __future__ import annotations

import html
import uuid
from collections.abc import Sequence
from typing import Any, Protocol

from zenmux_magic.completion import Completion, Fold
from zenmux_magic.events import Event, ReasoningDelta, Retrying, TextDelta
from zenmux_magic.markdown import Reader
from zenmux_magic.request import Request
from zenmux_magic.views import Controls
from zenmux_magic.views.pace import Pace
from zenmux_magic.views.settled import DEFAULT_READER, Bundle, combined

_SHORTEST_S = 0.1
_BYTES_PER_S = 300_000
_SMALL = "font-size:0.85em;opacity:0.75"


class Publisher(Protocol):
    """IPython's display publisher, as far as it is used here."""

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
    ) -> None:
        """Send a display, or an update of one."""
        ...


class DocumentView:
    """Shows a run as one display.

    Args:
        publisher: Where displays go; the one of the cell that runs.
        reader: What reads the answer's Markdown.
        live: Whether to show the answer while it grows, or only when it is settled.
        note: One line that stands below while the answer grows.
        display_id: An existing display to take over; a new one if `None`.
    """

    def __init__(
        self,
        publisher: Publisher,
        reader: Reader = DEFAULT_READER,
        *,
        live: bool = True,
        note: str = "",
        display_id: str | None = None,
    ) -> None:
        self._publisher = publisher
        self._reader = reader
        self._live = live
        self._note = note
        self._transient = {"display_id": display_id or f"zenmux-{uuid.uuid4().hex}"}
        self._shown = display_id is not None
        self._folds: list[Fold] = []
        self._status = "waiting…"
        self._pace = Pace(self._paint)

    def open(self, requests: Sequence[Request], controls: Controls) -> None:
        """Show that the run waits."""
        self._folds = [Fold(request) for request in requests]
        if self._live:
            self._show(self._bundle())

    def event(self, column: int, event: Event) -> None:
        """Take in an event and paint when it is time."""
        self._folds[column].add(event)
        if isinstance(event, Retrying):
            self._status = f"{event.error.type or 'no connection'}, again in {event.delay_s:.0f} s"
        if self._live and isinstance(event, TextDelta | ReasoningDelta | Retrying):
            self._pace.touch()  # nothing else is to be seen, and would delay the first token

    def close(self) -> None:
        """Paint no more: another view takes the display over."""
        self._pace.close()

    def restart(self, column: int) -> None:
        """Nothing asks a column again yet."""

    def settle(self, completions: Sequence[Completion]) -> None:
        """Replace the display by what is to be saved."""
        self._pace.close()
        self._show(combined(completions, self._reader))

    def _show(self, bundle: Bundle) -> None:
        data, metadata = bundle
        self._publisher.publish(data, metadata, transient=self._transient, update=self._shown)
        self._shown = True

    def _paint(self) -> float:
        bundle = self._bundle()
        self._show(bundle)
        size = sum(len(part) for part in bundle[0].values())
        return max(_SHORTEST_S, size / _BYTES_PER_S)

    def _bundle(self) -> Bundle:
        completion = self._folds[0].completion()
        status = self._status
        if completion.text:
            status = "answering…"
        elif completion.reasoning:
            status = f"thinking… {len(completion.reasoning.split()):,} words"
        line = f"{completion.model} · {status}"
        body = self._reader.render(completion.text)
        note = f"<br>{html.escape(self._note)}" if self._note else ""
        head = f'<div class="zenmux-footer" style="{_SMALL}">{html.escape(line)}{note}</div>'
        plain = completion.text or line
        return {"text/html": f"<div>{body}{head}</div>", "text/plain": plain}, {}
