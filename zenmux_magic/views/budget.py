"""How often boards may send: one budget for the whole kernel, however many boards stream.

In: which boards stream, and how late each page says it is. Out: the seconds until a board's next
frame. Jupyter Server drops what a kernel sends beyond 1,000 messages a second; all boards together
stay far below, so that the user's own output has room. It sends nothing itself.
"""

from __future__ import annotations

FRAME_S = 0.027  # below it nobody sees the difference; the page's work and the envelopes double
COLUMN_S = 0.002  # each further column is as much again to render and to paint
SLOWEST_S = 0.5
MESSAGES_PER_S = 150
_LATE = 5  # a page that is N seconds behind gets a frame every N / 5


class Budget:
    """Shares the messages among those who stream; used on one thread."""

    def __init__(self) -> None:
        self._streaming: dict[object, float] = {}
        self._columns: dict[object, int] = {}

    def join(self, board: object, columns: int = 1) -> None:
        """A board begins to stream in so many columns."""
        self._streaming[board] = 0.0
        self._columns[board] = columns

    def leave(self, board: object) -> None:
        """A board has ended; leaving twice is fine."""
        self._streaming.pop(board, None)
        self._columns.pop(board, None)

    def report(self, board: object, late_s: float) -> None:
        """A page has told how long a frame took to it. No report changes nothing."""
        if board in self._streaming:
            self._streaming[board] = late_s

    def interval_s(self, board: object) -> float:
        """Seconds between two frames of a board."""
        share = len(self._streaming) / MESSAGES_PER_S
        late = min(SLOWEST_S, self._streaming.get(board, 0.0) / _LATE)
        frame = FRAME_S + COLUMN_S * (self._columns.get(board, 1) - 1)
        return max(frame, share, late)


_shared = Budget()


def shared() -> Budget:
    """The kernel's budget; all boards live on the engine's thread."""
    return _shared
