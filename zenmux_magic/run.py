"""Fan-out: a list of calls in, completions out, a view fed on the way.

One model is the list of length one: a comparison is not another code path. A run under way is an
`Answer`; it lives on the engine's loop, and whoever wants its result waits for it, awaiting or not.
Ends for the user's reasons are told apart: *stopped* is a success, *interrupted* an error.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Sequence
from concurrent import futures
from concurrent.futures import Future
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from zenmux_magic.client import Connections, Secret, stream
from zenmux_magic.completion import Completion, Fold
from zenmux_magic.cost import NOTHING, Cost
from zenmux_magic.engine import Engine
from zenmux_magic.errors import ErrorInfo
from zenmux_magic.events import Event, Failure, Finish, Usage
from zenmux_magic.request import Request
from zenmux_magic.views import View

_POLL_S = 0.1  # a lock (on Windows) and an event loop (see `wait`) that only wait hear no Ctrl-C


@dataclass(frozen=True)
class Call:
    """One request and the key that may go with it."""

    request: Request
    key: Secret | None = None


class Answer:
    """A run under way: awaitable, and yields the completions once all columns have ended."""

    def __init__(self, engine: Engine, calls: Sequence[Call], view: View) -> None:
        self.view_error: Exception | None = None
        self._calls = tuple(calls)
        self._view = view
        self._loop = engine.loop()
        self._columns: dict[int, asyncio.Task[Any]] = {}  # those that have begun
        self._endings: dict[int, str] = {}
        self._future: Future[tuple[Completion, ...]] = engine.submit(self._drive)

    @property
    def done(self) -> bool:
        """Whether all columns have ended."""
        return self._future.done()

    def stop(self, column: int | None = None) -> None:
        """End one column, or all: what has come is the answer, with the finish reason `stopped`."""
        self._from_any_thread(column, "stopped")

    def retry(self, column: int) -> None:
        """Ask one column again, if it has ended while another still runs; else nothing happens."""

    def cost(self, column: int, model: str, usage: Usage) -> Cost:
        """What so many tokens cost in one column, of the model that served."""
        return NOTHING

    def interrupt(self) -> None:
        """End all columns as interrupted: what has come is kept, with an error."""
        self._from_any_thread(None, "interrupted")

    def result(self) -> tuple[Completion, ...]:
        """Block until all columns have ended.

        Returns:
            One completion a column, in the order of the calls.
        """
        while not futures.wait([self._future], _POLL_S).done:
            continue
        return self._future.result()

    async def wait(self) -> tuple[Completion, ...]:
        """The completions, on any event loop. Cancelling the wait leaves the run alone."""
        done = asyncio.wrap_future(self._future)
        # The timeout wakes the loop: ipykernel (6.29 to 7.4) turns SIGINT into a callback without
        # waking a loop that has nothing else to do, and the interrupt would wait for the answer.
        while not (await asyncio.wait([done], timeout=_POLL_S))[0]:
            continue
        return done.result()

    def __await__(self) -> Generator[Any, None, Completion | tuple[Completion, ...]]:
        completions = yield from self.wait().__await__()
        return completions[0] if len(completions) == 1 else completions

    def when_done(self, call: Callable[[], object]) -> None:
        """Have `call` called once all columns have ended, on any thread, however they ended."""
        self._future.add_done_callback(lambda _: call())

    def _from_any_thread(self, column: int | None, how: str) -> None:
        if not self.done:  # afterwards the loop may be closed
            self._loop.call_soon_threadsafe(self._end, column, how)

    def _end(self, column: int | None, how: str) -> None:
        numbers = range(len(self._calls)) if column is None else [column]
        for number in numbers:
            if number not in self._endings:
                self._endings[number] = how
                if number in self._columns:
                    self._columns[number].cancel()

    async def _drive(self, connections: Connections) -> tuple[Completion, ...]:
        self._show("open", [call.request for call in self._calls], self)
        columns = (self._column(n, call, connections) for n, call in enumerate(self._calls))
        completions = tuple(await asyncio.gather(*columns))
        self._show("settle", completions)
        return completions

    async def _column(self, number: int, call: Call, connections: Connections) -> Completion:
        fold = Fold(call.request)
        start = time.monotonic()

        def take(event: Event) -> None:
            if isinstance(event, (Finish, Failure)):
                self._columns.pop(number, None)  # a stop that comes now comes too late
            fold.add(event)
            self._show("event", number, event)

        task = asyncio.current_task()
        assert task is not None
        try:
            if number in self._endings:  # ended before it began
                raise asyncio.CancelledError
            self._columns[number] = task
            await connections.load(call.request)
            async with aclosing(stream(call.request, call.key, connections)) as events:
                async for event in events:
                    take(event)
        except asyncio.CancelledError:
            how = self._endings.get(number)
            if how is None:
                raise
            take(_ended(how, time.monotonic() - start))
        finally:
            self._columns.pop(number, None)
        return fold.completion()

    def _show(self, method: str, *args: Any) -> None:
        """Feed the view. A view that fails must not cost the answer: it is reported at the end."""
        if self.view_error is None:
            try:
                getattr(self._view, method)(*args)
            except Exception as error:  # noqa: BLE001 — kept, and raised by whoever waits
                self.view_error = error


def _ended(how: str, at_s: float) -> Event:
    """The last event of a column that the user ended."""
    if how == "stopped":
        return Finish(at_s, "stopped")
    message = f"Interrupted after {at_s:.1f} s; what had come is kept."
    return Failure(at_s, ErrorInfo("Interrupted", message))
