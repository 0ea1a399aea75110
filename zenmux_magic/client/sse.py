"""Server-sent events: bytes in, events out; no I/O.

The carry between two calls of `feed` is the whole state, so any chunking of the same bytes gives
the same events, cut in the middle of a UTF-8 character or of a CRLF too. Lines end at LF, CR or CRLF
and nowhere else: U+2028 in an answer is text. What the data means is `wire`'s business.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_EOL = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ServerEvent:
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

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """The events that this chunk completes."""
        if self._swallow_lf and chunk:
            self._swallow_lf = False
            if chunk[0] == 0x0A:
                chunk = chunk[1:]
        if b"\n" not in chunk and b"\r" not in chunk:
            if chunk:
                self._line.append(chunk)
            return []
        self._swallow_lf = chunk.endswith(b"\r")
        lines = _EOL.split(chunk) if b"\r" in chunk else chunk.split(b"\n")
        self._line.append(lines[0])
        lines[0] = b"".join(self._line)
        rest = lines.pop()
        self._line = [rest] if rest else []
        return [event for line in lines if (event := self._take(line)) is not None]

    def flush(self) -> list[ServerEvent]:
        """The event that the end of the body leaves unfinished: some services end without a blank line."""
        line, self._line = b"".join(self._line), []
        events = [self._take(line)] if line else []
        events.append(self._take(b""))
        return [event for event in events if event is not None]

    def _take(self, line: bytes) -> ServerEvent | None:
        if self._first:
            self._first = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        if line.startswith(b"data:"):
            value = line[5:]
            self._data.append((value[1:] if value[:1] == b" " else value).decode(errors="replace"))
        elif line.startswith(b"event:"):
            self._event = line[6:].decode(errors="replace").removeprefix(" ") or "message"
        elif line == b"data":
            self._data.append("")
        # Comments, `id`, `retry` and unknown fields change nothing here.
        return None

    def _dispatch(self) -> ServerEvent | None:
        data, self._data = self._data, []
        event, self._event = self._event, "message"
        if not data:  # a name alone is no event
            return None
        return ServerEvent(event, data[0] if len(data) == 1 else "\n".join(data))
