"""Plays a `Reply` on a connection, step by step.

In: the script and the connection to play it on. Out: bytes and silences, and whether the connection
may be used again. The connection raises when the peer leaves; that ends the performance.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

from .records import Recorded
from .script import (
    Close,
    Endless,
    HalfClose,
    Head,
    Pause,
    Raw,
    Reply,
    Reset,
    Send,
    Silence,
    Stamp,
    Step,
    Tell,
    WaitFor,
)

# How long a step waits for an event of the test, or for a silent peer, before it gives up: longer than
# the test waits for what comes of it.
PATIENCE_S = 300.0


class Stage(Protocol):
    """The connection that a reply is played on."""

    def write(self, data: bytes, asked: Recorded) -> None:
        """Send and record."""

    def wait(self, until: float) -> None:
        """Wait until a monotonic time; raise if the peer leaves before."""

    def reset(self) -> None:
        """Drop the connection with RST."""

    def finish_writing(self) -> None:
        """Send FIN, keep reading."""


class Performance:
    """One reply on its way over one connection."""

    def __init__(self, connection: Stage, reply: Reply, asked: Recorded) -> None:
        self._on, self._reply, self._asked = connection, reply, asked
        self._headed = reply.framing == "none"
        self._due = time.monotonic()
        self._length = 0

    def play(self) -> bool:
        """Play the steps; whether the connection can take another request."""
        if not any(isinstance(step, Head) for step in self._reply.steps):
            self._head()
        for step in self._reply.steps:
            if not self._play(step):
                return False
        return self._end()

    def _play(self, step: Step) -> bool:
        """Play one step; False if it was the connection's last."""
        on = self._on
        if isinstance(step, Head):
            self._head()
        elif isinstance(step, Send):
            self._send(step.data)
        elif isinstance(step, Stamp):
            self._send(step.make(int(time.time() * 1000)))
        elif isinstance(step, Raw):
            on.write(step.data, self._asked)
        elif isinstance(step, Pause):
            self._due += step.seconds
            on.wait(self._due)
        elif isinstance(step, WaitFor):
            self._wait_for(step.event)
        elif isinstance(step, Tell):
            step.event.set()
        elif isinstance(step, Endless):
            self._go_on(step)
        elif isinstance(step, (Silence, HalfClose)):
            if isinstance(step, HalfClose):
                on.finish_writing()
            on.wait(time.monotonic() + PATIENCE_S)
            return False
        elif isinstance(step, Reset):
            on.reset()
            return False
        else:
            return not isinstance(step, Close)
        return True

    def _wait_for(self, event: threading.Event) -> None:
        """Wait for the test's event; look every few ms whether the peer is still there."""
        patience = time.monotonic() + PATIENCE_S
        while not event.is_set():
            if time.monotonic() > patience:
                raise TimeoutError("no test has set the event that a reply waits for")
            self._on.wait(time.monotonic() + 0.002)
        self._due = time.monotonic()

    def _go_on(self, step: Endless) -> None:
        """Until the peer leaves, which raises; a test that nobody ends fails."""
        patience = time.monotonic() + PATIENCE_S
        while (now := time.monotonic()) < patience:
            self._send(step.data)
            self._on.wait(now + step.every_s)
        raise TimeoutError("no client has left a reply without an end")

    def _head(self) -> None:
        if not self._headed:
            self._headed = True
            self._on.write(self._reply.head(), self._asked)

    def _send(self, data: bytes) -> None:
        self._length += len(data)
        if self._reply.framing == "chunked":
            # An empty chunk would be the end.
            data = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
        self._on.write(data, self._asked)

    def _end(self) -> bool:
        if self._reply.framing == "chunked":
            self._on.write(b"0\r\n\r\n", self._asked)
            return True
        claimed = self._reply.length
        return self._reply.framing == "length" and claimed in (None, self._length)
