"""Whose turn it is: how many requests are under way, and how many may leave in a minute.

In: whoever wants to send. Out: they wait, first come first served, and are told until when. One
`Limiter` for each service and key, shared by all that the kernel asks; used on the engine's loop.
It knows no request.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

# The service counts when requests arrive, we when they leave: two seconds for the difference.
WINDOW_S = 62.0
# Told when a request has to wait: the seconds until its turn at the earliest, or `None` where that
# depends on others' ends.
Told = Callable[[float | None], None]


@dataclass(eq=False)
class _Waiter:
    """One request that waits: for a place under way, or (one that has it) only to send again."""

    place: bool
    turn: asyncio.Future[None]


class Limiter:
    """Lets so many requests be under way, and so many leave within a window.

    Args:
        in_flight: How many may be under way at once.
        per_window: How many may leave within `window_s`; 0 for any number.
        window_s: Length of the window in seconds.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        in_flight: int,
        per_window: int = 0,
        *,
        window_s: float = WINDOW_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.in_flight, self.per_window = in_flight, per_window
        self._window_s, self._clock = window_s, clock
        self._under_way = 0
        self._left: deque[float] = deque()  # when requests left within the window, oldest first
        self._waiting: deque[_Waiter] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, told: Told) -> AsyncIterator[None]:
        """Wait for a turn, and hold it while the request is under way."""
        await self._wait(told, place=True)
        try:
            yield
        finally:
            self._under_way -= 1
            self._admit()

    async def again(self, told: Told) -> None:
        """Wait until one that is under way may send once more: an attempt counts as a request."""
        await self._wait(told, place=False)

    async def _wait(self, told: Told, *, place: bool) -> None:
        waiter = _Waiter(place, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._admit()
        if not waiter.turn.done():
            told(self._until_s(len(self._waiting)))
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif place:  # its turn came in the same moment
                self._under_way -= 1
            self._admit()
            raise

    def _admit(self) -> None:
        """Let everyone go whose turn it is, and see to it that the next one will."""
        self._forget()
        # One that only sends again has its place, and waits behind none that needs one.
        while (waiter := next(filter(self._free, self._waiting), None)) is not None:
            self._waiting.remove(waiter)
            self._under_way += waiter.place
            self._left.append(self._clock())
            waiter.turn.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting and self._full():
            wait_s = self._left[0] + self._window_s - self._clock()
            self._timer = asyncio.get_running_loop().call_later(max(0.0, wait_s), self._admit)

    def _free(self, waiter: _Waiter) -> bool:
        if waiter.turn.done():  # cancelled, and not yet gone
            return False
        return not self._full() and (not waiter.place or self._under_way < self.in_flight)

    def _full(self) -> bool:
        return 0 < self.per_window <= len(self._left)

    def _forget(self) -> None:
        while self._left and self._left[0] + self._window_s <= self._clock():
            self._left.popleft()

    def _until_s(self, position: int) -> float | None:
        """Seconds until the one at this position of the queue may leave, by the window alone."""
        spare = self.per_window - len(self._left)
        if not self.per_window or position <= spare:
            return None
        rounds, place = divmod(position - spare - 1, self.per_window)
        left = list(self._left) or [self._clock()]
        first = left[min(place, len(left) - 1)] + self._window_s - self._clock()
        return max(0.0, first) + rounds * self._window_s


_shared: dict[Hashable, Limiter] = {}
if hasattr(os, "register_at_fork"):
    # A child has none of the requests that are under way in its parent.
    os.register_at_fork(after_in_child=_shared.clear)


def shared(whose: Hashable, in_flight: int, per_window: int) -> Limiter:
    """The kernel's limiter for one service and key.

    Args:
        whose: Tells services and keys apart.
        in_flight: How many may be under way at once, from now on.
        per_window: How many may leave in a minute, from now on; 0 for any number.
    """
    limiter = _shared.setdefault(whose, Limiter(in_flight, per_window))
    limiter.in_flight, limiter.per_window = in_flight, per_window
    return limiter
