"""One column of a run: a call that is asked, once or again, and the answer it adds up to.

In: a `Call`. Out: its events, told as they come, and its `Completion` at every moment. Ends for the
user's reasons are told apart: *stopped* is a success, *interrupted* an error. It knows no other
column.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from zenmux_magic.client import Connections, Secret, stream
from zenmux_magic.completion import Completion, Fold, replay
from zenmux_magic.cost import NOTHING, Cost
from zenmux_magic.engine import cancel
from zenmux_magic.errors import ErrorInfo
from zenmux_magic.events import Event, Failure, Finish, Queued, Started, Usage
from zenmux_magic.limiter import Limiter
from zenmux_magic.request import Request

# Whoever looks on counts from when a column was made; loading the transport may take a second.
_NOTICED_S = 0.1


def free(model: str, usage: Usage) -> Cost:
    """What is not charged by the token."""
    return NOTHING


class Record(Protocol):
    """An answer that is being written down."""

    def end(self, completion: Completion) -> None:
        """This is the whole of it."""
        ...


@dataclass(frozen=True)
class Call:
    """One request, and what it takes to send it.

    Attributes:
        request: What is asked.
        key: The key that may go with it.
        price: What tokens of a model cost, by the model that served.
        limiter: Whose turn it is to send; `None` for nobody to wait for.
        record: Begins to write an answer down, told the fold of its events; `None` for no record.
        spend: Told what it has cost, in US dollars, estimated.
        kept: The answer to the same request that was kept: it is told again, and nothing is sent.
    """

    request: Request
    key: Secret | None = None
    price: Callable[[str, Usage], Cost] = free
    limiter: Limiter | None = None
    record: Callable[[Fold], Record] | None = None
    kept: Completion | None = None
    spend: Callable[[Decimal], None] | None = None


class Asking:
    """A column; used on the engine's loop.

    Args:
        call: What is asked.
        show: Told of each event.
    """

    def __init__(self, call: Call, show: Callable[[Event], None]) -> None:
        self._call = call
        self._show = show
        self._fold = Fold(call.request)
        self._start = time.monotonic()
        self._how: str | None = None  # the user ended it
        self._task: asyncio.Task[None] | None = None
        self._kept = call.kept
        self._open = False  # begun, and its last event has not come
        self._tell_start = False  # whoever looks on waits for more than the service
        self.over = False

    def begin(self, connections: Connections) -> asyncio.Task[None]:
        """Ask, for the first time or again; the task that ends with the column."""
        self.over = False
        if self._task is not None:
            self._how = self._kept = None
            self._fold = Fold(self._call.request)
            self._tell_start = True
        self._task = asyncio.create_task(self._ask(connections))
        return self._task

    def end(self, how: str) -> None:
        """End it as `stopped` or `interrupted`; what has come is kept."""
        if self._how is None and not self.over:
            self._how = how
            if self._open and self._task is not None:
                cancel(self._task)

    def completion(self) -> Completion:
        """The answer so far, with what it cost."""
        completion = self._fold.completion()
        if self._kept is not None:
            paid = self._kept  # prices may be others by now
            return replace(
                completion, kept=True, cost_usd=paid.cost_usd, price_unknown=paid.price_unknown
            )
        if completion.usage.output_tokens is None:
            return completion
        cost = self._call.price(completion.model, completion.usage)
        return replace(completion, cost_usd=cost.usd, price_unknown=cost.unknown)

    async def _ask(self, connections: Connections) -> None:
        self._start = time.monotonic()
        if self._kept is not None and not self._how:
            for event in replay(self._kept):
                self._take(event)
            self.over = True
            return
        record: Record | None = None
        try:
            record = self._call.record(self._fold) if self._call.record else None
            if self._how:  # ended before it began
                raise asyncio.CancelledError
            self._open = True
            await connections.load(self._call.request)
            self._tell_start |= time.monotonic() - self._start > _NOTICED_S
            async with self._turn():
                await self._stream(connections)
        except asyncio.CancelledError:  # the user, or the engine that stops
            self._take(_ended(self._how or "stopped", time.monotonic() - self._start))
        finally:
            self._open = False
            self.over = True
            completion = self.completion()
            if self._call.spend is not None and completion.cost_usd is not None:
                self._call.spend(completion.cost_usd)
            whole = completion.duration_s is not None  # else it failed unforeseen
            if record is not None and whole:
                record.end(completion)

    def _turn(self) -> AbstractAsyncContextManager[None]:
        limiter = self._call.limiter
        return nullcontext() if limiter is None else limiter.turn(self._queued)

    def _queued(self, wait_s: float | None) -> None:
        at_s = time.monotonic() - self._start
        self._tell_start = True
        self._take(Queued(at_s, None if wait_s is None else at_s + wait_s))

    async def _stream(self, connections: Connections) -> None:
        if self._tell_start:
            self._take(Started(0.0))
        self._start = time.monotonic()
        call = self._call
        async with aclosing(
            stream(call.request, call.key, connections, sleep=self._pause)
        ) as events:
            async for event in events:
                self._take(event)

    async def _pause(self, seconds: float) -> None:
        """Wait before another attempt, which counts as a request."""
        await asyncio.sleep(seconds)
        if self._call.limiter is not None:
            await self._call.limiter.again(lambda _: None)

    def _take(self, event: Event) -> None:
        if isinstance(event, Finish | Failure):
            self._open = False  # a stop that comes now comes too late
        self._fold.add(event)
        self._show(event)


def _ended(how: str, at_s: float) -> Event:
    """The last event of a column that the user ended."""
    if how == "stopped":
        return Finish(at_s, "stopped")
    message = f"Interrupted after {at_s:.1f} s; what had come is kept."
    return Failure(at_s, ErrorInfo("Interrupted", message))
