"""Static updates of one display: for front ends where no widget can live.

In: a run's events. Out: a display that is replaced a few times a second, then settled. Each update
carries the whole answer, so the pace slows down as the answer grows: what reaches the page stays
below a fixed number of bytes a second, however many runs there are.
"""

from __future__ import annotations

import html
import re
import time
import uuid
from collections.abc import Sequence
from typing import Any, Protocol

from zenmux_magic.completion import Completion, Fold
from zenmux_magic.events import (
    Event,
    Failure,
    Finish,
    Queued,
    ReasoningDelta,
    Retrying,
    Started,
    TextDelta,
)
from zenmux_magic.inert import inert
from zenmux_magic.markdown import Reader
from zenmux_magic.markdown.incremental import IncrementalMarkdown
from zenmux_magic.request import Request
from zenmux_magic.views import Controls, budget, side_by_side
from zenmux_magic.views.pace import Pace
from zenmux_magic.views.settled import (
    DEFAULT_READER,
    LONGEST,
    SMALL,
    Bundle,
    apart,
    ending_of,
)

_SHORTEST_S = 0.1
_BYTES_PER_S = 300_000
_SEEN = TextDelta | ReasoningDelta | Retrying | Queued


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
        self._bodies: list[_Body] = []
        self._waits: dict[int, str] = {}  # what a column waits for, other than its model
        self._pace = Pace(self._paint)

    def open(self, requests: Sequence[Request], controls: Controls) -> None:
        """Show that the run waits."""
        self._requests, self._controls = requests, controls
        self._folds = [Fold(request) for request in requests]
        self._bodies = [_Body(self._reader.growing()) for _ in requests]
        if self._live:
            budget.shared().join(self, len(requests))
            self._show(self._bundle())

    def event(self, column: int, event: Event) -> None:
        """Take in an event and paint when it is time."""
        self._folds[column].add(event)
        if isinstance(event, TextDelta):
            self._bodies[column].feed(event.text)
        elif isinstance(event, Retrying):
            reason = event.error.type or "no connection"
            self._waits[column] = f"{reason}, again in {event.delay_s:.0f} s"
        elif isinstance(event, Queued):
            self._waits[column] = "queued…"
        elif isinstance(event, Started):
            self._waits.pop(column, None)
        # Nothing else is to be seen, and would delay the first token; of several, an end is.
        ended = len(self._folds) > 1 and isinstance(event, Finish | Failure)
        if self._live and (ended or isinstance(event, _SEEN)):
            self._pace.touch()

    def close(self) -> None:
        """Paint no more: another view takes the display over."""
        self._pace.close()
        budget.shared().leave(self)

    def restart(self, column: int) -> None:
        """Show the column empty."""
        self._folds[column] = Fold(self._requests[column])
        self._bodies[column] = _Body(self._reader.growing())
        self._pace.touch()

    async def settle(self, completions: Sequence[Completion]) -> None:
        """Replace the display by what is to be saved."""
        self.close()
        self._show(await apart(self._controls, completions, self._reader))

    def _show(self, bundle: Bundle) -> None:
        data, metadata = bundle
        self._publisher.publish(data, metadata, transient=self._transient, update=self._shown)
        self._shown = True

    def _paint(self) -> float:
        shared, begun_s = budget.shared(), time.thread_time()
        bundle = self._bundle()
        self._show(bundle)
        shared.spend(time.thread_time() - begun_s)
        size = sum(len(part) for part in bundle[0].values())
        together_s = size / _BYTES_PER_S * shared.runs
        return max(_SHORTEST_S, together_s, shared.interval_s(self))

    def _bundle(self) -> Bundle:
        completions = [fold.completion() for fold in self._folds]
        bodies = [body.html() for body in self._bodies]
        states = [self._state(number, one) for number, one in enumerate(completions)]
        note = html.escape(self._note)
        if len(completions) > 1:
            shown = side_by_side.live(completions, states, bodies)
            shown += f'<div class="zenmux-footer" style="{SMALL}">{note}</div>'
            lines = [
                f"{one.model} · {state}" for one, state in zip(completions, states, strict=True)
            ]
            return {"text/html": shown, "text/plain": inert("\n".join(lines))}, {}
        line = f"{completions[0].model} · {states[0]}"
        note = f"<br>{note}" if note else ""
        head = f'<div class="zenmux-footer" style="{SMALL}">{html.escape(line)}{note}</div>'
        plain = inert(completions[0].text[:LONGEST] or line)
        return {"text/html": f"<div>{bodies[0]}{head}</div>", "text/plain": plain}, {}

    def _state(self, number: int, completion: Completion) -> str:
        if completion.duration_s is not None:
            return ending_of(completion) or "done"
        if completion.text:
            return "answering…"
        if completion.reasoning:
            return f"thinking… {len(completion.reasoning.split()):,} words"
        return self._waits.get(number, "waiting…")


class _Body:
    """A growing answer as one piece of HTML.

    Args:
        document: The renderer, empty.
    """

    def __init__(self, document: IncrementalMarkdown) -> None:
        self._document = document
        self._fresh: list[str] = []
        self._size = 0

    def feed(self, text: str) -> None:
        """Add a piece of the answer; what no page could bear is shown at its end, see `settled`."""
        if self._size <= LONGEST:
            self._size += len(text)
            self._fresh.append(text)

    def html(self) -> str:
        """All that has come."""
        self._document.feed("".join(self._fresh))
        self._fresh.clear()
        self._document.take()
        patch = self._document.snapshot()
        commit, live = patch.commit, patch.live or ""
        if not live or not patch.live_join:
            return commit + live
        # So many elements of the one go on in the other: they are neither ended nor begun.
        ends = re.search(rf"(?:</\w+>\s*){{{patch.live_join}}}\Z", commit)
        begins = re.match(rf"(?:\s*<[^>]*>){{{patch.live_join}}}", live)
        if ends is None or begins is None:
            return commit + live
        return commit[: ends.start()] + live[begins.end() :]
