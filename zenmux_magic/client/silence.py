"""How long a read may take: a limit in seconds in, `Silence` out when nothing came for so long.

One timer for a whole response, set again only when it rings: a time-out of its own for every read
would cost more than decoding what was read. For asyncio, on which all requests run.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from types import TracebackType

_LATE_S = 0.1  # a timer that rings later than this waited for the loop


class Silence(Exception):  # noqa: N818 — caught where it is told to a person
    """Nothing came for `limit_s` seconds."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(limit_s)
        self.limit_s = limit_s


class Watch(AbstractContextManager[None]):
    """Watches one read after the other: `with watch.over(limit_s): await …`."""

    def __init__(self) -> None:
        self._limit_s = 0.0
        self._due = 0.0
        self._reader: asyncio.Task[object] | None = None  # while it reads
        self._timer: asyncio.TimerHandle | None = None
        self._rang = False
        self._excused = False  # the read that waits, once

    def over(self, limit_s: float) -> Watch:
        """This watch, with a limit for the next read."""
        self._limit_s = limit_s
        return self

    def stop(self) -> None:
        """Take the timer back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._reader = asyncio.current_task()
        self._excused = False
        self._rang = False  # also where the read before has swallowed it, see `engine.cancel`
        self._due = loop.time() + self._limit_s
        if self._timer is None or self._timer.when() > self._due:
            self.stop()
            self._timer = loop.call_at(self._due, self._ring)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        reader, self._reader = self._reader, None
        if not self._rang or kind is not asyncio.CancelledError:
            return
        self._rang = False
        # Python 3.11 counts who cancelled: if somebody else did too, it is for them.
        if reader is None or not hasattr(reader, "uncancel") or reader.uncancel() == 0:
            raise Silence(self._limit_s)

    def _ring(self) -> None:
        self._timer = None
        if self._reader is None:
            return  # nobody reads just now; the next read sets the timer
        loop = asyncio.get_running_loop()
        if loop.time() > self._due + _LATE_S and not self._excused:
            # The loop itself stood still: what came meanwhile is only being read.
            self._excused = True
            self._due = loop.time() + _LATE_S
        if loop.time() < self._due:
            self._timer = loop.call_at(self._due, self._ring)
        else:
            self._rang = True
            self._reader.cancel()
