"""What changed in a board, sent to the page as one message a frame for all columns.

In: `touch()` whenever something changed, and what the page says it has. Out: messages, at the pace
that the kernel's budget and the page allow. What the operations in them mean is `column`'s business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from zenmux_magic.views import budget
from zenmux_magic.views.column import STATUS_S, Column, Operation
from zenmux_magic.views.pace import Pace


class Frames:
    """Sends frames; used on the engine's loop.

    Args:
        board: Whose they are; the name under which it streams in the budget.
        columns: The board's columns, which may become more.
        send: Sends a message to the page.
    """

    def __init__(
        self, board: object, columns: Sequence[Column], send: Callable[[dict[str, Any]], None]
    ) -> None:
        self._board, self._columns, self._send = board, columns, send
        self._added: list[Operation] = []  # columns that no page knows yet
        self._asked: dict[int, float] = {}  # frames that the page has not said it has, and when
        self._sent = 0
        self._pace = Pace(self.send)
        self._figures_due: asyncio.TimerHandle | None = None
        self.touch, self.now = self._pace.touch, self._pace.now

    def add(self, column: Column) -> None:
        """One more column, the last."""
        self._added.append(["add", column.number, column.snapshot()])
        self.touch()

    def send(self) -> float:
        """Send what changed; the seconds until the next."""
        shared, begun_s = budget.shared(), time.thread_time()
        operations = self.skip()
        if operations:
            self._sent += 1
            self._send({"t": "frame", "n": self._sent, "ops": operations, **self._question()})
            if self._figures_due is None and any(column.stale for column in self._columns):
                loop = asyncio.get_running_loop()
                self._figures_due = loop.call_later(STATUS_S, self._paint_figures)
            shared.spend(time.thread_time() - begun_s)
        return shared.interval_s(self._board)

    def skip(self) -> list[Operation]:
        """Take what changed as told."""
        operations, self._added = self._added, []
        operations += (one for column in self._columns for one in column.operations())
        return operations

    def acknowledge(self, frame: object) -> None:
        """The page has it."""
        asked_s = self._asked.pop(frame, None) if isinstance(frame, int) else None
        if asked_s is not None:  # else another page of the same board was sooner
            budget.shared().report(time.monotonic() - asked_s)

    def close(self) -> None:
        """Send no more by itself."""
        if self._figures_due is not None:
            self._figures_due.cancel()
        self._pace.close()

    def _question(self) -> dict[str, bool]:
        now_s = time.monotonic()
        if not budget.shared().asks(now_s):
            return {}
        self._asked = {self._sent: now_s}
        return {"ask": True}

    def _paint_figures(self) -> None:
        """The last figures must come although no more text does."""
        self._figures_due = None
        self.touch()
