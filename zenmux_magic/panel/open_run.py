"""A run that stays open: columns may be added, taken away and asked again at any time.

In: calls. Out: the same calls of a view as in `run`, but that it never settles, and the completions
as they are. What one column does is `asking`'s business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from zenmux_magic.asking import Asking, Call
from zenmux_magic.completion import Completion
from zenmux_magic.cost import Cost
from zenmux_magic.engine import Engine
from zenmux_magic.errors import ArgumentError
from zenmux_magic.events import Event, Usage

if TYPE_CHECKING:
    from zenmux_magic.client import Connections
    from zenmux_magic.views.board import BoardView

T = TypeVar("T")


class OpenRun:
    """Columns on the engine's loop; methods are safe from any thread.

    Args:
        engine: Where it runs.
        calls: What is asked at once.
        view: Shows it.
        changed: Called on the engine's thread whenever a column has begun, ended or gone.

    Attributes:
        latest: Each column's number and its answer, without those taken away, as of the last change.
        running: The numbers of the columns that have not ended.
    """

    def __init__(
        self,
        engine: Engine,
        calls: Sequence[Call],
        view: BoardView,
        changed: Callable[[], None],
    ) -> None:
        self.latest: tuple[tuple[int, Completion], ...] = ()
        self.running: frozenset[int] = frozenset()
        self._calls = list(calls)
        self._view = view
        self._changed = changed
        self._loop, self._pool = engine.start()
        self._columns: list[Asking] = []
        self._gone: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        engine.submit(self._open).result()  # it only begins: the view is there when this returns

    def add(self, call: Call) -> None:
        """Ask one more."""
        self._at_once(self._add, call)

    def retry(self, column: int) -> None:
        """Ask a column again, if it has ended."""
        self._at_once(self._again, column)

    def remove(self, column: int) -> None:
        """End a column and take it away."""
        self._at_once(self._remove, column)

    def stop(self, column: int | None = None) -> None:
        """End one column, or all: what has come is the answer."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end, column)

    def cost(self, column: int, model: str, usage: Usage) -> Cost:
        """What so many tokens cost in one column, of the model that served."""
        return self._calls[column].price(model, usage)

    def aside(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Do on another thread what would hold the loop up."""
        return self._loop.run_in_executor(self._pool, work)

    def _at_once(self, act: Callable[..., None], *args: Any) -> None:
        """Act on the loop; `latest` and `running` say so when this returns."""
        if self._loop.is_closed():
            raise ArgumentError(
                "The extension was unloaded since this run. Press Run, or call run(), to ask anew."
            )
        if self._home:
            act(*args)
            return

        async def on_the_loop() -> None:
            act(*args)

        asyncio.run_coroutine_threadsafe(on_the_loop(), self._loop).result()

    @property
    def _home(self) -> bool:
        """Whether this is the loop's own thread, as when the page says something to the board."""
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False

    async def _open(self, connections: Connections) -> None:
        self._connections = connections
        self._view.open([call.request for call in self._calls], self)
        for number, call in enumerate(self._calls):
            self._columns.append(Asking(call, partial(self._show, number)))
            self._begin(number)
        self._tell()

    def _show(self, number: int, event: Event) -> None:
        if number not in self._gone:
            self._view.event(number, event)

    def _begin(self, number: int) -> None:
        task = self._columns[number].begin(self._connections)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._tell()
        if not self.running:
            self._view.rest()
        if not task.cancelled():  # as when the engine stops before it has begun
            task.result()

    def _add(self, call: Call) -> None:
        number = len(self._calls)
        self._calls.append(call)
        self._columns.append(Asking(call, partial(self._show, number)))
        self._view.add(call.request)
        self._begin(number)
        self._tell()

    def _again(self, column: int) -> None:
        if self._columns[column].over and column not in self._gone:
            self._view.restart(column)
            self._begin(column)
            self._tell()

    def _remove(self, column: int) -> None:
        self._columns[column].end("stopped")
        self._gone.add(column)
        self._view.remove(column)
        self._tell()

    def _end(self, column: int | None) -> None:
        for one in self._columns if column is None else [self._columns[column]]:
            one.end("stopped")

    def _tell(self) -> None:
        present = [(n, one) for n, one in enumerate(self._columns) if n not in self._gone]
        self.latest = tuple((number, one.completion()) for number, one in present)
        self.running = frozenset(number for number, one in present if not one.over)
        self._changed()
