"""One column of a board: events in, operations for the page out.

An operation is a JSON list `[name, column, …]`. `part` is 0 for the answer, 1 for the reasoning.

    ["reset",  column, part]                      all of it is void and comes again
    ["commit", column, part, join, html]          append finished HTML; it is never touched again
    ["live",   column, part, join, keep, html]    the growing end: `keep` characters of it, + html
    ["append", column, part, text]                more text at the end of the growing end
    ["status", column, {…}]                       the line above, see `progress`
    ["restart", column]                           the column is asked again: all of it is void
    ["add", column, {…}]                          one more column, as in a snapshot

`join` is that of `markdown.incremental.Patch`, which tells how a page puts the HTML together.

`snapshot` gives the same as one value, for a page that has nothing yet. It sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from zenmux_magic.completion import Completion, Fold
from zenmux_magic.events import Event, Failure, Finish, ReasoningDelta, Started, TextDelta
from zenmux_magic.markdown.incremental import IncrementalMarkdown
from zenmux_magic.request import Request
from zenmux_magic.views.progress import Price, Progress, Status, free
from zenmux_magic.views.settled import LONGEST

Operation = list[Any]
_MORE = (
    "\n\nThere is more than can be shown while it comes. The whole text is shown at its end.\n\n"
)
STATUS_S = 0.25  # figures that change oftener cannot be read


class Part:
    """A growing text and what the page has of it.

    Args:
        document: The renderer, empty.
    """

    def __init__(self, document: IncrementalMarkdown) -> None:
        self.document = document
        self._fresh: list[str] = []  # read when it is to be shown: all at once costs a fraction
        self._live = ""  # as it was last sent whole
        self._size = 0

    def feed(self, text: str) -> None:
        """Add a piece of the text; what no page could bear is shown at its end, see `settled`."""
        if self._size <= LONGEST:
            self._size += len(text)
            self._fresh.append(text if self._size <= LONGEST else f"{text}{_MORE}")

    def finish(self) -> None:
        """The text is complete."""
        self._read()
        self.document.finish()

    def _read(self) -> None:
        if self._fresh:
            self.document.feed("".join(self._fresh))
            self._fresh.clear()

    def operations(self, column: int, part: int) -> list[Operation]:
        """What changed since the last call."""
        self._read()
        patch = self.document.take()
        found: list[Operation] = []
        if patch.reset:
            found.append(["reset", column, part])
            self._live = ""
        if patch.commit:
            found.append(["commit", column, part, patch.join, patch.commit])
        if patch.live is not None:
            # What grows at its end keeps its beginning.
            keep = _common(self._live, patch.live)
            # The page counts UTF-16 units: beyond the BMP it would cut elsewhere.
            units = len(patch.live[:keep].encode("utf-16-le")) // 2
            found.append(["live", column, part, patch.live_join, units, patch.live[keep:]])
            self._live = patch.live
        if patch.append:
            found.append(["append", column, part, patch.append])
        return found

    def snapshot(self) -> dict[str, Any]:
        """All that the operations have told."""
        patch = self.document.snapshot()
        self._live = ""  # of what a page had before, nothing can be kept
        return {"commit": patch.commit, "live": patch.live or "", "join": patch.live_join}


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


class Column:
    """One answer on its way to the page.

    Args:
        number: Which column it is.
        request: What was asked.
        new_document: Makes an empty renderer.
        clock_s: Seconds since the run began.
        price: What tokens of a model cost.
    """

    def __init__(
        self,
        number: int,
        request: Request,
        new_document: Callable[[], IncrementalMarkdown],
        clock_s: Callable[[], float],
        price: Price = free,
    ) -> None:
        self.number = number
        self._request, self._new_document, self._price = request, new_document, price
        self._clock_s = clock_s
        self._restarted = False
        self._empty()

    def _empty(self) -> None:
        self.begun = False  # whether a first token has come
        self.stale = False  # whether the figures on the page are older than the text
        self._progress = Progress(self._request, self._price)
        self._fold = Fold(self._request)
        self._parts = (Part(self._new_document()), Part(self._new_document()))
        self._zero_s = self._clock_s()  # when its request left, by the run's clock
        self._status_due_s = 0.0
        self._ended: Status | None = None

    def add(self, event: Event) -> None:
        """Take in an event."""
        if isinstance(event, Started):
            self._zero_s = self._clock_s() - event.at_s
        self._fold.add(event)
        if self._progress.add(event):
            self._status_due_s = 0.0
        if isinstance(event, TextDelta):
            self._parts[0].feed(event.text)
            self.begun = True
        elif isinstance(event, ReasoningDelta):
            self._parts[1].feed(event.text)
            self.begun = True
        elif isinstance(event, Finish | Failure):
            self.end(self._fold.completion())

    def end(self, completion: Completion) -> None:
        """No more events come."""
        if self._ended is None:
            for part in self._parts:
                part.finish()
            self._ended = self._progress.ended(completion)
            self._status_due_s = 0.0

    def restart(self) -> None:
        """It is asked again: what the page has of it is void."""
        self._empty()
        self._restarted = True

    def remove(self) -> None:
        """It is taken away: no page shows it any more."""
        self._ended = replace(self._status(), phase="removed", text="", error="")
        self._status_due_s = 0.0

    def operations(self) -> list[Operation]:
        """What changed since the last call."""
        found: list[Operation] = [["restart", self.number]] if self._restarted else []
        self._restarted = False
        for place, part in enumerate(self._parts):
            found += part.operations(self.number, place)
        now_s = self._clock_s()
        self.stale = now_s < self._status_due_s < float("inf")
        if now_s >= self._status_due_s:
            self._status_due_s = float("inf") if self._ended else now_s + STATUS_S
            found.append(["status", self.number, self._status().to_dict()])
        return found

    def snapshot(self) -> dict[str, Any]:
        """All that there is, as one value."""
        parts = [part.snapshot() for part in self._parts]
        return {"status": self._status().to_dict(), "parts": parts}

    def _status(self) -> Status:
        return self._ended or self._progress.status(self._clock_s() - self._zero_s)
