"""Text as it comes, then one line of figures: for terminals and consoles.

In: a run's events. Out: plain text on a stream. Of several answers, the first that has not ended is
written as it comes, the next one when its turn is, in the order asked. Control characters of an
answer are taken out: an escape sequence could rewrite what stands on the user's screen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TextIO

from zenmux_magic.completion import Completion, Fold
from zenmux_magic.events import Event, Failure, Finish, ReasoningDelta, Retrying, TextDelta
from zenmux_magic.request import Request
from zenmux_magic.said import writable
from zenmux_magic.views import Controls
from zenmux_magic.views.settled import KEPT, footer

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


class TerminalView:
    """Writes a run to a text stream."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._stream = stream
        self._dim, self._plain = (_DIM, _PLAIN) if colour else ("", "")
        self._reasoning = False
        self._at_line_start = True
        self._turn = 0  # the column that is written now

    def open(self, requests: Sequence[Request], controls: Controls) -> None:
        """Nothing is written before something comes; of several, who answers first."""
        self._requests, self._controls = requests, controls
        self._kept: list[list[Event]] = [[] for _ in requests]  # until it is their turn
        self._folds = [Fold(request) for request in requests]
        if len(requests) > 1:
            self._head()

    def event(self, column: int, event: Event) -> None:
        """Write the event's text, now or when its column's turn comes."""
        self._folds[column].add(event)
        if column != self._turn:
            self._kept[column].append(event)
        elif self._written(event):
            self._next()

    def restart(self, column: int) -> None:
        """Nothing asks again from a terminal."""

    async def settle(self, completions: Sequence[Completion]) -> None:
        """End the line and write the figures."""
        if len(completions) == 1:
            self._foot(completions[0])

    def _next(self) -> None:
        """Go on with the columns after the one that has ended."""
        while len(self._requests) > 1:
            completion = self._folds[self._turn].completion()
            cost = self._controls.cost(self._turn, completion.model, completion.usage)
            self._foot(replace(completion, cost_usd=cost.usd, price_unknown=cost.unknown))
            self._turn += 1
            if self._turn == len(self._requests):
                return
            self._head()
            if not any(self._written(event) for event in self._kept[self._turn]):
                return

    def _written(self, event: Event) -> bool:
        """Write an event; whether it was the column's last."""
        if isinstance(event, TextDelta):
            if self._reasoning:
                self._reasoning = False
                self._write(f"{self._plain}\n\n")
            self._write(_harmless(event.text))
        elif isinstance(event, ReasoningDelta):
            if not self._reasoning:
                self._reasoning = True
                self._write(f"{self._dim}thinking: ")
            self._write(_harmless(event.text))
        elif isinstance(event, Retrying):
            reason = _harmless(event.error.type or "no connection")
            self._write(f"{self._dim}({reason}, again in {event.delay_s:.0f} s){self._plain}\n")
        return isinstance(event, Finish | Failure)

    def _head(self) -> None:
        request = self._requests[self._turn]
        gap = "\n" if self._turn else ""
        name = _harmless(f"{request.model} {request.settings}".strip())
        self._write(f"{gap}── {name} ──\n")

    def _foot(self, completion: Completion) -> None:
        if self._reasoning:
            self._reasoning = False
            self._write(self._plain)
        if not self._at_line_start:
            self._write("\n")
        parts = [_harmless(footer(completion)), *([KEPT] if completion.kept else [])]
        if completion.ttfa_s is not None:
            parts.append(f"first token {completion.ttfa_s:.2f} s")
        if completion.tokens_per_s is not None:
            parts.append(f"{completion.tokens_per_s:.0f} tokens/s")
        if len(self._requests) > 1 and completion.error is not None:
            self._write(f"{_harmless(str(completion.error))}\n")
        self._write(f"{self._dim}— {' · '.join(parts)}{self._plain}\n")

    def _write(self, text: str) -> None:
        if text:
            self._stream.write(writable(text, self._stream))
            self._stream.flush()
            self._at_line_start = text.endswith("\n")


def _harmless(text: str) -> str:
    return _CONTROL.sub("", text)
