"""Ctrl-C while a cell only waits for its answer: heard, and told, in place of an exception.

In: whom to tell. Out: whether there was an interrupt. A `KeyboardInterrupt` may come between any two
steps of the main thread: after the request has left and before anything could end it, or while what
had come is being bound. For synchronous cells; asynchronous ones are cancelled where they await.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FrameType, TracebackType
from typing import Any


class Interrupts(AbstractContextManager["Interrupts"]):
    """Hears the first interrupt while it is entered; one more does what it did before.

    Attributes:
        came: Whether there was one.
    """

    def __init__(self) -> None:
        self.came = False
        self._told: Callable[[], None] | None = None
        self._before: Any = None

    def tell(self, told: Callable[[], None]) -> None:
        """Whom to tell; at once, if the interrupt came earlier."""
        self._told = told
        if self.came:
            told()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.came:  # what should have ended does not: the way out is the one without us
            self._before(number, frame)
            return
        self.came = True
        if self._told is not None:
            self._told()

    def __enter__(self) -> Interrupts:
        # Other threads get no interrupts, and one that is ignored or ends the process remains so.
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)
            if callable(self._before):
                signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if callable(self._before):
            signal.signal(signal.SIGINT, self._before)
