"""One event loop on a thread of its own, on which every request runs.

A main thread that is busy or blocked never stalls a stream, and code that has no event loop can
wait for one. In: coroutines. Out: `concurrent.futures` futures. It can be started, stopped and
started again, and knows nothing of requests but the connections that belong to its loop.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from zenmux_magic.client import Connections

T = TypeVar("T")

_ASIDE = 4  # threads beside the loop
_AGAIN_S = 1.0  # longer than it takes to close a connection, which a second time would break off


class Engine:
    """Owns a loop, its thread and its connections; all methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pool: ThreadPoolExecutor | None = None  # for what would block the loop
        self._connections: Connections | None = None
        self._pid = 0

    @property
    def running(self) -> bool:
        """Whether the thread is there, in this process: a fork inherits the object, not the thread."""
        return self._thread is not None and self._thread.is_alive() and self._pid == os.getpid()

    def start(self) -> tuple[asyncio.AbstractEventLoop, ThreadPoolExecutor]:
        """The loop and its pool, started if need be.

        The pool is for what would hold the loop up. It is not the loop's own: there names are looked
        up, and one that hangs holds a thread for as long as the system likes.
        """
        with self._lock:
            return self._started()

    def _started(self) -> tuple[asyncio.AbstractEventLoop, ThreadPoolExecutor]:
        if not self.running:
            self._loop = asyncio.new_event_loop()
            self._pool = ThreadPoolExecutor(_ASIDE, thread_name_prefix="zenmux-pool")
            self._connections = None
            self._pid = os.getpid()
            self._thread = threading.Thread(
                target=self._loop.run_forever, name="zenmux-engine", daemon=True
            )
            self._thread.start()
            atexit.register(self.stop)
        assert self._loop is not None
        assert self._pool is not None
        return self._loop, self._pool

    def submit(self, work: Callable[[Connections], Coroutine[Any, Any, T]]) -> Future[T]:
        """Run a coroutine on the loop, in a copy of the caller's context.

        What it publishes therefore belongs to the cell that submitted it, however many cells run
        until then.

        Args:
            work: Called on the loop with the kept connections.

        Returns:
            A future; cancelling it cancels the coroutine.
        """

        async def begin() -> T:
            return await work(self._kept_connections())

        with self._lock:  # or a stop could come between, and nobody would ever hear of it
            # Captures `contextvars.copy_context()` of this very call, and the task inherits it.
            return asyncio.run_coroutine_threadsafe(begin(), self._started()[0])

    def _kept_connections(self) -> Connections:
        if self._connections is None:
            from zenmux_magic.client import Connections

            self._connections = Connections(self._pool)
        return self._connections

    def stop(self) -> None:
        """Cancel what runs, close the connections, end the threads. Safe to call twice.

        What the pool is at is waited for.
        """
        with self._lock:
            loop, thread, pool, running = self._loop, self._thread, self._pool, self.running
            self._loop = self._thread = self._pool = None
        atexit.unregister(self.stop)
        if not running or loop is None or thread is None or pool is None:
            return
        asyncio.run_coroutine_threadsafe(self._wind_down(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        pool.shutdown()

    async def _wind_down(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            cancel(task)
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._connections is not None:
            await self._connections.aclose()
        await asyncio.get_running_loop().shutdown_asyncgens()


def cancel(task: asyncio.Task[Any]) -> None:
    """Cancel a task, and again until it has ended; call it on the task's loop.

    Once is not enough: one that comes in the moment in which a connection opens, anyio takes for its
    own, and the request goes on. https://github.com/agronholm/anyio/issues/1214; anyio 4.16 does so
    below Python 3.11 alone.
    """
    if not task.done():
        task.cancel()
        asyncio.get_running_loop().call_later(_AGAIN_S, cancel, task)


_shared = Engine()


def shared() -> Engine:
    """The process's engine: one thread for the magic and the Python interface alike."""
    return _shared
