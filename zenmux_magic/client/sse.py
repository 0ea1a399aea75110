"""Server-sent events: bytes in, events out; no I/O.

The carry between two calls of `feed` is the whole state, so any chunking of the same bytes gives
the same events, cut in the middle of a UTF-8 character or of a CRLF too. Lines end at LF, CR or CRLF
and nowhere else: U+2028 in an answer is text. What the data means is `wire`'s business.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

_EOL = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"
LONGEST = 32_000_000  # bytes of one event: nobody sends as much, and memory has an end


class EventTooLongError(Exception):
    """An event has more bytes than anybody means to send; what came of it is dropped."""


class ServerEvent(NamedTuple):
    """One event of the stream.

    Attributes:
        event: The value of its `event:` line, `message` without one.
        data: Its `data:` lines, joined by newlines.
    """

    event: str
    data: str


class Decoder:
    """Turns the bytes of a `text/event-stream` body into events."""

    def __init__(self) -> None:
        self._line: list[bytes] = []  # pieces of the unfinished line; joined once, so that a 10 MB
        self._swallow_lf = False  # line in small pieces stays linear
        self._first = True
        self._event = "message"
        self._data: list[str] = []
        self._held = 0  # bytes of the unfinished event

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """The events that this chunk completes.

        Raises:
            EventTooLongError: An event does not end.
        """
        if self._swallow_lf and chunk:
            self._swallow_lf = False
            if chunk[0] == 0x0A:
                chunk = chunk[1:]
        if b"\n" not in chunk and b"\r" not in chunk:
            if chunk:
                self._line.append(chunk)
                self._hold(len(chunk))
            return []
        self._swallow_lf = chunk.endswith(b"\r")
        lines = _EOL.split(chunk) if b"\r" in chunk else chunk.split(b"\n")
        self._line.append(lines[0])
        lines[0] = b"".join(self._line)
        rest = lines.pop()
        self._line = [rest] if rest else []
        events = self._take(lines)
        if events or not self._data:
            self._held = 0
        if rest or self._data:
            self._hold(len(chunk) if self._data else len(rest))
        return events

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > LONGEST:
            self._line, self._data = [], []
            raise EventTooLongError

    def flush(self) -> list[ServerEvent]:
        """The event that the end of the body leaves unfinished: some services end without a blank line."""
        line, self._line = b"".join(self._line), []
        return self._take([line, b""])

    def _take(self, lines: list[bytes]) -> list[ServerEvent]:
        if self._first:
            self._first = False
            lines[0] = lines[0].removeprefix(_BOM)
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                value = line[6:] if line.startswith(b" ", 5) else line[5:]
                self._data.append(value.decode(errors="replace"))
            elif line:
                self._take_rare(line)
            else:  # a blank line ends an event; a name alone is none
                if self._data:
                    events.append(ServerEvent(self._event, "\n".join(self._data)))
                    self._data = []
                self._event = "message"
        return events

    def _take_rare(self, line: bytes) -> None:
        if line.startswith(b"event:"):
            self._event = line[6:].decode(errors="replace").removeprefix(" ") or "message"
        elif line == b"data":
            self._data.append("")
        # Comments, `id`, `retry` and unknown fields change nothing here.
