"""When to paint: the first change at once, then no oftener than a given interval.

In: `touch()` whenever something changed. Out: calls of `paint`, on the running event loop. It knows
nothing of what is painted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Pace:
    """Coalesces changes into paints.

    Args:
        paint: Draws the present state; returns the seconds until the next paint is allowed.
    """

    def __init__(self, paint: Callable[[], float]) -> None:
        self._paint = paint
        self._due_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def touch(self) -> None:
        """Something changed: paint now if it is time, otherwise as soon as it is."""
        if self._timer is not None or self._due_s == float("inf"):
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= self._due_s:
            self._fire()
        else:
            # The timer inherits the context of the cell, which what it publishes belongs to.
            self._timer = loop.call_at(self._due_s, self._fire)

    def now(self) -> None:
        """Something came that must not wait: paint at once."""
        if self._due_s == float("inf"):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._fire()

    def _fire(self) -> None:
        self._timer = None
        self._due_s = asyncio.get_running_loop().time() + self._paint()

    def close(self) -> None:
        """Paint no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due_s = float("inf")
