"""Fan-out: a list of calls in, completions out, a view fed on the way.

One model is the list of length one: a comparison is not another code path. A run under way is an
`Answer`; it lives on the engine's loop, and whoever wants its result waits for it, awaiting or not.
What one column does is `asking`'s business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from zenmux_magic.asking import Asking, Call
from zenmux_magic.attentive import POLL_S, attentive
from zenmux_magic.client import Connections
from zenmux_magic.comparison import Comparison
from zenmux_magic.completion import Completion
from zenmux_magic.cost import Cost
from zenmux_magic.engine import Engine, cancel
from zenmux_magic.errors import RequestError, exception_of
from zenmux_magic.events import Event, Usage
from zenmux_magic.views import View

T = TypeVar("T")


class Answer:
    """A run under way: awaitable, and yields the completions once all columns have ended."""

    def __init__(self, engine: Engine, calls: Sequence[Call], view: View) -> None:
        self.view_error: Exception | None = None
        self._calls = tuple(calls)
        self._view = view
        self._loop, self._pool = engine.start()
        self._columns = [Asking(call, self._shower(n)) for n, call in enumerate(self._calls)]
        self._ended: SimpleQueue[None] = SimpleQueue()
        self._done = False
        self._future: Future[tuple[Completion, ...]] = engine.submit(self._drive)
        self._future.add_done_callback(self._note_end)

    @property
    def done(self) -> bool:
        """Whether all columns have ended."""
        return self._done

    def stop(self, column: int | None = None) -> None:
        """End one column, or all: what has come is the answer, with the finish reason `stopped`."""
        self._from_any_thread(column, "stopped")

    def retry(self, column: int) -> None:
        """Ask one column again, if it has ended while another still runs; else nothing happens."""
        if not self.done:
            self._loop.call_soon_threadsafe(self._again, column)

    def cost(self, column: int, model: str, usage: Usage) -> Cost:
        """What so many tokens cost in one column, of the model that served."""
        return self._calls[column].price(model, usage)

    def aside(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Do on another thread what would hold the loop up."""
        return self._loop.run_in_executor(self._pool, work)

    def interrupt(self) -> None:
        """End all columns as interrupted: what has come is kept, with an error."""
        self._from_any_thread(None, "interrupted")

    def result(self) -> tuple[Completion, ...]:
        """Block until all columns have ended.

        Returns:
            One completion a column, in the order of the calls.
        """
        # Not `futures.wait`: its locks are taken in Python, and one that an interrupt leaves taken
        # holds up the engine, and with it every later answer, for ever.
        while not self._done:  # on Windows, a lock that only waits hears no Ctrl-C
            with suppress(Empty):
                self._ended.get(timeout=POLL_S)
        return self._future.result()

    async def wait(self) -> tuple[Completion, ...]:
        """The completions, on any event loop. Cancelling the wait leaves the run alone."""
        return await attentive(asyncio.wrap_future(self._future))

    def __await__(self) -> Generator[Any, None, Completion | Comparison]:
        return value_of((yield from self.wait().__await__()))

    def when_done(self, call: Callable[[], object]) -> None:
        """Have `call` called once all columns have ended, on any thread, however they ended."""
        self._future.add_done_callback(lambda _: call())

    def _note_end(self, _: Future[tuple[Completion, ...]]) -> None:
        self._done = True
        self._ended.put(None)

    def _from_any_thread(self, column: int | None, how: str) -> None:
        if not self.done:  # afterwards the loop may be closed
            self._loop.call_soon_threadsafe(self._end, column, how)

    def _end(self, column: int | None, how: str) -> None:
        for one in self._columns if column is None else [self._columns[column]]:
            one.end(how)

    def _again(self, column: int) -> None:
        asked = self._columns[column]
        if asked.over and not all(one.over for one in self._columns):
            self._show("restart", column)
            self._tasks.add(asked.begin(self._connections))

    async def _drive(self, connections: Connections) -> tuple[Completion, ...]:
        self._connections = connections
        self._show("open", [call.request for call in self._calls], self)
        self._tasks = {column.begin(connections) for column in self._columns}
        try:
            while self._tasks:  # a column that is asked again is one more
                for task in await self._next_ended():
                    task.result()
        finally:
            for task in self._tasks:
                cancel(task)
        completions = tuple(column.completion() for column in self._columns)
        with self._failing():  # also where the view failed before: what is saved may be whole
            await self._view.settle(completions)
        return completions

    async def _next_ended(self) -> set[asyncio.Task[None]]:
        try:
            ended, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:  # the engine stops: what has come is the answer
            self._end(None, "stopped")
            return set()
        self._tasks -= ended
        return ended

    def _shower(self, number: int) -> Callable[[Event], None]:
        return lambda event: self._show("event", number, event)

    def _show(self, method: str, *args: Any) -> None:
        """Feed the view, as long as it does not fail."""
        if self.view_error is None:
            with self._failing():
                getattr(self._view, method)(*args)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """A view that fails must not cost the answer: its error is kept, for whoever waits."""
        try:
            yield
        except Exception as error:  # noqa: BLE001
            self.view_error = self.view_error or error


def value_of(completions: Sequence[Completion]) -> Completion | Comparison:
    """What a run gives to its user: one answer is itself, several are a comparison."""
    return completions[0] if len(completions) == 1 else Comparison(completions)


def failure_of(completions: Sequence[Completion], *, strict: bool = False) -> RequestError | None:
    """The exception that a run deserves: where every column failed, or, if strict, where one did."""
    failed = [one for one in completions if one.error is not None]
    if not failed or (len(failed) < len(completions) and not strict):
        return None
    assert failed[0].error is not None
    if len(completions) == 1:
        return exception_of(failed[0].error, failed[0])
    every = len(failed) == len(completions)
    alike = every and len({str(one.error) for one in failed}) == 1
    said = str(failed[0].error) if alike else _each(failed)
    count = "All" if every else f"{len(failed)} of"
    message = f"{count} {len(completions)} models failed. {said}"
    return exception_of(
        replace(failed[0].error, message=message, request_id=None), value_of(completions)
    )


def _each(failed: Sequence[Completion]) -> str:
    return " ".join(f"{one.requested_model}: {one.error}" for one in failed)
