"""Text as it comes, then one line of figures: for terminals and consoles.

In: a run's events. Out: plain text on a stream. Control characters of the answer are taken out: an
escape sequence could rewrite what stands on the user's screen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TextIO

from zenmux_magic.completion import Completion
from zenmux_magic.events import Event, ReasoningDelta, Retrying, TextDelta
from zenmux_magic.request import Request
from zenmux_magic.views import Controls
from zenmux_magic.views.settled import footer

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


class TerminalView:
    """Writes a run of one column to a text stream."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._stream = stream
        self._dim, self._plain = (_DIM, _PLAIN) if colour else ("", "")
        self._reasoning = False
        self._at_line_start = True

    def open(self, requests: Sequence[Request], controls: Controls) -> None:
        """Nothing is written before something comes."""

    def event(self, column: int, event: Event) -> None:
        """Write the event's text."""
        if isinstance(event, TextDelta):
            if self._reasoning:
                self._reasoning = False
                self._write(f"{self._plain}\n\n")
            self._write(_CONTROL.sub("", event.text))
        elif isinstance(event, ReasoningDelta):
            if not self._reasoning:
                self._reasoning = True
                self._write(f"{self._dim}thinking: ")
            self._write(_CONTROL.sub("", event.text))
        elif isinstance(event, Retrying):
            reason = event.error.type or "no connection"
            self._write(f"{self._dim}({reason}, again in {event.delay_s:.0f} s){self._plain}\n")

    def restart(self, column: int) -> None:
        """Nothing asks a column again yet."""

    def settle(self, completions: Sequence[Completion]) -> None:
        """End the line and write the figures."""
        if self._reasoning:
            self._write(self._plain)
        if not self._at_line_start:
            self._write("\n")
        completion = completions[0]
        parts = [footer(completion)]
        if completion.ttfa_s is not None:
            parts.append(f"first token {completion.ttfa_s:.2f} s")
        if completion.tokens_per_s is not None:
            parts.append(f"{completion.tokens_per_s:.0f} tokens/s")
        self._write(f"{self._dim}— {' · '.join(parts)}{self._plain}\n")

    def _write(self, text: str) -> None:
        if text:
            self._stream.write(text)
            self._stream.flush()
            self._at_line_start = text.endswith("\n")
