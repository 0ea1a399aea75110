"""A response as a script: the steps that can be played on a socket, and `Reply`, which holds them.

Values only: `replies` and `faults` build them, `performance` plays them.

A body is played as one write to the socket per `Send`, and as one HTTP chunk if the framing is
chunked. The receiver's kernel may still join writes that it reads late; `Pause` keeps them apart.

    Reply(steps=[Pause(2), Head(), Send(b"data: late\n\n")])     # silence before the head
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Framing = Literal["chunked", "length", "close", "none"]

# What the gateway's header X-ZenMux-RequestId says, unless a reply says otherwise.
REQUEST_ID = "req-0a1b2c3d4e5f"


@dataclass(frozen=True)
class Head:
    """Send status line and headers here; without this step they go out before the first step."""


@dataclass(frozen=True)
class Send:
    """Send body bytes in one write, framed as the reply's framing says."""

    data: bytes


@dataclass(frozen=True)
class Raw:
    """Send bytes past the framing: `Raw(b"zz\\r\\n")` is a chunk whose size is no number."""

    data: bytes


@dataclass(frozen=True)
class Stamp:
    """Send what `make` gives for the clock (Unix time, milliseconds) as the bytes leave."""

    make: Callable[[int], bytes]


@dataclass(frozen=True)
class Pause:
    """Wait; pauses in a row of steps are kept on schedule, so a pace does not drift."""

    seconds: float


@dataclass(frozen=True)
class WaitFor:
    """Wait until the test sets the event (or the client leaves)."""

    event: threading.Event


@dataclass(frozen=True)
class Tell:
    """Set an event for the test: everything before this step has left."""

    event: threading.Event


@dataclass(frozen=True)
class Endless:
    """Send these body bytes again and again, until the client leaves."""

    data: bytes
    every_s: float = 0.01


@dataclass(frozen=True)
class Silence:
    """Say nothing more, keep the connection until the client leaves."""


@dataclass(frozen=True)
class Reset:
    """Drop the connection with a TCP reset."""


@dataclass(frozen=True)
class Close:
    """Close the connection in order, without the end that the framing promises."""


@dataclass(frozen=True)
class HalfClose:
    """Send FIN, go on reading: the connection stays until the client closes it."""


Step = (
    Head | Send | Raw | Stamp | Pause | WaitFor | Tell | Endless | Silence | Reset | Close
    | HalfClose
)  # fmt: skip


@dataclass(frozen=True)
class Reply:
    """One scripted response.

    Attributes:
        status: HTTP status.
        headers: Header fields beside the framing's; they win over the defaults
            (`content-type`, `x-zenmux-requestid`).
        steps: What happens, in order. A good end of the framing follows the last step by itself.
        framing: `chunked`; `length` (Content-Length); `close` (HTTP/1.0, ended by FIN); `none`
            (no head, no framing: the steps are the whole response).
        length: The Content-Length to claim, if not the true one.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    steps: Sequence[Step] = ()
    framing: Framing = "chunked"
    length: int | None = None

    def head(self) -> bytes:
        """The status line and headers as they go over the wire."""
        fields = {"content-type": "text/event-stream", "x-zenmux-requestid": REQUEST_ID}
        if self.framing == "chunked":
            fields["transfer-encoding"] = "chunked"
        elif self.framing == "length":
            true = sum(len(step.data) for step in self.steps if isinstance(step, Send))
            fields["content-length"] = str(true if self.length is None else self.length)
        else:
            fields["connection"] = "close"
        fields.update({name.lower(): value for name, value in self.headers.items()})
        version = "1.0" if self.framing == "close" else "1.1"
        lines = [f"HTTP/{version} {self.status} Scripted"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
